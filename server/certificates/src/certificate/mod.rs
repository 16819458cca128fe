//! Certificates in uploads: DER, PEM, PKCS#7, PKCS#12, with or without issuers; and the limits of every chain.

mod bounded_chain;
mod bundle;
mod client_purpose;
mod formats;
pub mod key_fitness;
mod shown;
pub mod signature;

pub use bounded_chain::{Anchor, BoundedChain, ChainBounds, PathFault, UnboundedChain, total_bytes};
#[cfg(any(test, feature = "fuzzing"))]
pub use bundle::read_here;
pub use bundle::{BundleError, CertificateBundle, EndEntity};
pub use bundle::{is_about_password, issuers_above, refused_password};
pub use client_purpose::ClientPurpose;
pub use key_fitness::KeyFault;
pub use shown::shown;
