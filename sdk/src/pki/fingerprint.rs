//! The SHA-256 fingerprint of a certificate.

use std::fmt;
use std::str::FromStr;

use rustls_pki_types::CertificateDer;
use sha2::{Digest, Sha256};

use super::hex::{self, HexError};

/// SHA-256 over the DER certificate: what `openssl x509 -fingerprint -sha256` prints, without colons.
///
/// Display is 64 upper-case hexadecimal digits. `FromStr` takes exactly 64 digits of any case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256Fingerprint([u8; 32]);

impl Sha256Fingerprint {
    /// The fingerprint of this certificate.
    pub fn of(certificate: &CertificateDer<'_>) -> Self {
        Self(Sha256::digest(certificate).into())
    }

    /// From the 32 bytes of the digest.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the digest.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads what people paste: colons, blanks and dashes between digits are left out.
    ///
    /// # Errors
    /// [`HexError`] when what remains is not 64 hexadecimal digits.
    pub fn parse_lenient(text: &str) -> Result<Self, HexError> {
        hex::decode_lenient(text).map(Self)
    }
}

impl FromStr for Sha256Fingerprint {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        hex::decode(text).map(Self)
    }
}

impl fmt::Display for Sha256Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write_upper(f, &self.0)
    }
}

impl fmt::Debug for Sha256Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256Fingerprint({self})")
    }
}
