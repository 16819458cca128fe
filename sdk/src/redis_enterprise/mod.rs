//! Redis Enterprise Software's REST API, as far as it lets people and services in by certificate: the cluster's settings
//! and certificates, users, roles, ACLs and databases (Redis Enterprise 7.22 and 8; baseline 8.2).
//!
//! Begin with [`Client::builder`]. The management role of the client's user determines the permitted operations; each
//! operation says which [permission] it needs.
//!
//! [permission]: https://redis.io/docs/latest/operate/rs/references/rest-api/permissions/
//!
//! ```no_run
//! use certward::redis_enterprise::{Client, CreateUser, NewCertificate, RoleUid, SubjectValidation, UpdateCluster};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder()
//!     .endpoint("https://cluster.example:9443")
//!     .trust_anchors_pem(&std::fs::read_to_string("cluster-ca.crt")?)
//!     .basic("admin@example.com", std::env::var("REDIS_ENTERPRISE_PASSWORD")?.into())
//!     .build()?;
//! let authorities = certward::pki::certificates_from_pem(&std::fs::read_to_string("team-ca.crt")?)?;
//! client.certificates().update(&[NewCertificate::trusted_ca(&authorities)]).await?;
//! let settings = UpdateCluster::new()
//!     .mtls_certificate_authentication(true)
//!     .mtls_client_cert_subject_validation_type(SubjectValidation::Disabled);
//! client.cluster().update(&settings).send().await?;
//! let user = CreateUser::certificate("billing", "CN=billing,OU=payments,O=Example").role_uids([RoleUid::from(2)]);
//! println!("billing is user {}", client.users().create(&user).send().await?.uid);
//! # Ok(())
//! # }
//! ```

mod action;
mod bootstrap;
mod certificates;
mod changes;
mod client;
mod cluster;
mod database;
mod effects;
mod error_code;
mod license;
mod login;
mod node;
mod ocsp;
mod password;
mod policy;
mod redis_acl;
mod request;
mod role;
mod schema;
mod user;
mod values;
mod wire;

pub use action::{Action, Actions};
pub use bootstrap::{Bootstrap, Bootstraps, CreateCluster};
pub use certificates::{Certificates, ClusterCertificate, ClusterCertificates, NewCertificate};
pub use client::{Client, ClientBuilder, LoginMethod};
pub use cluster::{AuthorizedSubject, Cluster, ClusterSettings, UpdateCluster};
pub use database::{
    ClientCertificate, CreateDatabase, Database, DatabaseCertificate, DatabaseCertificates, DatabaseEndpoint,
    Databases, ListDatabaseCertificates, NewDatabaseCertificate, RolePermission, SnapshotPolicy, UpdateDatabase,
};
pub use effects::{Connections, Removal, TrustScope};
pub use error_code::ErrorCode;
pub use license::{License, Licenses};
pub use login::{Permissions, RolePermissions};
pub use node::{Node, Nodes};
pub use ocsp::{Ocsp, OcspConfiguration, OcspStatus, UpdateOcspConfiguration};
pub use password::NewPassword;
pub use policy::{ClusterPolicies, ClusterPolicy, UpdateClusterPolicy};
pub use redis_acl::{CreateRedisAcl, RedisAcl, RedisAcls, UpdateRedisAcl};
pub use request::Request;
pub use role::{CreateRole, Role, RoleResource, Roles, UpdateRole};
pub use user::{CreateUser, UpdateUser, User, Users};
pub use values::{
    ActionStatus, ActionUid, AofPolicy, AuthMethod, BootstrapState, CertificateName, ClientAuthentication,
    DataPersistence, DatabaseStatus, DatabaseTlsMode, DatabaseUid, EvictionPolicy, LinkSconnOnFullRequest,
    ManagementRole, NodeUid, OcspCertificateStatus, PasswordHashing, RedisAclUid, ResourceType, RoleUid,
    SubjectValidation, TlsVersion, UserStatus, UserUid,
};
