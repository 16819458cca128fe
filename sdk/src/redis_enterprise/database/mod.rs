//! Databases: what they are, who may connect, and what users may do there.

mod availability;
mod certificate;
mod certificate_pages;
mod operations;
mod password;
mod request;

use std::fmt;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

pub use certificate::{DatabaseCertificate, DatabaseCertificates, ListDatabaseCertificates, NewDatabaseCertificate};
pub use operations::Databases;
pub use request::{CreateDatabase, UpdateDatabase};

use super::cluster::AuthorizedSubject;
use super::values::{
    ActionUid, AofPolicy, ClientAuthentication, DataPersistence, DatabaseStatus, DatabaseTlsMode, DatabaseUid,
    EvictionPolicy, LinkSconnOnFullRequest, RedisAclUid, RoleUid, SubjectValidation,
};
use super::wire;
use crate::pki::{Certificate, PemError, certificates_from_pem};

/// A database of the cluster, the API's [bdb object]. `None` means that the member was not in the answer: this version
/// does not have the setting, or only some [fields](super::Databases::list_fields) were requested.
///
/// [bdb object]: https://redis.io/docs/latest/operate/rs/references/rest-api/objects/bdb/
#[derive(Debug, Deserialize)]
#[non_exhaustive]
pub struct Database {
    /// The database's number.
    pub uid: DatabaseUid,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// The state of the database.
    pub status: Option<DatabaseStatus>,
    /// The port that was asked for; none when the cluster chose one, which then is in [`Database::endpoints`] only.
    #[serde(default, deserialize_with = "wire::non_zero")]
    pub port: Option<u16>,
    /// The addresses that clients connect to.
    #[serde(default)]
    pub endpoints: Vec<DatabaseEndpoint>,
    /// Limit of the data in bytes; 0 means unlimited.
    pub memory_size: Option<u64>,
    /// The eviction of keys when the memory is full.
    pub eviction_policy: Option<EvictionPolicy>,
    /// The persistence of the data.
    pub data_persistence: Option<DataPersistence>,
    /// The policy for syncing appended writes to the disk.
    pub aof_policy: Option<AofPolicy>,
    /// The conditions for snapshots.
    #[serde(default)]
    pub snapshot_policy: Vec<SnapshotPolicy>,
    /// The use of TLS by clients.
    pub tls_mode: Option<DatabaseTlsMode>,
    /// The older form of [`Database::tls_mode`].
    pub ssl: Option<bool>,
    /// Clients must present a certificate. Redis Enterprise omits this member on a database without TLS.
    pub enforce_client_authentication: Option<ClientAuthentication>,
    /// The trusted certificates of clients: CAs, intermediates, or clients' own.
    #[serde(default)]
    pub authentication_ssl_client_certs: Vec<ClientCertificate>,
    /// The same for the peers of an Active-Active database.
    #[serde(default)]
    pub authentication_ssl_crdt_certs: Vec<ClientCertificate>,
    /// The validation of subjects of client certificates.
    pub client_cert_subject_validation_type: Option<SubjectValidation>,
    /// The subjects that may connect, unless the validation is disabled.
    #[serde(default)]
    pub authorized_subjects: Vec<AuthorizedSubject>,
    /// The common names that may connect: the older form of [`Database::authorized_subjects`].
    #[serde(default)]
    pub authorized_names: Vec<String>,
    /// Expired client certificates are accepted.
    pub mtls_allow_outdated_certs: Option<bool>,
    /// Client certificates with weak hashes and short keys are accepted.
    pub mtls_allow_weak_hashing: Option<bool>,
    /// Client certificates without an extended key usage, or with `anyExtendedKeyUsage`, are accepted. A member of
    /// Certward's server; Redis Enterprise does not have it.
    pub certward_mtls_allow_missing_eku: Option<bool>,
    /// The data plane is encrypted between nodes.
    pub data_internode_encryption: Option<bool>,
    /// Redis's user `default` may connect.
    pub default_user: Option<bool>,
    /// The ACL of each role that has access.
    #[serde(default)]
    pub roles_permissions: Vec<RolePermission>,
    /// The default user's password. **A secret.** Redis Enterprise masks or omits it, depending on its settings.
    #[serde(default, deserialize_with = "wire::read_secret")]
    pub authentication_redis_pass: Option<SecretString>,
    /// The password of the cluster's own access. **A secret.**
    #[serde(default, deserialize_with = "wire::read_secret")]
    pub authentication_admin_pass: Option<SecretString>,
    /// The password of SASL, for Memcached. **A secret.**
    #[serde(default, deserialize_with = "wire::read_secret")]
    pub authentication_sasl_pass: Option<SecretString>,
    /// The user name of SASL, for Memcached.
    #[serde(default, deserialize_with = "wire::non_empty")]
    pub authentication_sasl_uname: Option<String>,
    /// Clients may use RESP3.
    pub resp3: Option<bool>,
    /// The moment at which a client's connection is bound to one of the engine.
    pub link_sconn_on_full_request: Option<LinkSconnOnFullRequest>,
    /// The version of Redis.
    pub version: Option<String>,
    /// The database has replicas.
    pub replication: Option<bool>,
    /// The number of shards.
    pub shards_count: Option<u32>,
    /// The time of creation.
    #[serde(default, deserialize_with = "wire::date")]
    pub created_time: Option<OffsetDateTime>,
    /// The time of the last change.
    #[serde(default, deserialize_with = "wire::date")]
    pub last_changed_time: Option<OffsetDateTime>,
    /// The action that carries out a change, in the answer to it.
    pub action_uid: Option<ActionUid>,
    /// Warnings of Certward's server about the database, a sentence each: the reason that clients cannot use it, or
    /// that the user `default` of an external Redis is open. Redis Enterprise does not have this member.
    #[serde(default)]
    pub certward_warnings: Vec<String>,
}

/// An address that clients connect to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct DatabaseEndpoint {
    /// Its DNS name.
    #[serde(default, deserialize_with = "wire::non_empty")]
    pub dns_name: Option<String>,
    /// Its IP addresses.
    #[serde(default)]
    pub addr: Vec<String>,
    /// Its port.
    pub port: Option<u16>,
    /// The kind of the addresses: `external` or `internal` to the cluster.
    pub addr_type: Option<String>,
}

/// A trusted certificate of a database's clients, as PEM.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientCertificate {
    client_cert: String,
}

/// The ACL that the users of a role have in a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RolePermission {
    /// The role.
    pub role_uid: RoleUid,
    /// The ACL that users with the role have.
    pub redis_acl_uid: RedisAclUid,
}

/// A condition for snapshots: one is taken after `writes` writes within `secs` seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SnapshotPolicy {
    /// Seconds since the last snapshot.
    pub secs: u64,
    /// Writes since the last snapshot.
    pub writes: u64,
}

impl Database {
    /// The port that clients connect to: the port of the first endpoint, or else the requested one.
    pub fn client_port(&self) -> Option<u16> {
        self.endpoints.iter().find_map(|endpoint| endpoint.port).or(self.port)
    }

    /// The trusted certificates of clients, in order.
    ///
    /// # Errors
    /// [`PemError`]: the cluster's text cannot be read.
    pub fn client_certificates(&self) -> Result<Vec<Certificate>, PemError> {
        let mut certificates = Vec::new();
        for text in &self.authentication_ssl_client_certs {
            certificates.append(&mut text.certificates()?);
        }
        Ok(certificates)
    }
}

impl ClientCertificate {
    /// A text of one or more certificates in PEM.
    pub fn from_pem(pem: impl Into<String>) -> Self {
        Self {
            client_cert: pem.into(),
        }
    }

    /// The text as the cluster has it.
    pub fn pem(&self) -> &str {
        &self.client_cert
    }

    /// The certificates of the text, in their order.
    ///
    /// # Errors
    /// [`PemError`]: the text cannot be read.
    pub fn certificates(&self) -> Result<Vec<Certificate>, PemError> {
        certificates_from_pem(&self.client_cert)
    }
}

impl From<&Certificate> for ClientCertificate {
    fn from(certificate: &Certificate) -> Self {
        Self::from_pem(certificate.to_pem())
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text can be a caller's: somebody may have pasted a key into it.
        f.debug_struct("ClientCertificate").finish_non_exhaustive()
    }
}

impl RolePermission {
    /// Gives users with the role the rights of the ACL.
    pub fn new(role_uid: RoleUid, redis_acl_uid: RedisAclUid) -> Self {
        Self {
            role_uid,
            redis_acl_uid,
        }
    }
}

impl SnapshotPolicy {
    /// A snapshot after so many seconds with so many writes.
    pub fn new(secs: u64, writes: u64) -> Self {
        Self { secs, writes }
    }
}
