//! Data sources.

mod cert_user;
mod cert_users;
mod client_certificates;
mod cluster;
mod redis_databases;
mod redis_roles;
mod trusted_cas;
mod whoami;

pub use cert_user::{CertUser, CertUserData};
pub use cert_users::{CertUsers, CertUsersState};
pub use client_certificates::{ClientCertificates, ClientCertificatesState, ListedCertificate};
pub use cluster::{Cluster, ClusterState};
pub use redis_databases::{ListedDatabase, RedisDatabases, RedisDatabasesState};
pub use redis_roles::{ListedRole, RedisRoles, RedisRolesState};
pub use trusted_cas::{TrustedAuthority, TrustedCas, TrustedCasState};
pub use whoami::{WhoAmI, WhoAmIState};
