//! A name or address that goes into the server certificate and its URL.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A DNS name (RFC 1123: letters, digits and hyphens; lower case here) or an IP address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host(Name);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    Dns(String),
    Address(IpAddr),
}

impl Host {
    /// As it is written in a URL: an IPv6 address in brackets.
    #[must_use]
    pub fn in_url(&self) -> String {
        match &self.0 {
            Name::Address(IpAddr::V6(address)) => format!("[{address}]"),
            _ => self.to_string(),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Name::Dns(name) => f.write_str(name),
            Name::Address(address) => address.fmt(f),
        }
    }
}

impl FromStr for Host {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return if address.is_unspecified() {
                Err(HostError::EveryAddress)
            } else {
                Ok(Self(Name::Address(address)))
            };
        }
        let name = text.to_ascii_lowercase();
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        // A last label of digits only is a mistyped address (RFC 3696, section 2).
        let ends_in_number = name
            .rsplit('.')
            .next()
            .is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
        if name.len() <= 253 && name.split('.').all(is_label) && !ends_in_number {
            Ok(Self(Name::Dns(name)))
        } else {
            Err(HostError::NotAHost(text.to_owned()))
        }
    }
}

/// A text that no client can reach a server by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Neither a name nor an address.
    #[error("{0:?} is neither a host name such as db.example.org nor an IP address; give no scheme, port or wildcard")]
    NotAHost(String),
    /// `0.0.0.0` or `::`.
    #[error("0.0.0.0 and :: are where a server listens; give the names that clients use")]
    EveryAddress,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_hosts() {
        for (text, host, in_url) in [
            ("DB.Example.org", "db.example.org", "db.example.org"),
            ("rvn-srv-1", "rvn-srv-1", "rvn-srv-1"),
            ("10.0.0.1", "10.0.0.1", "10.0.0.1"),
            ("2001:DB8::1", "2001:db8::1", "[2001:db8::1]"),
        ] {
            let parsed: Host = text.parse().unwrap();
            assert_eq!((parsed.to_string().as_str(), parsed.in_url().as_str()), (host, in_url));
        }
    }

    #[test]
    fn everything_else_is_none() {
        for text in [
            "",
            "https://a",
            "a:1",
            "*.example.org",
            "a..b",
            "-a",
            "a b",
            "1.2.3.400",
            "0.0.0.0",
            "::",
            "a/b",
        ] {
            assert!(text.parse::<Host>().is_err(), "{text}");
        }
    }
}
