//! The provider block: what it looks like, how it is read, and what becomes of it.

pub(crate) mod credentials;
mod environment;
pub(crate) mod schema;
mod setting;
mod settings;
mod wrong_pem;

pub(crate) use environment::{Environment, ProcessEnvironment};
pub(crate) use schema::ProviderBlock;
pub(crate) use setting::Setting;
pub(crate) use settings::Settings;
