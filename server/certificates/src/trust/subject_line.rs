//! The text that identifies a certificate user: `certificate_subject_line`.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use certward_pki::{DistinguishedName, DistinguishedNameTextError};

/// The subject of a user's certificates, as text and as a name.
///
/// Stored and displayed as given. Compared as a parsed name: the same sequence of relative distinguished names, with or
/// without blanks after the commas (`docs/contracts/redis-enterprise.md#subject-lines`). The text is RFC 2253, usually
/// with the common name first.
#[derive(Clone)]
pub struct SubjectLine {
    text: String,
    name: DistinguishedName,
}

/// The text is not a valid subject line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubjectLineError {
    /// The text is empty. A certificate without a subject never identifies a user.
    #[error("the subject line is empty; expected the certificate's subject, such as CN=alice,OU=Payments,O=Acme,C=US")]
    Empty,
    /// Not a distinguished name.
    #[error("the subject line is no distinguished name; expected a form such as CN=alice,OU=Payments,O=Acme,C=US")]
    Name(#[source] DistinguishedNameTextError),
    /// A value in an encoding that cannot be compared.
    #[error(
        "a value of the subject line is neither a UTF8String nor a PrintableString nor an IA5String; certificates of such a subject are not accepted"
    )]
    Encoding,
    /// A value with a line end, a NUL or another control character.
    #[error("a value of the subject line holds a control character; certificates of such a subject are not accepted")]
    ControlCharacter,
}

impl SubjectLine {
    /// The text as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The parsed name, with which a certificate's subject is compared.
    #[must_use]
    pub fn name(&self) -> &DistinguishedName {
        &self.name
    }
}

impl FromStr for SubjectLine {
    type Err = SubjectLineError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name: DistinguishedName = text.parse().map_err(SubjectLineError::Name)?;
        if name.is_empty() {
            return Err(SubjectLineError::Empty);
        }
        if !name.is_comparable_text() {
            return Err(SubjectLineError::Encoding);
        }
        // In the text too: there it would break a log line, whatever it stands for.
        if name.has_control_characters() || text.chars().any(char::is_control) {
            return Err(SubjectLineError::ControlCharacter);
        }
        Ok(Self {
            text: text.to_owned(),
            name,
        })
    }
}

impl PartialEq for SubjectLine {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for SubjectLine {}

impl Hash for SubjectLine {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Display for SubjectLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for SubjectLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubjectLine({})", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> SubjectLine {
        text.parse().unwrap()
    }

    #[test]
    fn a_subject_line_is_kept_as_given_and_compared_as_a_name() {
        let spaced = line("CN=alice, OU=Payments, O=Acme");
        assert_eq!(spaced.to_string(), "CN=alice, OU=Payments, O=Acme");
        assert_eq!(spaced, line("CN=alice,OU=Payments,O=Acme"));
        assert_eq!(spaced, line("cn = alice,OU=\"Payments\",O=Acme"));
        for other in [
            "O=Acme,OU=Payments,CN=alice",
            "CN=alice\\, OU\\=Payments,O=Acme",
            "CN=Alice,OU=Payments,O=Acme",
            "CN=alice,OU=Payments",
            "CN=alice+OU=Payments,O=Acme",
        ] {
            assert_ne!(spaced, line(other), "{other}");
        }
    }

    #[test]
    fn what_no_certificate_can_match_is_refused() {
        for (text, expected) in [
            ("", SubjectLineError::Empty),
            ("   ", SubjectLineError::Empty),
            ("CN=a\\00b", SubjectLineError::ControlCharacter),
            ("CN=a\nb", SubjectLineError::ControlCharacter),
            ("CN=a\n", SubjectLineError::ControlCharacter),
            ("CN=#1e020061", SubjectLineError::Encoding), // a BMPString
        ] {
            assert_eq!(text.parse::<SubjectLine>().unwrap_err(), expected, "{text}");
        }
        assert!(matches!("alice".parse::<SubjectLine>(), Err(SubjectLineError::Name(_))));
    }
}
