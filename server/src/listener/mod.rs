//! TCP connections, TLS, limits, and who is at the other end.

pub mod peer;
