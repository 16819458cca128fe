//! TCP connections, TLS, limits, and who is at the other end.

pub(crate) mod accept;
pub(crate) mod client_certificate;
pub(crate) mod connection_permits;
pub(crate) mod connections;
mod half_open;
pub(crate) mod identity_counts;
mod limits;
pub(crate) mod movable;
pub mod peer;
mod reserve;
pub(crate) mod socket;
pub(crate) mod tls;
pub(crate) mod workers;

pub use limits::Limits;
