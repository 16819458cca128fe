//! Certificates as people hand them in: DER, PEM, PKCS#7, PKCS#12, alone or in company; and what every chain is held to.

mod bundle;
mod chain_bounds;
mod formats;
pub(crate) mod signature;

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use bundle::read_here;
pub use bundle::{BundleError, CertificateBundle, EndEntity, parse_server_certificate};
pub(crate) use chain_bounds::ChainBounds;
