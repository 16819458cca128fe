//! The plugin module under the real Terraform, with the trivial provider of `examples/`.

mod lifecycle;
mod process;
mod secrets;
mod socket;
mod terraform;
