//! Limits on the resources that one client, or all of them, may use.

use std::time::Duration;

/// Limits on resources that strangers can consume. Each has a key under `Certward.Limits.`; the table of settings gives
/// its default and range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time from accepting a connection to the end of its TLS handshake.
    pub handshake_timeout: Duration,
    /// Time from the first byte of a request to the end of its header; before admission, time from the handshake or the
    /// last response to the next request, or to `AUTH`.
    pub header_timeout: Duration,
    /// Time from the end of a request's header to the end of its body.
    pub body_timeout: Duration,
    /// A connection without a request for this long is closed.
    pub keep_alive_timeout: Duration,
    /// Maximum time that requests in progress may take to finish when the server stops.
    pub drain_timeout: Duration,
    /// Size of a request's body, in bytes.
    pub body_bytes: usize,
    /// Number of intermediates that a client may send. From 5 on, path building gets expensive: ten cost 0.4 s of CPU.
    pub intermediates: usize,
    /// Total size of the certificates that a client sends, in bytes.
    pub certificate_bytes: usize,
    /// Open connections of one listener.
    pub connections: usize,
    /// Open connections of one listener before admission; never more than half of all.
    pub unauthenticated_connections: usize,
    /// The same per address, or per /64 of IPv6.
    pub unauthenticated_connections_of_address: usize,
    /// The same before the end of the handshake.
    pub handshaking_connections: usize,
}

#[cfg(any(test, feature = "test-util"))]
impl Default for Limits {
    /// The defaults of the settings, for tests that start without any.
    fn default() -> Self {
        Self {
            handshake_timeout: Duration::from_secs(5),
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            keep_alive_timeout: Duration::from_secs(600),
            drain_timeout: Duration::from_secs(5),
            body_bytes: 1024 * 1024,
            intermediates: 4,
            certificate_bytes: 16 * 1024,
            connections: 16_384,
            unauthenticated_connections: 8192,
            unauthenticated_connections_of_address: 1024,
            handshaking_connections: 1024,
        }
    }
}
