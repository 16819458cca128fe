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
mod server;
mod two_factor;
mod values;

pub use change::{EditCertificate, GenerateCertificate, GeneratedCertificate, RegisterCertificate};
pub use client::{Client, ClientBuilder};
pub use definition::CertificateDefinition;
pub use list::{CertificateList, ListCertificates, WhoAmI};
pub use server::{BuildVersion, ClusterTopology, LicenseStatus, ReplaceClusterCertificate, ReplacementStatus};
pub use two_factor::{TwoFactorConfiguration, TwoFactorScope};
pub use values::{CertificateUsage, DatabaseAccess, Permissions, SecurityClearance, is_same_database};
