//! The Terraform provider for certificate authentication of RavenDB and Redis Enterprise.

pub mod clock;
pub mod configuration;
pub mod plugin;

mod client_certificate;
mod duration;
mod report;
mod schema;
mod timestamp;
