//! Data sources.

pub(crate) mod cert_user;
pub(crate) mod cert_users;
pub(crate) mod client_certificates;
pub(crate) mod cluster;
pub(crate) mod redis_databases;
pub(crate) mod redis_roles;
pub(crate) mod trusted_cas;
pub(crate) mod whoami;
