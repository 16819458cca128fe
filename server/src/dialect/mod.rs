//! The APIs of the products that this server speaks; their words stay in these folders.

mod origin;
pub mod ravendb;
pub mod redis_enterprise;
