//! Ids of `terraform import` and of `import` blocks.

use std::str::FromStr;

use certward::pki::Thumbprint;

/// The registered certificate that an id names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ImportId {
    /// The one with this SHA-1 thumbprint.
    Thumbprint(Thumbprint),
    /// The one of this exact name, if there is one only.
    Name(String),
}

/// A text is no import id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is neither a thumbprint (40 hexadecimal digits, in any case, with or without colons) nor \"name:\" \
     followed by the name of a registered certificate"
)]
pub(crate) struct ImportIdError(String);

impl FromStr for ImportId {
    type Err = ImportIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("name:") {
            Some("") => Err(ImportIdError(text.to_owned())),
            Some(name) => Ok(Self::Name(name.to_owned())),
            None => Thumbprint::parse_lenient(text.trim())
                .map(Self::Thumbprint)
                .map_err(|_| ImportIdError(text.escape_debug().to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thumbprints_are_read_in_every_spelling() {
        let plain = "14C1FAC41D1733B2BB8C6FD138FD601943D3B7D0";
        let expected = Ok(ImportId::Thumbprint(plain.parse().unwrap()));
        let colons: Vec<&str> = (0..20).map(|octet| &plain[octet * 2..octet * 2 + 2]).collect();
        for text in [
            plain.to_owned(),
            plain.to_lowercase(),
            colons.join(":"),
            format!(" {plain}\n"),
        ] {
            assert_eq!(text.parse(), expected, "{text}");
        }
    }

    #[test]
    fn names_are_taken_as_they_are() {
        assert_eq!("name:app".parse(), Ok(ImportId::Name("app".to_owned())));
        assert_eq!("name: a b: c ".parse(), Ok(ImportId::Name(" a b: c ".to_owned())));
    }

    #[test]
    fn anything_else_says_what_an_id_is() {
        for text in ["", "app", "name:", "14C1", "14C1FAC41D1733B2BB8C6FD138FD601943D3B7D0AA"] {
            let error = text.parse::<ImportId>().unwrap_err().to_string();
            assert!(error.contains("neither a thumbprint"), "{error}");
        }
    }
}
