//! The words and identifiers of Redis Enterprise's API.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::client::words::words;
pub use crate::uids::{DatabaseUid, NodeUid, RedisAclUid, RoleUid, UserUid};

words! {
    /// The rights of a role on the cluster: a set of [permissions].
    ///
    /// [permissions]: https://redis.io/docs/latest/operate/rs/references/rest-api/permissions/
    ManagementRole {
        /// Nothing: access to data only.
        None = "none",
        /// Look at databases.
        DbViewer = "db_viewer",
        /// Look at the cluster and databases.
        ClusterViewer = "cluster_viewer",
        /// Manage databases.
        DbMember = "db_member",
        /// Manage databases and see keys.
        ClusterMember = "cluster_member",
        /// Manage users, roles, ACLs and the licence, but not the cluster (7.8 and later).
        UserManager = "user_manager",
        /// Everything.
        Admin = "admin",
    }
}

words! {
    /// The authentication method of a user.
    AuthMethod {
        /// By password.
        Regular = "regular",
        /// By a client certificate with the user's subject line (7.8.4 and later).
        Certificate = "certificate",
        /// By Microsoft Entra ID.
        EntraId = "entraid",
        /// By single sign-on (8.0 and later).
        Sso = "sso",
    }
}

words! {
    /// The status of a user.
    UserStatus {
        /// The user can log in.
        Active = "active",
        /// The user is locked for a time after too many wrong passwords.
        Locked = "locked",
        /// The password must be changed first.
        PasswordExpired = "password_expired",
    }
}

words! {
    /// Restricts the client certificates of trusted CAs that may log in ([certificate-based authentication]).
    ///
    /// [certificate-based authentication]: https://redis.io/docs/latest/operate/rs/security/certificates/certificate-based-authentication/
    SubjectValidation {
        /// Every one.
        Disabled = "disabled",
        /// Those whose CN, or one of whose DNS names, is the CN of an authorized subject.
        SanCn = "san_cn",
        /// Those whose CN, O, OU, L, ST and C are exactly those of an authorized subject.
        FullSubject = "full_subject",
    }
}

words! {
    /// The lowest version of TLS that is accepted.
    TlsVersion {
        /// TLS 1.2.
        Tls12 = "1.2",
        /// TLS 1.3.
        Tls13 = "1.3",
    }
}

words! {
    /// The algorithm that the cluster hashes passwords with.
    PasswordHashing {
        /// One round of SHA-256.
        Sha256 = "SHA-256",
        /// PBKDF2.
        Pbkdf2 = "PBKDF2",
    }
}

words! {
    /// The name of one of the [cluster's certificates].
    ///
    /// [cluster's certificates]: https://redis.io/docs/latest/operate/rs/references/rest-api/requests/cluster/certificates/
    CertificateName {
        /// Of the user interface.
        Cm = "cm",
        /// Of the REST API.
        Api = "api",
        /// The CA certificates that client certificates must lead to. May hold several; has no private key.
        MtlsTrustedCa = "mtls_trusted_ca",
        /// Of the databases' endpoints.
        Proxy = "proxy",
        /// Of the metrics exporter.
        MetricsExporter = "metrics_exporter",
        /// Of replication between clusters.
        Syncer = "syncer",
        /// The client certificate that the cluster presents to an LDAP server.
        LdapClient = "ldap_client",
        /// Between nodes, control plane. Made by the cluster, and can be rotated.
        CcsInternodeEncryption = "ccs_internode_encryption",
        /// Between nodes, data plane. Made by the cluster, and can be rotated.
        DataInternodeEncryption = "data_internode_encryption",
        /// Of single sign-on: the cluster's own.
        SsoService = "sso_service",
        /// Of single sign-on: the identity provider's. Has no private key.
        SsoIssuer = "sso_issuer",
    }
}

words! {
    /// The type of objects that a role can be limited to.
    ResourceType {
        /// Databases.
        Database = "db",
    }
}

words! {
    /// The state of an action.
    ActionStatus {
        /// The action is waiting.
        Queued = "queued",
        /// The action is starting.
        Starting = "starting",
        /// It runs.
        Running = "running",
        /// It is being cancelled.
        Cancelling = "cancelling",
        /// It was cancelled.
        Cancelled = "cancelled",
        /// It is done.
        Completed = "completed",
        /// It failed.
        Failed = "failed",
    }
}

impl ActionStatus {
    /// Returns `true` when the state is final.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Cancelled | Self::Completed | Self::Failed)
    }
}

words! {
    /// The state of a node's bootstrap.
    BootstrapState {
        /// Nothing was asked for yet.
        Idle = "idle",
        /// Asked for.
        Initiated = "initiated",
        /// A new cluster is being made.
        CreatingCluster = "creating_cluster",
        /// A cluster is being restored.
        RecoveringCluster = "recovering_cluster",
        /// The node joins a cluster.
        JoiningCluster = "joining_cluster",
        /// The last attempt failed.
        Error = "error",
        /// The node belongs to a cluster.
        Completed = "completed",
    }
}

words! {
    /// The status of the certificate of the databases' endpoints, from an OCSP responder.
    OcspCertificateStatus {
        /// Not revoked.
        Good = "GOOD",
        /// Revoked or on hold.
        Revoked = "REVOKED",
        /// The responder does not know it.
        NotKnown = "UNKNOWN",
    }
}

words! {
    /// The state of a database: `status` of the [bdb object].
    ///
    /// [bdb object]: https://redis.io/docs/latest/operate/rs/references/rest-api/objects/bdb/status/
    DatabaseStatus {
        /// It is being made.
        Pending = "pending",
        /// It can be used.
        Active = "active",
        /// It can be used, and is being changed.
        ActiveChangePending = "active-change-pending",
        /// It is being deleted.
        DeletePending = "delete-pending",
        /// It is being filled.
        ImportPending = "import-pending",
        /// It could not be made.
        CreationFailed = "creation-failed",
        /// It is being restored, and cannot be used.
        Recovery = "recovery",
    }
}

words! {
    /// The use of TLS by clients of a database.
    DatabaseTlsMode {
        /// Clients use TLS.
        Enabled = "enabled",
        /// Clients do not use TLS.
        Disabled = "disabled",
        /// Only replicas of it do.
        ReplicaSsl = "replica_ssl",
    }
}

words! {
    /// The rule for client certificates of a database.
    ClientAuthentication {
        /// Clients must present a certificate.
        Enabled = "enabled",
        /// Clients may connect without a certificate.
        Disabled = "disabled",
    }
}

words! {
    /// The persistence of a database's data.
    DataPersistence {
        /// Nothing.
        Disabled = "disabled",
        /// A snapshot of everything from time to time.
        Snapshot = "snapshot",
        /// Every write, in a file that is only appended to.
        Aof = "aof",
    }
}

words! {
    /// The policy for syncing appended writes to the disk.
    AofPolicy {
        /// Within a second.
        EverySecond = "appendfsync-every-sec",
        /// Before it is answered.
        Always = "appendfsync-always",
    }
}

words! {
    /// The eviction of keys when the memory is full.
    EvictionPolicy {
        /// None; writes are refused.
        NoEviction = "noeviction",
        /// The least recently used of all.
        AllkeysLru = "allkeys-lru",
        /// The least frequently used of all.
        AllkeysLfu = "allkeys-lfu",
        /// Any.
        AllkeysRandom = "allkeys-random",
        /// The least recently used of those that expire.
        VolatileLru = "volatile-lru",
        /// The least frequently used of those that expire.
        VolatileLfu = "volatile-lfu",
        /// Any of those that expire.
        VolatileRandom = "volatile-random",
        /// The one that expires next.
        VolatileTtl = "volatile-ttl",
    }
}

words! {
    /// The moment at which a client's connection is bound to one of the engine.
    LinkSconnOnFullRequest {
        /// After a complete request has been received.
        Enabled = "enabled",
        /// As soon as the client connects.
        Disabled = "disabled",
        /// After a complete request has been received, with TLS only.
        SslOnly = "ssl_only",
    }
}

/// The name of an action that the cluster works off by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActionUid(String);

impl ActionUid {
    /// The text the server gave.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ActionUid {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for ActionUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
