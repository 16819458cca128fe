//! Certificates as people hand them in: DER, PEM, PKCS#7, PKCS#12, alone or in company; and what every chain is held to.

mod bounded_chain;
mod bundle;
mod client_purpose;
mod formats;
pub(crate) mod key_fitness;
mod shown;
pub(crate) mod signature;

pub(crate) use bounded_chain::{Anchor, BoundedChain, ChainBounds, PathFault, UnboundedChain, total_bytes};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use bundle::read_here;
pub use bundle::{BundleError, CertificateBundle, EndEntity, parse_server_certificate};
pub(crate) use bundle::{is_about_password, refused_password};
pub(crate) use client_purpose::ClientPurpose;
pub use key_fitness::KeyFault;
pub(crate) use shown::shown;
