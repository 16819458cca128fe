//! Certificates as people hand them in: DER, PEM, PKCS#7, PKCS#12, alone or in company.

mod bundle;
mod formats;

pub use bundle::{BundleError, CertificateBundle, EndEntity, parse_server_certificate};
