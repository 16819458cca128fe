//! HTTP/1.1 and HTTP/2 on one connection: limits, deadlines, the record of each request.

mod activity;
mod api;
mod aside;
mod body;
mod connection;
mod https;
mod origin;
mod record;
mod request_user;
mod strict;
mod unknown_parameter;
mod why_refused;

pub use api::Api;
pub(crate) use aside::{BODIES, LARGE, LISTINGS, aside};
pub use body::BodyError;
pub(crate) use connection::Http;
pub(crate) use https::HttpsListener;
pub use origin::OriginSettings;
pub(crate) use origin::Origins;
pub(crate) use request_user::{NamedUser, RequestUser};
pub(crate) use unknown_parameter::unknown_parameter;
pub(crate) use why_refused::WhyRefused;
