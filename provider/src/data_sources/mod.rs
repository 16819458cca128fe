//! Data sources.

mod client_certificates;
mod whoami;

pub use client_certificates::{ClientCertificates, ClientCertificatesState, ListedCertificate};
pub use whoami::{WhoAmI, WhoAmIState};
