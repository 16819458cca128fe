//! The reference mTLS server: RavenDB's and Redis Enterprise's certificate APIs, and Redis databases behind mutual TLS.
//!
//! A request's way, each step needing a value that only the step before can make: [`listener`] (TCP, TLS, limits) →
//! [`listener::peer::Peer`] → [`authn`] → [`authn::Caller`] → [`authz`] → [`authz::Permit`] → the dialect's handler →
//! [`authority`] → the store.

// They panic when nobody reads any more; `command::output` does not.
#![cfg_attr(not(test), warn(clippy::print_stderr))]

// The crates below, under the names that the modules here still call them by.
use certward_certificates::{asn1, pkcs12};
pub use certward_certificates::{certificate, issuer, server_certificate, trust};
pub use certward_store as store;
pub use certward_store::audit;
pub use certward_system::{clock, files, network, telemetry};
use certward_system::{shell, suggestion};
pub use certward_transport::{http, listener};

pub mod app;
pub mod cluster;
pub mod command;
pub mod config;
mod connected;
mod expiry;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
pub mod operations;
pub mod ravendb;
mod redis;
pub mod redis_enterprise;
pub mod server;
pub mod setup;
