//! The reference mTLS server.
//!
//! A request's way, each step needing a value that only the step before can make: [`listener`] (TCP, TLS, limits) →
//! [`listener::peer::Peer`] → [`authn`] → [`authn::Caller`] → [`authz`] → [`authz::Permit`] → the dialect's handler →
//! [`authority`] → the store.

pub mod app;
pub mod authn;
pub mod authority;
pub mod authz;
pub mod clock;
pub mod config;
pub mod listener;
pub mod server_certificate;
