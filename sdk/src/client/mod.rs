//! Common parts of both APIs' clients.

pub(crate) mod budget;
pub(crate) mod error;
pub(crate) mod failover;
mod failure;
pub(crate) mod file;
pub(crate) mod foreign;
pub(crate) mod handle;
pub(crate) mod identity;
mod json;
pub(crate) mod paging;
mod proxy;
mod resolver;
pub(crate) mod retry;
pub(crate) mod secret_bytes;
pub(crate) mod settings;
pub(crate) mod tls;
pub(crate) mod transport;
pub(crate) mod trust;
pub(crate) mod words;
#[cfg(any(feature = "ravendb", feature = "setup-package"))]
pub(crate) mod zip_files;
