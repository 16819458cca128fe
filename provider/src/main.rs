//! The program that Terraform starts.

use std::process::ExitCode;

use terraform_provider_certward::{Certward, crypto};

fn main() -> ExitCode {
    crypto::install();
    terraform_plugin::serve(Certward::new())
}
