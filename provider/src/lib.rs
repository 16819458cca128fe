//! The Terraform provider for certificate authentication of RavenDB and Redis Enterprise.
//!
//! [`Certward`] is the provider; [`terraform_plugin`] serves it to Terraform and knows nothing of certificates. A resource is a
//! folder or file with its schema, its state and its life; every request to a cluster goes through the SDK `certward`.

// They panic when nobody reads any more.
#![cfg_attr(not(test), warn(clippy::print_stderr))]

pub mod cert_user;
pub mod client_certificate;
pub mod clock;
pub mod cluster_mtls_settings;
pub mod configuration;
pub mod crypto;
pub mod data_sources;
pub mod redis_acl;
pub mod redis_database;
pub mod redis_role;
pub mod trusted_ca;
pub mod trusted_ca_bundle;

mod connection;
mod dates;
#[cfg(test)]
mod documentation;
mod duration;
mod effects;
mod failure;
mod interruption;
mod leftovers;
mod management_role;
mod pem_form;
mod provider;
mod redis_name;
mod redis_object;
mod registration;
mod removal;
mod report;
mod run;
mod schema;
mod session;
#[cfg(test)]
mod test_certificates;
mod timestamp;
mod trials;
mod trust;
mod uid;
#[cfg(test)]
mod wrong_inputs;

pub use provider::Certward;
