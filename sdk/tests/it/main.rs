//! Tests of the SDK from outside: the wire against raw files, TLS against a real server, and a live server when one is
//! named.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

mod contract;
mod effects;
mod failover;
mod hostile;
mod live;
mod redis_enterprise;
mod streams;
mod tls;
mod transport;
mod trust_anchors;
