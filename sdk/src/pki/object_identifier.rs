//! Object identifiers (X.660), kept as the bytes they are encoded in.

use std::fmt;
use std::str::FromStr;

use super::der::{self, DerError};

/// An object identifier, such as `2.5.4.3`.
///
/// Held as its DER content bytes (X.690 8.19), which are compared and hashed. Display and `FromStr` are dotted decimal;
/// arcs up to 2^64 - 1 are read from text, arcs of any size from DER.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectIdentifier(Box<[u8]>);

/// A text is no object identifier in dotted decimal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no object identifier; expected dotted decimal such as 2.5.4.3")]
pub struct ObjectIdentifierError(String);

impl ObjectIdentifier {
    /// From the content bytes of a DER `OBJECT IDENTIFIER`.
    ///
    /// # Errors
    /// [`DerError::Content`] when the bytes are none, end inside an arc, or pad an arc with zero bits.
    pub fn from_der_content(content: &[u8]) -> Result<Self, DerError> {
        let mut at_start_of_arc = true;
        for byte in content {
            if at_start_of_arc && *byte == 0x80 {
                return Err(DerError::Content("an OBJECT IDENTIFIER"));
            }
            at_start_of_arc = byte & 0x80 == 0;
        }
        if content.is_empty() || !at_start_of_arc {
            return Err(DerError::Content("an OBJECT IDENTIFIER"));
        }
        Ok(Self(content.into()))
    }

    /// The content bytes of the DER form.
    pub fn as_der_content(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn to_der(&self) -> Vec<u8> {
        der::encode(der::OBJECT_IDENTIFIER, &self.0)
    }
}

impl fmt::Display for ObjectIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut arc: u128 = 0;
        let mut first = true;
        let mut too_large = false;
        for byte in &self.0 {
            too_large |= arc >> 120 != 0;
            arc = (arc << 7) | u128::from(byte & 0x7f);
            if byte & 0x80 != 0 {
                continue;
            }
            if too_large {
                // Nobody registers such an arc; a stranger may send one. It is shown as what it is, not as a number.
                f.write_str(".(arc over 120 bits)")?;
            } else if first {
                let root = (arc / 40).min(2);
                write!(f, "{root}.{}", arc - root * 40)?;
            } else {
                write!(f, ".{arc}")?;
            }
            (arc, first, too_large) = (0, false, false);
        }
        Ok(())
    }
}

impl fmt::Debug for ObjectIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectIdentifier({self})")
    }
}

impl FromStr for ObjectIdentifier {
    type Err = ObjectIdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ObjectIdentifierError(text.chars().take(80).collect());
        let arcs = text
            .split('.')
            .map(decimal_arc)
            .collect::<Option<Vec<u64>>>()
            .ok_or_else(error)?;
        let [root, second, rest @ ..] = arcs.as_slice() else {
            return Err(error());
        };
        if *root > 2 || (*root < 2 && *second >= 40) {
            return Err(error());
        }
        let mut content = Vec::new();
        push_arc(&mut content, u128::from(*root) * 40 + u128::from(*second));
        rest.iter().for_each(|arc| push_arc(&mut content, u128::from(*arc)));
        Ok(Self(content.into()))
    }
}

fn decimal_arc(text: &str) -> Option<u64> {
    let canonical =
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if canonical { text.parse().ok() } else { None }
}

fn push_arc(out: &mut Vec<u8>, arc: u128) {
    let groups = (128 - arc.leading_zeros()).div_ceil(7).max(1);
    for group in (0..groups).rev() {
        let byte = ((arc >> (group * 7)) & 0x7f) as u8;
        out.push(if group == 0 { byte } else { byte | 0x80 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_decimal_is_read_and_printed() {
        for text in [
            "2.5.4.3",
            "1.2.840.113549.1.9.1",
            "0.9.2342.19200300.100.1.25",
            "2.999.1",
            "2.18446744073709551615",
        ] {
            let oid: ObjectIdentifier = text.parse().unwrap();
            assert_eq!(oid.to_string(), text);
            assert_eq!(ObjectIdentifier::from_der_content(oid.as_der_content()).unwrap(), oid);
        }
        assert_eq!(
            "2.5.4.3".parse::<ObjectIdentifier>().unwrap().as_der_content(),
            [0x55, 0x04, 0x03]
        );
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "", "2", "3.1", "1.40", "2.5.", "2..5", "2.05", "2.-1", "2.5.4.x", " 2.5",
        ] {
            assert!(text.parse::<ObjectIdentifier>().is_err(), "{text}");
        }
    }

    #[test]
    fn padded_and_cut_arcs_are_refused() {
        for content in [&[][..], &[0x80, 0x01], &[0x55, 0x80, 0x03], &[0x55, 0x84]] {
            assert!(ObjectIdentifier::from_der_content(content).is_err(), "{content:02x?}");
        }
        let huge = [&[0x2a][..], &[0xff; 40], &[0x7f]].concat();
        assert_eq!(
            ObjectIdentifier::from_der_content(&huge).unwrap().to_string(),
            "1.2.(arc over 120 bits)"
        );
    }
}
