//! Databases (`docs/contracts/redis-enterprise.md#databases`).
//!
//! The vendor's members that mean nothing to this server are shown with the values captured from a real cluster, and a
//! request may hold them as long as it says the same.

use std::num::{NonZeroU32, NonZeroU64};
use std::sync::LazyLock;

use secrecy::SecretString;

use super::json::{self, Body as _, Fixed, Kind, Schema, Text, member, objects, words};
use super::{PEM, int, strict, texts};
use crate::cluster::databases::PersistenceKind;
use certward_certificates::trust::{AuthorizedSubject, SubjectValidation};
use certward_redis_model::database::{AofPolicy, DatabaseName, EvictionPolicy, RolePermission, SnapshotPolicy};
use certward_redis_model::uid::{DatabaseUid, RedisAclUid, RoleUid};

objects! {
    #[derive(Default)]
    strict Bdb = "bdb", "An API object that represents a managed database in the cluster.", fixed bdb_fixed {
        uid: Option<DatabaseUid>,
            "The database's number; the next one when it is left out. It cannot be changed.", chosen;
        name: Option<DatabaseName>, "The database's name. A new one needs it.", needed;
        memory_size: Option<u64>, "How many bytes its data may take; 0 for no limit. A new one needs it.", needed;
        port: Option<u16> = PORT, "Where clients reach it; a free one when it is left out or 0.";
        eviction_policy: Option<EvictionPolicy>, "Which keys go when the memory is full; volatile-lru.";
        data_persistence: Option<PersistenceKind>, "What of the data is on the disk; disabled.";
        aof_policy: Option<AofPolicy>, "When a write is on the disk, with data_persistence aof; appendfsync-every-sec.";
        snapshot_policy: Option<Vec<SnapshotPolicy>>, "When snapshots are taken, with data_persistence snapshot.";
        tls_mode: Option<TlsWord>, "Whether clients speak TLS; disabled.";
        ssl: Option<bool>, "Deprecated: tls_mode.";
        enforce_client_authentication: Option<Switch>,
            "Whether a client without a certificate is turned away; enabled.";
        authentication_ssl_client_certs: Option<Vec<ClientCertificate>>,
            "The certificates that clients show or chain to.";
        client_cert_subject_validation_type: Option<SubjectValidation>,
            "How a certificate's subject is held against authorized_subjects; disabled.";
        authorized_subjects: Option<Vec<AuthorizedSubject>>, "The subjects that pass; a new list replaces the old one.";
        authorized_names: Option<Vec<String>>, "Deprecated: common names and DNS names that pass.";
        mtls_allow_outdated_certs: Option<bool>, "Whether an expired client certificate is let in; false.";
        mtls_allow_weak_hashing: Option<bool>, "Whether signatures with SHA-1 and short RSA keys are let in; false.";
        certward_mtls_allow_missing_eku: Option<bool>,
            "Whether a client certificate without an extended key usage, or with anyExtendedKeyUsage, is let in; false. Certward's own.";
        default_user: Option<bool>, "Whether Redis's user default may connect; true.";
        authentication_redis_pass: Option<SecretString> = PASSWORD,
            "The one password of the default user from now on; shown empty.";
        roles_permissions: Option<Vec<RolePermission>>,
            "What the users of roles may do; a new list replaces the old one.";
        certward_warnings: Option<Vec<String>>,
            "What administrators should know of the Redis behind it, a sentence each; absent without any. Certward's own.", read_only;
        status: Option<&'static str>, "How it is.", read_only;
        action_uid: Option<String>, "The action that made or changed it.", read_only;
        created_time: Option<String>, "When it was made.", read_only;
        last_changed_time: Option<String>, "When it was last changed.", read_only;
        endpoints: Option<serde_json::Value>, "Where clients reach it.", read_only;
        shard_list: Option<serde_json::Value>, "The uids of its shards: its own.", read_only;
        redis_version: Option<String>, "The version of its engine, in two parts.", read_only;
        version: Option<String>, "The version of its engine.", read_only;
    }

    strict ClientCertificate = "bdb_client_cert",
        "A client's certificate, or one that stands above clients' certificates." {
        client_cert: String = PEM, "PEM: one certificate or several.", required;
    }

    strict BdbPassword = "bdb_password", "A password of a database's default user." {
        password: SecretString = FILLED_PASSWORD, "The password.", write_only, required;
    }

    strict BdbCertificate = "bdb_certificate", "A server certificate that a database has of its own." {
        bdb_uid: Option<String>, "The database's uid, as a string.", read_only;
        cert: String = PEM, "PEM: the certificate, and the issuers to be sent with it.", required;
        private_key: Option<Text> = PEM, "PEM: the key of the certificate.", write_only, required;
        not_before: Option<String>, "Its first second.", read_only;
        not_after: Option<String>, "Its last second.", read_only;
    }
}

objects! {
    for strict SnapshotPolicy = "snapshot_policy",
        "When a snapshot is taken: after so many writes in so many seconds." {
        seconds "secs": NonZeroU64 = NUMBER, "Seconds since the last snapshot.", required;
        writes: NonZeroU32 = NUMBER, "Writes since the last snapshot.", required;
    }

    for strict RolePermission = "bdb_role_permission", "The ACL that users with a role have in a database." {
        role_uid: RoleUid, "The role.", required;
        redis_acl_uid: RedisAclUid, "The ACL.", required;
    }
}

/// A database to be made over the second version of the API.
pub(in super::super) const NEW_BDB: Schema = strict(
    "bdb_v2",
    "A database to be created.",
    &[
        member(
            "bdb",
            Kind::Later(Bdb::SCHEMA),
            "The database: an object of the type bdb.",
        )
        .required(),
        member(
            "recovery_plan",
            Kind::Anything,
            "Not supported: a new database is empty.",
        )
        .refused(),
    ],
);

/// `tls_mode`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum TlsWord {
    Enabled,
    Disabled,
    ReplicaSsl,
}

/// A word in the place of a truth value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Switch {
    Enabled,
    Disabled,
}

words! {
    TlsWord: Enabled = "enabled", Disabled = "disabled", ReplicaSsl = "replica_ssl";
    Switch: Enabled = "enabled", Disabled = "disabled";
    PersistenceKind: Disabled = "disabled", Snapshot = "snapshot", Aof = "aof";
    AofPolicy: EverySecond = "appendfsync-every-sec", Always = "appendfsync-always";
    EvictionPolicy: NoEviction = "noeviction", AllkeysLru = "allkeys-lru", AllkeysLfu = "allkeys-lfu",
        AllkeysRandom = "allkeys-random", VolatileLru = "volatile-lru", VolatileLfu = "volatile-lfu",
        VolatileRandom = "volatile-random", VolatileTtl = "volatile-ttl";
}

texts! {
    DatabaseName: "a string of 1 to 63 letters, digits and hyphens, with a letter or digit first and last", 63,
        "^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$";
}

/// The members that mean nothing to this server, without the modules and the password of the captured database.
pub(in super::super) fn bdb_fixed() -> &'static Fixed {
    static BDB: LazyLock<Fixed> = LazyLock::new(|| {
        Fixed::read(
            include_str!("../databases/fixed.json"),
            -1,
            |_| "Cannot be changed here: as on a cluster of one node.",
        )
    });
    &BDB
}

const PORT: Kind = int(0, 65535);
const NUMBER: Kind = int(1, u32::MAX as i64);
/// As for users.
const PASSWORD: Kind = Kind::Text { max: 1024 };
const FILLED_PASSWORD: Kind = Kind::FilledText { max: 1024 };
