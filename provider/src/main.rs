//! The program that Terraform starts.

use std::process::ExitCode;

use terraform_provider_certward::{Certward, plugin};

fn main() -> ExitCode {
    // aws-lc-rs as the process's source of randomness would cost 100 ms at start; ring costs 1 ms. An error only says
    // that a provider is installed already, which nothing before this line does.
    _ = rustls::crypto::ring::default_provider().install_default();
    plugin::serve(Certward::new())
}
