//! From the socket to the request: what a connection meets before any route, on routes made for the purpose.

mod certificate;
mod cluster;
mod cluster_routes;
mod expiry;
mod handshake;
mod http2;
mod lifecycle;
mod limits;
mod request_lines;
mod routes;
mod smuggling;
mod support;
mod trust;
mod two_factor;
