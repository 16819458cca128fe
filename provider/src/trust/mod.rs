//! Admission by certificate to a Redis Enterprise cluster: its trusted CAs, its rules, and their effect on the
//! provider's own login.

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
