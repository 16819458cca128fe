//! Certificates as people hand them in: DER, PEM, PKCS#7, PKCS#12, alone or in company; and what every chain is held to.

mod bundle;
mod chain_bounds;
mod formats;
pub(crate) mod key_fitness;
pub(crate) mod signature;

pub use bundle::{BundleError, CertificateBundle, EndEntity, parse_server_certificate};
pub(crate) use chain_bounds::ChainBounds;
pub use key_fitness::KeyFault;
