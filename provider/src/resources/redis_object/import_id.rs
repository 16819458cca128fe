//! Import identifiers of users, roles and ACLs, for `terraform import` and `import` blocks.

use std::fmt;
use std::str::FromStr;

/// The object to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RedisImportId {
    /// The one with this uid.
    Uid(u64),
    /// The one with this exact name.
    Name(String),
    /// The user with this exact e-mail address.
    Email(String),
}

/// A text is no import id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is neither a uid (a whole number from 1) nor \"name:\" followed by a name; users are also found by \
     \"email:\" followed by their e-mail address"
)]
pub(crate) struct RedisImportIdError(String);

impl FromStr for RedisImportId {
    type Err = RedisImportIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = |prefix: &str| text.strip_prefix(prefix).filter(|rest| !rest.is_empty());
        if let Some(name) = rest("name:") {
            return Ok(Self::Name(name.to_owned()));
        }
        if let Some(email) = rest("email:") {
            return Ok(Self::Email(email.to_owned()));
        }
        match text.trim().parse() {
            Ok(uid) if uid > 0 => Ok(Self::Uid(uid)),
            _ => Err(RedisImportIdError(text.escape_debug().to_string())),
        }
    }
}

impl fmt::Display for RedisImportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uid(uid) => write!(f, "the uid {uid}"),
            Self::Name(name) => write!(f, "the name \"{name}\" (upper and lower case count)"),
            Self::Email(email) => write!(f, "the e-mail address \"{email}\""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_names_and_addresses_are_told_apart() {
        assert_eq!("7".parse(), Ok(RedisImportId::Uid(7)));
        assert_eq!(" 12\n".parse(), Ok(RedisImportId::Uid(12)));
        assert_eq!("name:7".parse(), Ok(RedisImportId::Name("7".to_owned())));
        assert_eq!("name: a b".parse(), Ok(RedisImportId::Name(" a b".to_owned())));
        assert_eq!("email:a@b.c".parse(), Ok(RedisImportId::Email("a@b.c".to_owned())));
        for text in ["", "0", "-1", "app", "name:", "email:", "1.5"] {
            let error = text.parse::<RedisImportId>().unwrap_err().to_string();
            assert!(error.contains("neither a uid"), "{error}");
        }
    }
}
