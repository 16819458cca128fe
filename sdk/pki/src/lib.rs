//! Values of the field: what X.509 and PEM define, and neither a server nor a client does.
//!
//! Pure: no input or output, no clock, no serialisation formats of any product. Every value has one canonical text form,
//! with `Display` and `FromStr`, and its documentation says which standard it comes from. No bytes and no text make a
//! function here panic.
//!
//! | value | standard |
//! | --- | --- |
//! | [`Certificate`], [`SerialNumber`], [`Validity`] | RFC 5280 |
//! | [`DistinguishedName`] | RFC 5280, RFC 4514 |
//! | [`Thumbprint`], [`Sha256Fingerprint`] | SHA-1 and SHA-256 over the DER certificate |
//! | [`PublicKeyPinningHash`] | SHA-256 over `SubjectPublicKeyInfo` |
//! | [`certificates_from_pem`], [`PrivateKeyPem`] | RFC 7468 |
//! | [`Printable`] | Unicode 16: text without control and invisible characters |
//! | [`ErrorChain`] | an error with its causes, each told once |

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod algorithm;
#[cfg(feature = "archives")]
pub mod archive;
mod certificate;
mod certificate_error;
mod der;
mod distinguished_name;
mod error_chain;
mod extensions;
mod fingerprint;
mod hex;
mod object_identifier;
mod pem;
mod pem_block;
mod printable;
mod private_key;
mod public_key_pinning_hash;
pub mod ravendb_names;
mod serial_number;
mod thumbprint;
mod validity;

pub use algorithm::{PublicKey, SignatureAlgorithm};
pub use certificate::Certificate;
pub use certificate_error::CertificateError;
pub use der::DerError;
pub use distinguished_name::{
    AttributeTypeAndValue, AttributeValue, CommonNameError, DistinguishedName, DistinguishedNameTextError,
    RelativeDistinguishedName,
};
pub use error_chain::ErrorChain;
pub use extensions::{ExtendedKeyUsage, Extension, KeyUsage, SubjectAltName};
pub use fingerprint::Sha256Fingerprint;
pub use hex::HexError;
pub use object_identifier::{ObjectIdentifier, ObjectIdentifierError};
pub use pem::{PemError, certificates_from_pem};
pub use printable::{Printable, is_hidden};
pub use private_key::{PrivateKeyError, PrivateKeyKind, PrivateKeyPem};
pub use public_key_pinning_hash::{PublicKeyPinningHash, PublicKeyPinningHashError};
pub use serial_number::{SerialNumber, SerialNumberError};
pub use thumbprint::Thumbprint;
pub use validity::Validity;
