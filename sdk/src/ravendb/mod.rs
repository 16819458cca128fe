//! RavenDB's certificate administration API (RavenDB 7.2; the certificate routes of 5.2 and later).
//!
//! Begin with [`Client::builder`]. The clearance of the client's certificate determines the permitted operations; each
//! operation says which clearance it needs.

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
