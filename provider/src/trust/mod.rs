//! Whom a Redis Enterprise cluster lets in by certificate: its authorities, its gate, and what becomes of the provider's
//! own login.

pub(crate) mod admission;
pub(crate) mod ca_certificate;
pub(crate) mod kept;
pub(crate) mod lockout;
#[cfg(test)]
mod migration_tests;
pub(crate) mod store;
mod subject;
#[cfg(test)]
pub(crate) mod testing;
