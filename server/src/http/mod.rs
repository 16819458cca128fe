//! HTTP/1.1 and HTTP/2 on one connection: limits, deadlines, the record of each request.

mod activity;
mod api;
mod aside;
mod body;
mod connection;
mod record;
mod request_user;
mod strict;
mod why_refused;

pub use api::Api;
pub(crate) use aside::{BODIES, LARGE, LISTINGS, aside};
pub use body::BodyError;
pub(crate) use connection::{Http, Version};
pub(crate) use request_user::{NamedUser, RequestUser};
pub(crate) use why_refused::WhyRefused;
