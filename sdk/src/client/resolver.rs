//! Host names to addresses, as the system resolves them, with an error that tells a wrong name from a trouble that passes.

use std::io;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The resolver of the system.
#[derive(Debug)]
pub(crate) struct SystemResolver;

/// A host whose addresses are not known.
#[derive(Debug, thiserror::Error)]
#[error("cannot resolve the host name {host}: {problem}")]
pub(crate) struct UnresolvedHost {
    host: String,
    problem: String,
    /// The name servers could not be asked; the name may be right.
    pub(crate) may_pass: bool,
}

impl UnresolvedHost {
    fn new(host: &str, error: &io::Error) -> Self {
        let text = error.to_string();
        Self {
            host: host.to_owned(),
            // `getaddrinfo` has codes of its own, of which the standard library hands on only the text.
            may_pass: TEMPORARY.iter().any(|temporary| text.contains(temporary)),
            problem: text.strip_prefix(PREFIX).unwrap_or(&text).to_owned(),
        }
    }
}

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str();
            match tokio::net::lookup_host((host, 0)).await {
                Ok(addresses) => Ok(Box::new(addresses.collect::<Vec<_>>().into_iter()) as Addrs),
                Err(error) => Err(UnresolvedHost::new(host, &error).into()),
            }
        })
    }
}

const PREFIX: &str = "failed to lookup address information: ";
/// `EAI_AGAIN` in the words of glibc and macOS, and of musl.
const TEMPORARY: [&str; 2] = ["Temporary failure in name resolution", "Try again"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_name_is_told_from_name_servers_that_do_not_answer() {
        for (text, may_pass) in [
            ("Name or service not known", false),
            ("Name does not resolve", false),
            ("Temporary failure in name resolution", true),
            ("Try again", true),
        ] {
            let error = UnresolvedHost::new("a.example", &io::Error::other(format!("{PREFIX}{text}")));
            assert_eq!(error.may_pass, may_pass, "{text}");
            assert_eq!(
                error.to_string(),
                format!("cannot resolve the host name a.example: {text}")
            );
        }
    }
}
