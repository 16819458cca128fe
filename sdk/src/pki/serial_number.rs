//! The serial number an issuer gives a certificate.

use std::fmt;

/// A certificate serial number (RFC 5280 4.1.2.2): the content octets of a DER `INTEGER`.
///
/// [`SerialNumber::new`] makes only what an issuer may issue: positive, at most 20 octets. A certificate that was *read*
/// keeps whatever its issuer wrote, because such certificates are in use; [`SerialNumber::is_conformant`] tells.
/// Display is two lower-case hexadecimal digits an octet with colons between them, as OpenSSL prints it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SerialNumber(Vec<u8>);

/// Octets are no serial number an issuer may issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SerialNumberError {
    /// Zero, or no octets at all.
    #[error("a serial number is positive; found zero")]
    Zero,
    /// Longer than RFC 5280 allows.
    #[error("a serial number has at most 20 octets; found {0}")]
    TooLong(usize),
}

impl SerialNumber {
    /// From the octets of a positive number, most significant first. Leading zero octets are dropped, and one is put
    /// back where the number would otherwise read as negative.
    ///
    /// # Errors
    /// [`SerialNumberError`] when the number is zero or its `INTEGER` takes more than 20 octets.
    pub fn new(magnitude: &[u8]) -> Result<Self, SerialNumberError> {
        let start = magnitude
            .iter()
            .position(|octet| *octet != 0)
            .ok_or(SerialNumberError::Zero)?;
        let mut octets = Vec::with_capacity(magnitude.len() + 1);
        if magnitude[start] & 0x80 != 0 {
            octets.push(0);
        }
        octets.extend_from_slice(&magnitude[start..]);
        if octets.len() > MAX_OCTETS {
            Err(SerialNumberError::TooLong(octets.len()))
        } else {
            Ok(Self(octets))
        }
    }

    /// What a certificate holds, conformant or not.
    pub(crate) fn from_certificate(content: &[u8]) -> Self {
        Self(content.to_vec())
    }

    /// The content octets of the DER `INTEGER`.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether the number is positive and has at most 20 octets.
    pub fn is_conformant(&self) -> bool {
        self.0.len() <= MAX_OCTETS
            && self.0.first().is_some_and(|first| first & 0x80 == 0)
            && self.0.iter().any(|octet| *octet != 0)
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, octet) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ":" };
            write!(f, "{separator}{octet:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SerialNumber({self})")
    }
}

const MAX_OCTETS: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_positive_numbers_of_twenty_octets_are_made() {
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
