//! Conformance tools of others against the running server, and the page that says what each attack meets.

mod openapi;
mod threat_model;
mod tls;
