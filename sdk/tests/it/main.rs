//! Tests of the SDK from outside: the wire against raw files, TLS against a real server, and a live server when one is
//! named.

mod contract;
mod live;
mod tls;
mod transport;
