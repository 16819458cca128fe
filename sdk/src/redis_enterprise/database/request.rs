//! What is asked for: a new database, or changes of one.

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

/// A database to make.
#[derive(Debug, Serialize)]
pub struct CreateDatabase {
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<DatabaseUid>,
    #[serde(flatten)]
    settings: UpdateDatabase,
}

/// One list of settings, which a new database can be given and a present one changed to.
macro_rules! settings {
    ($($(#[doc = $doc:literal])* $(#[serde($($serde:tt)*)])* $field:ident: $type:ty = $argument:ty,)*) => {
        changes! {
            /// What to change of a database.
            UpdateDatabase {
                /// The new name.
                name: String = impl Into<String>,
                /// How many bytes its data may take; 0 for no limit.
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
    /// Where clients reach it. A new database without one gets a free port of the cluster's choice.
    port: u16 = u16,
    /// What goes when the memory is full.
    eviction_policy: EvictionPolicy = EvictionPolicy,
    /// What of its data is on the disk.
    data_persistence: DataPersistence = DataPersistence,
    /// When an appended write is on the disk, for [`DataPersistence::Aof`].
    aof_policy: AofPolicy = AofPolicy,
    /// When snapshots are taken, for [`DataPersistence::Snapshot`].
    snapshot_policy: Vec<SnapshotPolicy> = impl Into<Vec<SnapshotPolicy>>,
    /// Whether clients speak TLS.
    tls_mode: DatabaseTlsMode = DatabaseTlsMode,
    /// Whether a client without a certificate is turned away. Needs one of `authentication_ssl_client_certs` at least.
    enforce_client_authentication: ClientAuthentication = ClientAuthentication,
    /// The certificates that clients show or chain to, in place of all those before: CAs, intermediates, or clients' own.
    authentication_ssl_client_certs: Vec<ClientCertificate> = impl Into<Vec<ClientCertificate>>,
    /// The same for the peers of an Active-Active database.
    authentication_ssl_crdt_certs: Vec<ClientCertificate> = impl Into<Vec<ClientCertificate>>,
    /// Which subjects of client certificates are let in.
    client_cert_subject_validation_type: SubjectValidation = SubjectValidation,
    /// The subjects that are let in, in place of all those before.
    authorized_subjects: Vec<AuthorizedSubject> = impl Into<Vec<AuthorizedSubject>>,
    /// Whether expired client certificates are let in. **Weakens who is let in.**
    mtls_allow_outdated_certs: bool = bool,
    /// Whether client certificates with weak hashes and short keys are let in. **Weakens who is let in.**
    mtls_allow_weak_hashing: bool = bool,
    /// Whether client certificates without an extended key usage, or with `anyExtendedKeyUsage`, are let in (RFC 5280,
    /// section 4.2.1.12). **Weakens who is let in.** A setting of Certward's server, sent only when it is set: Redis
    /// Enterprise does not know it.
    certward_mtls_allow_missing_eku: bool = bool,
    /// Whether the data plane is encrypted between nodes.
    data_internode_encryption: bool = bool,
    /// Whether Redis's user `default` may connect.
    default_user: bool = bool,
    /// What the users of roles may do, in place of everything before.
    roles_permissions: Vec<RolePermission> = impl Into<Vec<RolePermission>>,
    /// The default user's password. **It is sent to the cluster.** Redis Enterprise calls this form deprecated; prefer
    /// [`Client::set_database_password`](crate::redis_enterprise::Client::set_database_password).
    #[serde(serialize_with = "wire::secret")]
    authentication_redis_pass: SecretString = SecretString,
    /// Whether clients may speak RESP3.
    resp3: bool = bool,
    /// When a client's connection is bound to one of the engine.
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
    /// A key among the certificates would be stored as one, and shown to everybody who may look.
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
