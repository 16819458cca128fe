//! The errors of reading PKCS#12 files.

use super::super::ber::BerError;
use super::algorithm::name_of;
use super::derive::MAX_ITERATIONS;
use super::read::MAX_BAGS;
use crate::ObjectIdentifier;
use crate::der::DerError;

/// The reason that a PKCS#12 file cannot be read. Each text continues "cannot read the file".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Pkcs12Error {
    /// Something else, whatever the password is.
    #[error("it is not a PKCS#12 file; expected a .pfx or .p12 file")]
    NotPkcs12,
    /// It begins as a PKCS#12 file, and does not go on as one.
    #[error("the PKCS#12 file is damaged: {0}")]
    Damaged(#[source] BerError),
    /// The MAC says so. It would say the same of bytes that were changed.
    #[error("the password is wrong, or the file was changed after it was made: its MAC does not match")]
    WrongPassword,
    /// The password is right for the MAC, and for nothing else.
    #[error(
        "its MAC matches the password, but what it holds cannot be decrypted with it: it is damaged, or was made with two passwords"
    )]
    SecondPassword,
    /// It has no MAC, so nothing tells a wrong password from damage.
    #[error("it cannot be decrypted with this password; it has no MAC, which would tell a wrong password from damage")]
    Undecryptable,
    /// An algorithm, or a way of protection, that is not read.
    #[error("it uses {}, which is not supported", name_of(.algorithm))]
    Unsupported {
        /// Its object identifier.
        algorithm: ObjectIdentifier,
    },
    /// A count no honest writer uses.
    #[error("it asks for {iterations} iterations of a key derivation; 1 to {MAX_ITERATIONS} are allowed")]
    Iterations {
        /// As asked for.
        iterations: i64,
    },
    /// Every count is allowed, but all together are not.
    #[error("it asks for more key derivations than are made for one file")]
    TooMuchWork,
    /// More certificates, keys and other entries than a file may hold.
    #[error("it holds more than {MAX_BAGS} entries")]
    TooManyEntries,
}

impl From<BerError> for Pkcs12Error {
    fn from(error: BerError) -> Self {
        Self::Damaged(error)
    }
}

impl From<DerError> for Pkcs12Error {
    fn from(error: DerError) -> Self {
        Self::Damaged(error.into())
    }
}
