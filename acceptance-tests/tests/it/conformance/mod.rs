//! Conformance tools of others against the running server and the dependencies, the answers to each known attack, and the
//! allowed dependencies between crates.

mod architecture;
mod crates;
mod dependencies;
mod openapi;
mod threat_model;
mod tls;
