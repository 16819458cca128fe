//! The APIs of the products that this server speaks; their words stay in these folders.

pub mod ravendb;
pub mod redis_enterprise;
