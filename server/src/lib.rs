//! The reference mTLS server: RavenDB's and Redis Enterprise's certificate APIs, and Redis databases behind mutual TLS.
//!
//! This crate puts the products' crates together: settings, the command line, the console, metrics, and what concerns both
//! products. A request's way, each step needing a value that only the step before can make: `certward_transport::listener`
//! (TCP, TLS, limits) → `Peer` → the product's `access` → a caller → a permit → the product's API → its use cases → the
//! store.

// They panic when nobody reads any more; `command::output` does not.
#![cfg_attr(not(test), warn(clippy::print_stderr))]

// What tests of the whole server start it with, under one roof.
pub use certward_certificates::{certificate, issuer, server_certificate, trust};
pub use certward_ravendb as ravendb;
pub use certward_redis_enterprise as redis_enterprise;
pub use certward_redis_enterprise::cluster;
pub use certward_redis_model as redis_model;
pub use certward_store as store;
pub use certward_store::audit;
pub use certward_system::{clock, files, network, telemetry};
pub use certward_transport::{http, listener};

pub mod app;
pub mod command;
pub mod config;
mod connected;
mod expiry;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
pub mod operations;
pub mod server;
pub mod setup;
