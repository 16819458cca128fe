//! HTTP/1.1 and HTTP/2 on one connection: limits, deadlines, and a log record for each request.

mod activity;
mod api;
mod aside;
mod body;
mod connection;
mod https;
pub mod json;
mod origin;
mod record;
mod request_user;
mod routes;
mod strict;
mod unknown_parameter;
mod why_refused;

pub use api::Api;
pub use aside::{BODIES, LARGE, LISTINGS, aside};
pub use body::BodyError;
pub use connection::Http;
pub use https::HttpsListener;
pub use origin::OriginSettings;
pub use origin::Origins;
pub use request_user::{NamedUser, RequestUser};
pub use unknown_parameter::unknown_parameter;
pub use why_refused::WhyRefused;
