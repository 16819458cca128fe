//! The hash that names a public key across the certificates that hold it.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// SHA-256 over the DER `SubjectPublicKeyInfo`: equal for every certificate of one key pair.
///
/// RavenDB calls it `PublicKeyPinningHash` and admits a renewed certificate by it ([certificate management]). Display
/// and `FromStr` are Base64 with the standard alphabet and padding: 44 characters.
///
/// [certificate management]: https://docs.ravendb.net/7.0/server/security/authentication/certificate-management
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKeyPinningHash([u8; 32]);

/// A text is no pinning hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a public key pinning hash is 32 bytes in Base64: 44 characters that end in \"=\"")]
pub struct PublicKeyPinningHashError;

impl PublicKeyPinningHash {
    /// The hash of a DER `SubjectPublicKeyInfo` (RFC 5280 4.1), tag and length included.
    pub fn of_spki_der(subject_public_key_info: &[u8]) -> Self {
        Self(Sha256::digest(subject_public_key_info).into())
    }

    /// From the 32 bytes of the digest.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the digest.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for PublicKeyPinningHash {
    type Err = PublicKeyPinningHashError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = STANDARD.decode(text).map_err(|_| PublicKeyPinningHashError)?;
        bytes.try_into().map(Self).map_err(|_| PublicKeyPinningHashError)
    }
}

impl fmt::Display for PublicKeyPinningHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for PublicKeyPinningHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKeyPinningHash({self})")
    }
}
