//! Redis Enterprise's certificate-authentication API.

pub mod api;
pub mod cluster;
pub mod rows;
