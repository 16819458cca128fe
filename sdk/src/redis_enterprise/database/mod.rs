//! Databases: what they are, who may connect, and what users may do there.

mod availability;
mod certificate;
mod operations;
mod password;
mod request;

use std::fmt;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

pub use certificate::{DatabaseCertificate, ListDatabaseCertificates, NewDatabaseCertificate};
pub use request::{CreateDatabase, UpdateDatabase};

use super::cluster::AuthorizedSubject;
use super::values::{
    ActionUid, AofPolicy, ClientAuthentication, DataPersistence, DatabaseStatus, DatabaseTlsMode, DatabaseUid,
    EvictionPolicy, LinkSconnOnFullRequest, RedisAclUid, RoleUid, SubjectValidation,
};
use super::wire;
use crate::pki::{Certificate, PemError, certificates_from_pem};

/// A database as the cluster has it (contract `redis-enterprise.md` 2.6). `None` means that the answer did not say: this
/// version does not have the setting, or only some [fields](super::Client::databases_with_fields) were asked for.
#[derive(Debug, Deserialize)]
#[non_exhaustive]
pub struct Database {
    /// The database's number.
    pub uid: DatabaseUid,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Whether it can be used.
    pub status: Option<DatabaseStatus>,
    /// The port that was asked for; none when the cluster chose one, which then is in [`Database::endpoints`] only.
    #[serde(default, deserialize_with = "wire::non_zero")]
    pub port: Option<u16>,
    /// Where clients reach it.
    #[serde(default)]
    pub endpoints: Vec<DatabaseEndpoint>,
    /// How many bytes its data may take; 0 for no limit.
    pub memory_size: Option<u64>,
    /// What goes when the memory is full.
    pub eviction_policy: Option<EvictionPolicy>,
    /// What of its data is on the disk.
    pub data_persistence: Option<DataPersistence>,
    /// When an appended write is on the disk.
    pub aof_policy: Option<AofPolicy>,
    /// When snapshots are taken.
    #[serde(default)]
    pub snapshot_policy: Vec<SnapshotPolicy>,
    /// Whether clients speak TLS.
    pub tls_mode: Option<DatabaseTlsMode>,
    /// The older form of [`Database::tls_mode`].
    pub ssl: Option<bool>,
    /// Whether a client without a certificate is turned away. Redis Enterprise leaves it out on a database without TLS.
    pub enforce_client_authentication: Option<ClientAuthentication>,
    /// The certificates that clients show or chain to: CAs, intermediates, or clients' own.
    #[serde(default)]
    pub authentication_ssl_client_certs: Vec<ClientCertificate>,
    /// The same for the peers of an Active-Active database.
    #[serde(default)]
    pub authentication_ssl_crdt_certs: Vec<ClientCertificate>,
    /// Which subjects of client certificates are let in.
    pub client_cert_subject_validation_type: Option<SubjectValidation>,
    /// The subjects that are let in, unless the validation is disabled.
    #[serde(default)]
    pub authorized_subjects: Vec<AuthorizedSubject>,
    /// Common names that are let in: the form before [`Database::authorized_subjects`].
    #[serde(default)]
    pub authorized_names: Vec<String>,
    /// Whether expired client certificates are let in.
    pub mtls_allow_outdated_certs: Option<bool>,
    /// Whether client certificates with weak hashes and short keys are let in.
    pub mtls_allow_weak_hashing: Option<bool>,
    /// Whether client certificates without an extended key usage, or with `anyExtendedKeyUsage`, are let in, on Certward's
    /// server. Redis Enterprise has no such member.
    pub certward_mtls_allow_missing_eku: Option<bool>,
    /// Whether the data plane is encrypted between nodes.
    pub data_internode_encryption: Option<bool>,
    /// Whether Redis's user `default` may connect.
    pub default_user: Option<bool>,
    /// What the users of roles may do.
    #[serde(default)]
    pub roles_permissions: Vec<RolePermission>,
    /// The default user's password. **A secret.** Redis Enterprise masks or leaves it out when it is told to.
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
    /// Whether clients may speak RESP3.
    pub resp3: Option<bool>,
    /// When a client's connection is bound to one of the engine.
    pub link_sconn_on_full_request: Option<LinkSconnOnFullRequest>,
    /// The version of Redis.
    pub version: Option<String>,
    /// Whether it has replicas.
    pub replication: Option<bool>,
    /// Into how many shards it is divided.
    pub shards_count: Option<u32>,
    /// When it was made.
    #[serde(default, deserialize_with = "wire::date")]
    pub created_time: Option<OffsetDateTime>,
    /// When it was last changed.
    #[serde(default, deserialize_with = "wire::date")]
    pub last_changed_time: Option<OffsetDateTime>,
    /// In the answer to a change: the action that carries it out.
    pub action_uid: Option<ActionUid>,
    /// What is wrong with the database, a sentence each, in the words of Certward's server: why clients cannot use it, or that
    /// the user `default` of an attached Redis is open. Redis Enterprise has no such member.
    #[serde(default)]
    pub certward_warnings: Vec<String>,
}

/// Where clients reach a database.
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
    /// Whether it is reached from outside the cluster: `external` or `internal`.
    pub addr_type: Option<String>,
}

/// A certificate that clients of a database show or chain to, as PEM.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientCertificate {
    client_cert: String,
}

/// The ACL that the users of a role have in a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RolePermission {
    /// The role.
    pub role_uid: RoleUid,
    /// What its users may do.
    pub redis_acl_uid: RedisAclUid,
}

/// A snapshot is taken when so many writes have come within so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SnapshotPolicy {
    /// Seconds since the last snapshot.
    pub secs: u64,
    /// Writes since the last snapshot.
    pub writes: u64,
}

impl Database {
    /// The port that clients connect to: the one of the first endpoint, else the one asked for.
    pub fn client_port(&self) -> Option<u16> {
        self.endpoints.iter().find_map(|endpoint| endpoint.port).or(self.port)
    }

    /// The certificates that clients show or chain to, of every text in its order.
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
    /// Users of this role may do what this ACL says.
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
