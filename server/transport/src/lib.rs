//! TCP, TLS and HTTP for all products: listeners, limits, worker threads, and the table of open connections.
//!
//! A product caches its decision about a connection in the [`listener::peer::Peer`], and reviews open connections
//! through a [`listener::connections::TrustReview`].

pub mod administrators;
pub mod connected;
pub mod http;
pub mod listener;
