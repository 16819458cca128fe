//! Managed resources.

pub(crate) mod cert_user;
pub(crate) mod client_certificate;
pub(crate) mod cluster_mtls_settings;
pub(crate) mod compared;
pub(crate) mod managed;
pub(crate) mod redis_acl;
pub(crate) mod redis_database;
pub(crate) mod redis_object;
pub(crate) mod redis_role;
pub(crate) mod trusted_ca;
pub(crate) mod trusted_ca_bundle;
