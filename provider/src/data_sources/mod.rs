//! Data sources.

mod cert_user;
mod cert_users;
mod client_certificates;
mod redis_roles;
mod whoami;

pub use cert_user::{CertUser, CertUserData};
pub use cert_users::{CertUsers, CertUsersState};
pub use client_certificates::{ClientCertificates, ClientCertificatesState, ListedCertificate};
pub use redis_roles::{ListedRole, RedisRoles, RedisRolesState};
pub use whoami::{WhoAmI, WhoAmIState};
