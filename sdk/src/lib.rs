//! Typed SDK for certificate administration of RavenDB and Redis Enterprise.

pub mod pki;
