//! What one client, or all of them, may use up.

use std::time::Duration;

/// The limits on what strangers drive. Each has a key under `Certward.Limits.`; the table of settings gives its
/// default and range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From accepting a connection to the end of its TLS handshake.
    pub handshake_timeout: Duration,
    /// From the first byte of a request to the end of its header; and for a peer that has not been let in, from the
    /// handshake or the last answer to the next request, or to `AUTH`.
    pub header_timeout: Duration,
    /// From the end of a request's header to the end of its body.
    pub body_timeout: Duration,
    /// A connection without a request for this long is closed.
    pub keep_alive_timeout: Duration,
    /// How long requests under way may take to finish when the server stops.
    pub drain_timeout: Duration,
    /// Bytes in a request's body.
    pub body_bytes: usize,
    /// Certificates a client may send above its own. With 5 and more, path building gets expensive: ten cost 0.4 s of CPU.
    pub intermediates: usize,
    /// Bytes of all certificates a client sends together.
    pub certificate_bytes: usize,
    /// Open connections of one listener.
    pub connections: usize,
    /// Those of them whose peers have not been let in; never more than half of all.
    pub unauthenticated_connections: usize,
    /// Those of the latter that come from one address, or one /64 of IPv6.
    pub unauthenticated_connections_of_address: usize,
    /// Those of them that have not finished their handshake.
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
