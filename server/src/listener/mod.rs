//! TCP connections, TLS, limits, and who is at the other end.

mod client_certificate;
pub mod peer;
pub(crate) mod tls;
