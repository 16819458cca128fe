//! TCP connections, TLS, limits, and the peers of connections.

pub mod accept;
pub mod client_certificate;
pub mod connection_permits;
pub mod connection_table;
pub mod connections;
mod half_open;
pub mod identity_counts;
mod limits;
pub mod movable;
pub mod peer;
mod reserve;
pub mod socket;
pub mod tls;
pub mod workers;

pub use limits::Limits;
