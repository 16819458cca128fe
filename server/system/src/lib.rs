//! What the server needs of the operating system, whatever the product: the time, files that nobody else can change,
//! networks, logs and metrics.

// They panic when nobody reads any more.
#![cfg_attr(not(test), warn(clippy::print_stderr))]

pub mod clock;
pub mod files;
pub mod network;
pub mod shell;
pub mod suggestion;
pub mod telemetry;
