//! The names of databases.

use std::fmt;
use std::str::FromStr;

/// A database's name: 1 to 63 letters, digits and hyphens, a letter or digit first and last.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DatabaseName(String);

/// The text is not a valid database name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the name of a database must be 1 to {MAX_LENGTH} letters, digits and hyphens, with a letter or digit first and last"
)]
pub struct DatabaseNameError;

impl DatabaseName {
    /// The name as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DatabaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DatabaseName {
    type Err = DatabaseNameError;

    fn from_str(text: &str) -> Result<Self, DatabaseNameError> {
        let is_inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let ends_well = !text.starts_with('-') && !text.ends_with('-');
        if (1..=MAX_LENGTH).contains(&text.len()) && text.bytes().all(is_inside) && ends_well {
            Ok(Self(text.to_owned()))
        } else {
            Err(DatabaseNameError)
        }
    }
}

/// The limit of a host name's label, because Redis Enterprise uses database names in host names (RFC 1123, section
/// 2.1).
const MAX_LENGTH: usize = 63;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_label_of_a_host() {
        let longest = "a".repeat(MAX_LENGTH);
        for name in ["a", "7", "cache-1", "Cache", &longest] {
            assert!(name.parse::<DatabaseName>().is_ok(), "{name}");
        }
        let too_long = "a".repeat(MAX_LENGTH + 1);
        for name in ["", "-", "-a", "a-", "a b", "a_b", "ä", "a/b", &too_long] {
            assert!(name.parse::<DatabaseName>().is_err(), "{name}");
        }
    }
}
