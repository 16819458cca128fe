//! TCP, TLS and HTTP, whatever the product: listeners, limits, worker threads, and the table of open connections.
//!
//! A product keeps what it decided about a connection with its [`listener::peer::Peer`], and says who may stay by a
//! [`listener::connections::TrustReview`].

pub mod administrators;
pub mod connected;
pub mod http;
pub mod listener;
