//! The serial number an issuer gives a certificate.

use std::fmt;

/// A certificate serial number (RFC 5280 4.1.2.2): the content bytes of a DER `INTEGER`.
///
/// [`SerialNumber::new`] makes only what an issuer may issue: positive, at most 20 bytes. A certificate that was *read*
/// keeps whatever its issuer wrote, because such certificates are in use; [`SerialNumber::is_conformant`] tells.
/// Display is two lower-case hexadecimal digits a byte with colons between them, as OpenSSL prints it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SerialNumber(Vec<u8>);

/// Bytes are no serial number an issuer may issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SerialNumberError {
    /// Zero, or no bytes at all.
    #[error("a serial number is positive; found zero")]
    Zero,
    /// Longer than RFC 5280 allows.
    #[error("a serial number has at most 20 bytes; found {0}")]
    TooLong(usize),
}

impl SerialNumber {
    /// From the bytes of a positive number, most significant first. Leading zero bytes are dropped, and one is put
    /// back where the number would otherwise read as negative.
    ///
    /// # Errors
    /// [`SerialNumberError`] when the number is zero or its `INTEGER` takes more than 20 bytes.
    pub fn new(magnitude: &[u8]) -> Result<Self, SerialNumberError> {
        let start = magnitude
            .iter()
            .position(|byte| *byte != 0)
            .ok_or(SerialNumberError::Zero)?;
        let mut bytes = Vec::with_capacity(magnitude.len() + 1);
        if magnitude[start] & 0x80 != 0 {
            bytes.push(0);
        }
        bytes.extend_from_slice(&magnitude[start..]);
        if bytes.len() > MAX_BYTES {
            Err(SerialNumberError::TooLong(bytes.len()))
        } else {
            Ok(Self(bytes))
        }
    }

    /// The serial number of a certificate, conformant or not.
    pub(crate) fn from_certificate(content: &[u8]) -> Self {
        Self(content.to_vec())
    }

    /// The content bytes of the DER `INTEGER`.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns `true` if the number is positive and has at most 20 bytes.
    pub fn is_conformant(&self) -> bool {
        self.0.len() <= MAX_BYTES
            && self.0.first().is_some_and(|first| first & 0x80 == 0)
            && self.0.iter().any(|byte| *byte != 0)
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ":" };
            write!(f, "{separator}{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SerialNumber({self})")
    }
}

const MAX_BYTES: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_positive_numbers_of_twenty_bytes_are_made() {
        assert_eq!(SerialNumber::new(&[]), Err(SerialNumberError::Zero));
        assert_eq!(SerialNumber::new(&[0, 0]), Err(SerialNumberError::Zero));
        assert_eq!(SerialNumber::new(&[0xff; 20]), Err(SerialNumberError::TooLong(21)));
        assert_eq!(SerialNumber::new(&[0x7f; 20]).unwrap().as_bytes(), [0x7f; 20]);
        assert_eq!(SerialNumber::new(&[0, 0, 0x80, 1]).unwrap().to_string(), "00:80:01");
    }

    #[test]
    fn what_a_certificate_holds_is_kept_and_told_apart() {
        assert!(SerialNumber::from_certificate(&[1]).is_conformant());
        for odd in [&[0][..], &[0xff, 1], &[1; 21], &[]] {
            assert!(!SerialNumber::from_certificate(odd).is_conformant(), "{odd:02x?}");
        }
    }
}
