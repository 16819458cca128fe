//! The SHA-1 thumbprint that names a certificate.

use std::fmt;
use std::str::FromStr;

use rustls_pki_types::CertificateDer;
use sha1::{Digest, Sha1};

use super::hex::{self, HexError};

/// SHA-1 over the DER certificate: the name RavenDB and Windows give a certificate.
///
/// It is a *name*, not a proof: SHA-1 collisions can be made, so whoever decides over access compares the whole
/// certificate after finding it by thumbprint. Display is 40 upper-case hexadecimal digits, as RavenDB writes it.
/// `FromStr` takes exactly 40 digits of any case.
///
/// ```
/// use certward::pki::Thumbprint;
///
/// let thumbprint: Thumbprint = "99b3ef11dcb8d3ff7ee99bf6e1c5ea7fa2e2c0bb".parse()?;
/// assert_eq!(thumbprint.to_string(), "99B3EF11DCB8D3FF7EE99BF6E1C5EA7FA2E2C0BB");
/// # Ok::<(), certward::pki::HexError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Thumbprint([u8; 20]);

impl Thumbprint {
    /// The thumbprint of this certificate.
    pub fn of(certificate: &CertificateDer<'_>) -> Self {
        Self(Sha1::digest(certificate).into())
    }

    /// From the 20 bytes of the digest.
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// The 20 bytes of the digest.
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// Reads what people paste: colons, blanks and dashes between digits are left out.
    ///
    /// # Errors
    /// [`HexError`] when what remains is not 40 hexadecimal digits.
    pub fn parse_lenient(text: &str) -> Result<Self, HexError> {
        hex::decode_lenient(text).map(Self)
    }
}

impl FromStr for Thumbprint {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        hex::decode(text).map(Self)
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write_upper(f, &self.0)
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thumbprint({self})")
    }
}
