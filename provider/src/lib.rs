//! The Terraform provider for certificate authentication of RavenDB and Redis Enterprise.
//!
//! `Certward` is the provider; [`terraform_plugin`] serves it to Terraform and knows nothing of certificates. A resource is a
//! folder with its schema, its model and its lifecycle; every request to a cluster goes through the SDK `certward`.

// They panic when nobody reads any more.
#![cfg_attr(not(test), warn(clippy::print_stderr))]

mod data_sources;
mod effects;
mod provider;
mod report;
mod resources;
mod run;
mod session;
#[cfg(test)]
mod testing;
mod trust;
mod values;

use std::process::ExitCode;

use provider::Certward;
use session::crypto;

/// Serves the provider to the Terraform that has started this process: the whole `main` of the program.
pub fn serve() -> ExitCode {
    crypto::install();
    terraform_plugin::serve(Certward::new())
}
