//! The Terraform provider for certificate authentication of RavenDB and Redis Enterprise.

pub mod plugin;
