//! Requests to create or change a database.

use secrecy::SecretString;
use serde::Serialize;

use super::{ClientCertificate, RolePermission, SnapshotPolicy};
use crate::Error;
use crate::redis_enterprise::changes::changes;
use crate::redis_enterprise::cluster::AuthorizedSubject;
use crate::redis_enterprise::values::{
    AofPolicy, ClientAuthentication, DataPersistence, DatabaseTlsMode, DatabaseUid, EvictionPolicy,
    LinkSconnOnFullRequest, SubjectValidation,
};
use crate::redis_enterprise::wire;

/// A database to create.
#[derive(Debug, Serialize)]
pub struct CreateDatabase {
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<DatabaseUid>,
    #[serde(flatten)]
    settings: UpdateDatabase,
}

/// Declares the settings that both a new database and a change can have.
macro_rules! settings {
    ($($(#[doc = $doc:literal])* $(#[serde($($serde:tt)*)])* $field:ident: $type:ty = $argument:ty,)*) => {
        changes! {
            /// A change to a database.
            UpdateDatabase {
                /// The new name.
                name: String = impl Into<String>,
                /// Limit of the data in bytes; 0 means unlimited.
                memory_size: u64 = u64,
                $($(#[doc = $doc])* $(#[serde($($serde)*)])* $field: $type = $argument,)*
            }
        }

        impl CreateDatabase {
            $($(#[doc = $doc])*
            #[must_use]
            pub fn $field(mut self, value: $argument) -> Self {
                self.settings = self.settings.$field(value);
                self
            })*
        }
    };
}

settings! {
    /// The port. A new database without one gets a free port chosen by the cluster.
    port: u16 = u16,
    /// The eviction of keys when the memory is full.
    eviction_policy: EvictionPolicy = EvictionPolicy,
    /// The persistence of the data.
    data_persistence: DataPersistence = DataPersistence,
    /// The policy for syncing appended writes to the disk, for [`DataPersistence::Aof`].
    aof_policy: AofPolicy = AofPolicy,
    /// The conditions for snapshots, for [`DataPersistence::Snapshot`].
    snapshot_policy: Vec<SnapshotPolicy> = impl Into<Vec<SnapshotPolicy>>,
    /// The use of TLS by clients.
    tls_mode: DatabaseTlsMode = DatabaseTlsMode,
    /// Clients must present a certificate. Needs at least one of `authentication_ssl_client_certs`.
    enforce_client_authentication: ClientAuthentication = ClientAuthentication,
    /// The trusted certificates of clients: CAs, intermediates, or clients' own. The list replaces the previous one.
    authentication_ssl_client_certs: Vec<ClientCertificate> = impl Into<Vec<ClientCertificate>>,
    /// The same for the peers of an Active-Active database.
    authentication_ssl_crdt_certs: Vec<ClientCertificate> = impl Into<Vec<ClientCertificate>>,
    /// The validation of subjects of client certificates.
    client_cert_subject_validation_type: SubjectValidation = SubjectValidation,
    /// The subjects that may connect; the list replaces the previous one.
    authorized_subjects: Vec<AuthorizedSubject> = impl Into<Vec<AuthorizedSubject>>,
    /// Accept expired client certificates. **Weakens authentication.**
    mtls_allow_outdated_certs: bool = bool,
    /// Accept client certificates with weak hashes and short keys. **Weakens authentication.**
    mtls_allow_weak_hashing: bool = bool,
    /// Accept client certificates without an extended key usage, or with `anyExtendedKeyUsage` (RFC 5280, section
    /// 4.2.1.12). **Weakens authentication.** A setting of Certward's server, sent only when it is set: Redis
    /// Enterprise does not know it.
    certward_mtls_allow_missing_eku: bool = bool,
    /// Encrypt the data plane between nodes.
    data_internode_encryption: bool = bool,
    /// Redis's user `default` may connect.
    default_user: bool = bool,
    /// The ACL of each role that has access; the list replaces the previous one.
    roles_permissions: Vec<RolePermission> = impl Into<Vec<RolePermission>>,
    /// The default user's password. **It is sent to the cluster.** Redis Enterprise calls this form deprecated; prefer
    /// [`Databases::set_password`](crate::redis_enterprise::Databases::set_password).
    #[serde(serialize_with = "wire::secret")]
    authentication_redis_pass: SecretString = SecretString,
    /// Clients may use RESP3.
    resp3: bool = bool,
    /// The moment at which a client's connection is bound to one of the engine.
    link_sconn_on_full_request: LinkSconnOnFullRequest = LinkSconnOnFullRequest,
}

impl CreateDatabase {
    /// A database of this name whose data may take so many bytes; 0 for no limit.
    pub fn new(name: impl Into<String>, memory_size: u64) -> Self {
        Self {
            uid: None,
            settings: UpdateDatabase::new().name(name).memory_size(memory_size),
        }
    }

    /// The database's number. Default: the next free one.
    #[must_use]
    pub fn uid(mut self, uid: DatabaseUid) -> Self {
        self.uid = Some(uid);
        self
    }

    pub(super) fn check(&self, operation: &str) -> Result<(), Error> {
        self.settings.check(operation)
    }
}

impl UpdateDatabase {
    /// Refuses a private key among the certificates: the cluster would store it and show it to every viewer.
    pub(super) fn check(&self, operation: &str) -> Result<(), Error> {
        let lists = [
            &self.authentication_ssl_client_certs,
            &self.authentication_ssl_crdt_certs,
        ];
        let mut texts = lists.into_iter().flatten().flatten();
        if texts.any(|text| text.pem().contains("PRIVATE KEY-----")) {
            return Err(Error::invalid_input(format!(
                "cannot {operation}: the text of a client certificate holds a private key; give the certificate alone"
            )));
        }
        Ok(())
    }
}
