//! Conformance tools of others against the running server, the page that says what each attack meets, and which crate may
//! use which.

mod crates;
mod openapi;
mod threat_model;
mod tls;
