//! HTTP/1.1 and HTTP/2 on one connection: limits, deadlines, the record of each request.

mod activity;
mod api;
mod aside;
mod body;
mod connection;
mod record;
mod strict;
mod why_refused;

pub use api::Api;
pub(crate) use aside::{BODIES, LARGE, LISTINGS, aside};
pub use body::BodyError;
pub(crate) use connection::{Http, Version};
pub(crate) use why_refused::WhyRefused;
