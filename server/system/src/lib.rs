//! Services of the operating system for all products: the time, files that no other user can change, networks, logs and
//! metrics.

// They panic when nobody reads any more.
#![cfg_attr(not(test), warn(clippy::print_stderr))]

pub mod clock;
pub mod files;
pub mod network;
pub mod shell;
pub mod suggestion;
pub mod telemetry;
