//! Databases (`docs/contracts/redis-enterprise.md#databases`).
//!
//! The vendor's members that mean nothing to this server are shown with the values captured from a real cluster, and a
//! request may hold them as long as it says the same.

use super::{AUTHORIZED_SUBJECT, COUNT, PEM, TEXT, UID, strict};
use crate::cluster::database::DatabaseName;
use crate::redis_enterprise::api::json::{Kind, Member, Schema, member};

/// A database.
pub(in super::super) const BDB: Schema = strict(
    "bdb",
    "An API object that represents a managed database in the cluster.",
    &[
        member(
            "uid",
            UID,
            "The database's number; the next one when it is left out. It cannot be changed.",
        )
        .chosen(),
        member("name", NAME, "The database's name. A new one needs it.").needed(),
        member(
            "memory_size",
            COUNT,
            "How many bytes its data may take; 0 for no limit. A new one needs it.",
        )
        .needed(),
        member(
            "port",
            PORT,
            "Where clients reach it; a free one when it is left out or 0.",
        ),
        member(
            "eviction_policy",
            EVICTION,
            "Which keys go when the memory is full; volatile-lru.",
        ),
        member(
            "data_persistence",
            PERSISTENCE,
            "What of the data is on the disk; disabled.",
        ),
        member(
            "aof_policy",
            AOF,
            "When a write is on the disk, with data_persistence aof; appendfsync-every-sec.",
        ),
        member(
            "snapshot_policy",
            Kind::Objects(&SNAPSHOT_POLICY),
            "When snapshots are taken, with data_persistence snapshot.",
        ),
        member("tls_mode", TLS_MODE, "Whether clients speak TLS; disabled."),
        member("ssl", Kind::Boolean, "Deprecated: tls_mode."),
        member(
            "enforce_client_authentication",
            SWITCH,
            "Whether a client without a certificate is turned away; enabled.",
        ),
        member(
            "authentication_ssl_client_certs",
            Kind::Objects(&CLIENT_CERTIFICATE),
            "The certificates that clients show or chain to.",
        ),
        member(
            "client_cert_subject_validation_type",
            VALIDATION,
            "How a certificate's subject is held against authorized_subjects; disabled.",
        ),
        member(
            "authorized_subjects",
            Kind::Objects(&AUTHORIZED_SUBJECT),
            "The subjects that pass; a new list replaces the old one.",
        ),
        member(
            "authorized_names",
            Kind::TextList,
            "Deprecated: common names and DNS names that pass.",
        ),
        member(
            "mtls_allow_outdated_certs",
            Kind::Boolean,
            "Whether an expired client certificate is let in; false.",
        ),
        member(
            "mtls_allow_weak_hashing",
            Kind::Boolean,
            "Whether signatures with SHA-1 and short RSA keys are let in; false.",
        ),
        member(
            "certward_mtls_allow_missing_eku",
            Kind::Boolean,
            "Whether a client certificate without an extended key usage, or with anyExtendedKeyUsage, is let in; false. Certward's own.",
        ),
        member(
            "default_user",
            Kind::Boolean,
            "Whether Redis's user default may connect; true.",
        ),
        member(
            "authentication_redis_pass",
            PASSWORD,
            "The one password of the default user from now on; shown empty.",
        ),
        member(
            "roles_permissions",
            Kind::Objects(&ROLE_PERMISSION),
            "What the users of roles may do; a new list replaces the old one.",
        ),
        member(
            "certward_warnings",
            Kind::TextList,
            "What administrators should know of the Redis behind it, a sentence each; absent without any. Certward's own.",
        )
        .read_only(),
        member("status", TEXT, "How it is.").read_only(),
        member("action_uid", TEXT, "The action that made or changed it.").read_only(),
        member("created_time", TEXT, "When it was made.").read_only(),
        member("last_changed_time", TEXT, "When it was last changed.").read_only(),
        member("endpoints", Kind::Anything, "Where clients reach it.").read_only(),
        member("shard_list", Kind::Anything, "The uids of its shards: its own.").read_only(),
        member("redis_version", TEXT, "The version of its engine, in two parts.").read_only(),
        member("version", TEXT, "The version of its engine.").read_only(),
        fixed("acl", Kind::Anything),
        fixed("active_defrag_cycle_max", Kind::Integer { min: -1, max: i64::MAX }),
        fixed("active_defrag_cycle_min", Kind::Integer { min: -1, max: i64::MAX }),
        fixed("active_defrag_ignore_bytes", TEXT),
        fixed(
            "active_defrag_max_scan_fields",
            Kind::Integer { min: -1, max: i64::MAX },
        ),
        fixed(
            "active_defrag_threshold_lower",
            Kind::Integer { min: -1, max: i64::MAX },
        ),
        fixed(
            "active_defrag_threshold_upper",
            Kind::Integer { min: -1, max: i64::MAX },
        ),
        fixed("activedefrag", TEXT),
        fixed("authentication_admin_pass", TEXT),
        fixed("authentication_sasl_pass", TEXT),
        fixed("authentication_sasl_uname", TEXT),
        fixed("authentication_ssl_crdt_certs", Kind::Anything),
        fixed("auto_upgrade", Kind::Boolean),
        fixed("background_op", Kind::Anything),
        fixed("backup", Kind::Boolean),
        fixed("backup_failure_reason", TEXT),
        fixed("backup_history", Kind::Integer { min: -1, max: i64::MAX }),
        fixed("backup_interval", Kind::Integer { min: -1, max: i64::MAX }),
        fixed("backup_progress", Kind::Anything),
        fixed("backup_status", TEXT),
        fixed("bigstore", Kind::Boolean),
        fixed("bigstore_max_ram_ratio", Kind::Integer { min: -1, max: i64::MAX }),
        fixed("bigstore_ram_size", Kind::Integer { min: -1, max: i64::MAX }),
        fixed("bigstore_version", Kind::Integer { min: -1, max: i64::MAX }),
        fixed("compare_key_hslot", Kind::Boolean),
        fixed("conns", Kind::Integer { min: -1, max: i64::MAX }),
        fixed("conns_type", TEXT),
        fixed("crdt", Kind::Boolean),
        fixed("crdt_causal_consistency", Kind::Boolean),
        fixed("crdt_config_version", Kind::Integer { min: -1, max: i64::MAX }),
        fixed("crdt_ghost_replica_ids", TEXT),
        fixed("crdt_guid", TEXT),
        fixed("crdt_modules", TEXT),
        fixed("crdt_repl_backlog_size", TEXT),
        fixed("crdt_replica_id", Kind::Integer { min: -1, max: i64::MAX }),
        fixed("crdt_replicas", TEXT),
        fixed("crdt_sources", Kind::Anything),
        fixed("crdt_sync", TEXT),
        fixed(
            "crdt_sync_connection_alarm_timeout_seconds",
            Kind::Integer { min: -1, max: i64::MAX },
        ),
        fixed("crdt_sync_dist", Kind::Boolean),
        fixed("crdt_syncer_auto_oom_unlatch", Kind::Boolean),
        fixed("crdt_xadd_id_uniqueness_mode", TEXT),
        fixed("data_internode_encryption", Kind::Boolean),
        fixed("dataset_import_sources", Kind::Anything),
        fixed("db_conns_auditing", Kind::Boolean),
        fixed("dns_address_master", TEXT),
        fixed("dns_suffixes", Kind::Anything),
        fixed("email_alerts", Kind::Boolean),
        fixed("export_failure_reason", TEXT),
        fixed("export_progress", Kind::Anything),
        fixed("export_status", TEXT),
        fixed("flush_on_fullsync", Kind::Boolean),
        fixed("generate_text_monitor", Kind::Boolean),
        fixed("gradual_src_max_sources", Kind::Integer { min: -1, max: i64::MAX }),
        fixed("gradual_src_mode", TEXT),
        fixed(
            "gradual_sync_max_shards_per_source",
            Kind::Integer { min: -1, max: i64::MAX },
        ),
        fixed("gradual_sync_mode", TEXT),
        fixed("group_uid", Kind::Integer { min: -1, max: i64::MAX }),
        fixed("hash_slots_policy", TEXT),
        fixed("implicit_shard_key", Kind::Boolean),
        fixed("import_failure_reason", TEXT),
        fixed("import_progress", Kind::Anything),
        fixed("import_status", TEXT),
        fixed("internal", Kind::Boolean),
        fixed("master_persistence", Kind::Boolean),
        fixed("max_aof_file_size", Kind::Integer { min: -1, max: i64::MAX }),
        fixed("max_aof_load_time", Kind::Integer { min: -1, max: i64::MAX }),
        fixed("max_client_pipeline", Kind::Integer { min: -1, max: i64::MAX }),
        fixed("max_connections", Kind::Integer { min: -1, max: i64::MAX }),
        fixed("max_pipelined", Kind::Integer { min: -1, max: i64::MAX }),
        fixed("maxclients", Kind::Integer { min: -1, max: i64::MAX }),
        fixed("metrics_export_all", Kind::Boolean),
        fixed("mkms", Kind::Boolean),
        fixed("module_list", Kind::Anything),
        fixed("multi_commands_opt", TEXT),
        fixed("oss_cluster", Kind::Boolean),
        fixed("oss_cluster_api_preferred_endpoint_type", TEXT),
        fixed("oss_cluster_api_preferred_ip_type", TEXT),
        fixed("oss_sharding", Kind::Boolean),
        fixed("proxy_policy", TEXT),
        fixed("rack_aware", Kind::Boolean),
        fixed("recovery_wait_time", Kind::Integer { min: -1, max: i64::MAX }),
        fixed("redis_cluster_enabled", Kind::Boolean),
        fixed("repl_backlog_size", TEXT),
        fixed("replica_read_only", Kind::Boolean),
        fixed("replica_sources", Kind::Anything),
        fixed("replica_sync", TEXT),
        fixed(
            "replica_sync_connection_alarm_timeout_seconds",
            Kind::Integer { min: -1, max: i64::MAX },
        ),
        fixed("replica_sync_dist", Kind::Boolean),
        fixed("replication", Kind::Boolean),
        fixed("resp3", Kind::Boolean),
        fixed("sched_policy", TEXT),
        fixed("shard_block_crossslot_keys", Kind::Boolean),
        fixed("shard_block_foreign_keys", Kind::Boolean),
        fixed("shard_key_regex", Kind::Anything),
        fixed("sharding", Kind::Boolean),
        fixed("shards_count", Kind::Integer { min: -1, max: i64::MAX }),
        fixed("shards_placement", TEXT),
        fixed("skip_import_analyze", TEXT),
        fixed("slave_buffer", TEXT),
        fixed("slave_ha", Kind::Boolean),
        fixed("slave_ha_priority", Kind::Integer { min: -1, max: i64::MAX }),
        fixed("support_syncer_reconf", Kind::Boolean),
        fixed("sync", TEXT),
        fixed("sync_dedicated_threads", Kind::Integer { min: -1, max: i64::MAX }),
        fixed("sync_sources", Kind::Anything),
        fixed("syncer_log_level", TEXT),
        fixed("syncer_mode", TEXT),
        fixed("throughput_ingress", Kind::Integer { min: -1, max: i64::MAX }),
        fixed("topology_epoch", Kind::Integer { min: -1, max: i64::MAX }),
        fixed("tracking_table_max_keys", Kind::Integer { min: -1, max: i64::MAX }),
        fixed("type", TEXT),
        fixed("use_selective_flush", Kind::Boolean),
        fixed("wait_command", Kind::Boolean),
    ],
);

/// A database to be made over the second version of the API.
pub(in super::super) const NEW_BDB: Schema = strict(
    "bdb_v2",
    "A database to be created.",
    &[
        member("bdb", Kind::Later(&BDB), "The database: an object of the type bdb.").required(),
        member(
            "recovery_plan",
            Kind::Anything,
            "Not supported: a new database is empty.",
        )
        .refused(),
    ],
);

/// A certificate of a database's clients.
pub(in super::super) const CLIENT_CERTIFICATE: Schema = strict(
    "bdb_client_cert",
    "A client's certificate, or one that stands above clients' certificates.",
    &[member("client_cert", PEM, "PEM: one certificate or several.").required()],
);

/// A condition for snapshots.
pub(in super::super) const SNAPSHOT_POLICY: Schema = strict(
    "snapshot_policy",
    "When a snapshot is taken: after so many writes in so many seconds.",
    &[
        member("secs", NUMBER, "Seconds since the last snapshot.").required(),
        member("writes", NUMBER, "Writes since the last snapshot.").required(),
    ],
);

/// The ACL of a role.
pub(in super::super) const ROLE_PERMISSION: Schema = strict(
    "bdb_role_permission",
    "The ACL that users with a role have in a database.",
    &[
        member("role_uid", UID, "The role.").required(),
        member("redis_acl_uid", UID, "The ACL.").required(),
    ],
);

/// A password of the default user.
pub(in super::super) const BDB_PASSWORD: Schema = strict(
    "bdb_password",
    "A password of a database's default user.",
    &[member("password", FILLED_PASSWORD, "The password.")
        .write_only()
        .required()],
);

/// The server certificate of a database.
pub(in super::super) const BDB_CERTIFICATE: Schema = strict(
    "bdb_certificate",
    "A server certificate that a database has of its own.",
    &[
        member("bdb_uid", TEXT, "The database's uid, as a string.").read_only(),
        member("cert", PEM, "PEM: the certificate, and the issuers to be sent with it.").required(),
        member("private_key", PEM, "PEM: the key of the certificate.")
            .write_only()
            .required(),
        member("not_before", TEXT, "Its first second.").read_only(),
        member("not_after", TEXT, "Its last second.").read_only(),
    ],
);

/// A member that means nothing to this server.
const fn fixed(name: &'static str, kind: Kind) -> Member {
    member(name, kind, "Cannot be changed here: as on a cluster of one node.").read_only()
}

const NAME: Kind = Kind::Pattern {
    is_right: |text| text.parse::<DatabaseName>().is_ok(),
    wanted: "a string of 1 to 63 letters, digits and hyphens, with a letter or digit first and last",
    regex: "^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$",
    max: 63,
};
const PORT: Kind = Kind::Integer { min: 0, max: 65535 };
const NUMBER: Kind = Kind::Integer {
    min: 1,
    max: u32::MAX as i64,
};
const SWITCH: Kind = Kind::OneOf(&["enabled", "disabled"]);
const TLS_MODE: Kind = Kind::OneOf(&["enabled", "disabled", "replica_ssl"]);
const VALIDATION: Kind = Kind::OneOf(&["disabled", "san_cn", "full_subject"]);
const PERSISTENCE: Kind = Kind::OneOf(&["disabled", "snapshot", "aof"]);
const AOF: Kind = Kind::OneOf(&["appendfsync-every-sec", "appendfsync-always"]);
const EVICTION: Kind = Kind::OneOf(&[
    "noeviction",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
]);
/// As for users.
const PASSWORD: Kind = Kind::Text { max: 1024 };
const FILLED_PASSWORD: Kind = Kind::FilledText { max: 1024 };
