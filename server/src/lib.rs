//! The reference mTLS server: RavenDB's and Redis Enterprise's certificate APIs, and Redis databases behind mutual TLS.
//!
//! A request's way, each step needing a value that only the step before can make: [`listener`] (TCP, TLS, limits) →
//! [`listener::peer::Peer`] → [`authn`] → [`authn::Caller`] → [`authz`] → [`authz::Permit`] → the dialect's handler →
//! [`authority`] → the store.

// They panic when nobody reads any more; `command::output` does not.
#![cfg_attr(not(test), warn(clippy::print_stderr))]

pub mod app;
mod asn1;
pub mod audit;
pub mod authn;
pub mod authority;
pub mod authz;
pub mod certificate;
pub mod clock;
pub mod cluster;
pub mod command;
pub mod config;
mod connected;
mod connected_client;
pub mod dialect;
mod expiry;
pub mod files;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
pub mod http;
pub mod issuer;
pub mod listener;
pub mod operations;
mod pkcs12;
mod redis;
pub mod server;
pub mod server_certificate;
pub mod setup;
mod shell;
pub mod store;
mod suggestion;
pub mod telemetry;
pub mod two_factor;
