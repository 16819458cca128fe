//! The reason that bytes are no certificate.

use super::der::DerError;

/// Bytes are no X.509 certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// Larger than [`crate::Certificate::MAX_DER_LENGTH`].
    #[error("the certificate has {0} bytes; at most {MAX_DER_LENGTH} are read")]
    TooLarge(usize),
    /// The structure around or inside this part is not DER, or not that of RFC 5280.
    #[error("cannot read the {part} of the certificate")]
    Malformed {
        /// The member, in words of RFC 5280.
        part: &'static str,
        /// The error in its DER.
        source: DerError,
    },
    /// A version other than 1, 2 or 3.
    #[error("the certificate has a version other than 1, 2 and 3")]
    Version,
    /// The algorithm inside the signed part differs from the one beside the signature (RFC 5280 4.1.1.2).
    #[error("the certificate names two different signature algorithms")]
    SignatureAlgorithmMismatch,
    /// One extension stands twice (RFC 5280 4.2).
    #[error("the certificate has the extension {0} more than once")]
    RepeatedExtension(String),
}

/// [`crate::Certificate::MAX_DER_LENGTH`].
pub(super) const MAX_DER_LENGTH: usize = 64 * 1024;
