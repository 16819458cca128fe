//! The program that Terraform starts.

use std::process::ExitCode;

use terraform_provider_certward::{Certward, crypto, plugin};

fn main() -> ExitCode {
    crypto::install();
    plugin::serve(Certward::new())
}
