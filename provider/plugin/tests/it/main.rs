//! The crate under the real Terraform, with the trivial provider of `examples/`.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "clippy knows helpers of tests only inside cfg(test)"
)]

mod lifecycle;
mod process;
mod secrets;
mod socket;
mod terraform;
