//! RavenDB's certificate administration API (RavenDB 7.2; the certificate routes of 5.2 and later).
//!
//! Begin with [`Client::builder`]. What may be done depends on the clearance of the client's certificate; each operation
//! says for whom it is.

mod change;
mod client;
mod date;
mod definition;
mod effects;
mod list;
mod refusal;
mod server;
mod two_factor;
mod values;

pub use change::{EditCertificate, GenerateCertificate, GeneratedCertificate, RegisterCertificate};
pub use client::{Client, ClientBuilder};
pub use definition::CertificateDefinition;
pub use effects::Connections;
pub use list::{CertificateList, Certificates, ListCertificates, WhoAmI};
pub use refusal::Refusal;
pub use server::{
    BuildVersion, ClusterTopology, LicenseStatus, LocalState, ReplaceClusterCertificate, ReplacementStatus, Server,
    ServerCertificate,
};
pub use two_factor::{TwoFactor, TwoFactorConfiguration, TwoFactorScope};
pub use values::{CertificateUsage, DatabaseAccess, Permissions, SecurityClearance};
