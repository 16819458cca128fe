//! The provider block: what it looks like, how it is read, and what becomes of it.

mod block;
mod environment;
mod setting;
mod settings;

pub use block::{ProviderBlock, RavenDbBlock, RedisEnterpriseBlock};
pub use environment::{Environment, ProcessEnvironment};
