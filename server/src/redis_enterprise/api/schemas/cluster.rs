//! The cluster, its policy and its OCSP settings (`docs/contracts/redis-enterprise.md#cluster`,
//! `docs/contracts/redis-enterprise.md#ocsp` and `docs/contracts/redis-enterprise.md#bootstrap-nodes-licence`).
//!
//! The vendor's members that mean nothing to this server are shown with the values captured from a real cluster, and a
//! request may hold them as long as it says the same.

use super::{COUNT, FILLED_PLAIN_TEXT, MAX_TEXT, PEM, PLAIN_TEXT, PORT, TEXT, open, strict};
use crate::redis_enterprise::api::json::{Kind, Schema, member};

/// The cluster.
pub(in super::super) const CLUSTER: Schema = strict(
    "cluster",
    "An API object that represents the cluster.",
    &[
        member("name", TEXT, "The cluster's fully qualified domain name.").read_only(),
        member("created_time", TEXT, "When the cluster was created.").read_only(),
        member(
            "mtls_certificate_authentication",
            Kind::Boolean,
            "Whether certificates of mtls_trusted_ca let certificate users in; false.",
        ),
        member(
            "mtls_client_cert_subject_validation_type",
            Kind::OneOf(&["disabled", "san_cn", "full_subject"]),
            "How a certificate's subject is held against mtls_authorized_subjects; disabled.",
        ),
        member(
            "mtls_authorized_subjects",
            Kind::Objects(&AUTHORIZED_SUBJECT),
            "The subjects that pass; a new list replaces the old one.",
        ),
        member(
            "control_plane_basic_authentication",
            Kind::Boolean,
            "Whether a name and a password let a user in; true.",
        ),
        member(
            "dmc_external_authentication",
            Kind::Boolean,
            "Kept for databases; false.",
        ),
        member(
            "dmc_external_cba_authentication",
            Kind::Boolean,
            "Kept for databases; false.",
        ),
        member(
            "dmc_external_ldap_authentication",
            Kind::Boolean,
            "Kept for databases; false.",
        ),
        member(
            "dmc_external_entraid_authentication",
            Kind::Boolean,
            "Kept for databases; false.",
        ),
        member("min_control_TLS_version", TLS, "The oldest TLS of the API; 1.2."),
        member("min_data_TLS_version", TLS, "The oldest TLS of databases; 1.2."),
        member(
            "min_sentinel_TLS_version",
            TLS,
            "The oldest TLS of the discovery service; 1.2.",
        ),
        member("control_cipher_suites", CIPHERS, "The ciphers of the API."),
        member("control_cipher_suites_tls_1_3", TEXT, "Its ciphers of TLS 1.3.").read_only(),
        member("data_cipher_list", CIPHERS, "The ciphers of databases."),
        member(
            "data_cipher_suites_tls_1_3",
            Kind::Anything,
            "Their ciphers of TLS 1.3.",
        )
        .read_only(),
        member(
            "sentinel_cipher_suites",
            Kind::Anything,
            "The ciphers of the discovery service.",
        )
        .read_only(),
        member("sentinel_cipher_suites_tls_1_3", TEXT, "Its ciphers of TLS 1.3.").read_only(),
        member("sentinel_tls_mode", TEXT, "Whether the discovery service uses TLS.").read_only(),
        member("proxy_certificate", PEM, "The certificate of databases.").read_only(),
        member("syncer_certificate", PEM, "The certificate of the syncer.").read_only(),
        member("encrypt_pkeys", Kind::Boolean, "Kept; false."),
        member(
            "password_complexity",
            Kind::Boolean,
            "Whether passwords need characters of several kinds; false.",
        ),
        member(
            "password_min_length",
            Kind::Integer { min: 8, max: 256 },
            "The least number of characters of a password; 8.",
        ),
        member(
            "password_expiration_duration",
            Kind::Integer { min: 0, max: 36_500 },
            "How many days a password is good for; 0 for ever.",
        ),
        member(
            "password_hashing_algorithm",
            ALGORITHM,
            "What is shown; passwords are hashed by Argon2id.",
        )
        .read_only(),
        member("cnm_http_port", PORT, "Kept; 8080."),
        member("cnm_https_port", PORT, "Kept; 9443."),
        member("cm_port", PORT, "Kept; 8443."),
        member(
            "http_support",
            Kind::Boolean,
            "Kept; false. This server answers no plain HTTP.",
        ),
        member("handle_redirects", Kind::Boolean, "Kept; false."),
        member(
            "options_method_forbidden",
            Kind::Boolean,
            "Whether OPTIONS is refused; false.",
        ),
        member(
            "reserved_ports",
            Kind::TextsOf(&PORTS),
            "Ports and ranges that databases do not get, such as 13000-13010.",
        ),
        member(
            "mask_bdb_credentials",
            Kind::Boolean,
            "Whether answers about databases hide credentials; false.",
        ),
        member("alert_settings", Kind::Anything, FIXED).read_only(),
        member("availability_lag_tolerance_ms", COUNT, FIXED).read_only(),
        member("bigstore_driver", TEXT, FIXED).read_only(),
        member("block_cluster_changes", Kind::Boolean, FIXED).read_only(),
        member("ccs_internode_encryption", Kind::Boolean, FIXED).read_only(),
        member("cluster_api_internal_port", PORT, FIXED).read_only(),
        member("cm_server_version", COUNT, FIXED).read_only(),
        member("cm_session_timeout_minutes", COUNT, FIXED).read_only(),
        member("cnm_http_max_threads_per_worker", COUNT, FIXED).read_only(),
        member("cnm_http_workers", COUNT, FIXED).read_only(),
        member("crdb_coordinator_ignore_requests", Kind::Boolean, FIXED).read_only(),
        member("crdb_coordinator_port", PORT, FIXED).read_only(),
        member("crdt_supported_featureset_version", COUNT, FIXED).read_only(),
        member("crdt_supported_protocol_versions", Kind::Texts, FIXED).read_only(),
        member("debuginfo_path", TEXT, FIXED).read_only(),
        member("email_alerts", Kind::Boolean, FIXED).read_only(),
        member("entra_id_cache_ttl", COUNT, FIXED).read_only(),
        member("envoy_admin_port", PORT, FIXED).read_only(),
        member("envoy_external_authorization", Kind::Boolean, FIXED).read_only(),
        member("envoy_max_downstream_connections", COUNT, FIXED).read_only(),
        member("envoy_mgmt_server_port", PORT, FIXED).read_only(),
        member("gossip_envoy_admin_port", PORT, FIXED).read_only(),
        member("handle_metrics_redirects", Kind::Boolean, FIXED).read_only(),
        member("logrotate_settings", Kind::Anything, FIXED).read_only(),
        member("metrics_system", COUNT, FIXED).read_only(),
        member("module_upload_max_size_mb", COUNT, FIXED).read_only(),
        member("multi_commands_opt", TEXT, FIXED).read_only(),
        member("rack_aware", Kind::Boolean, FIXED).read_only(),
        member("robust_crdt_syncer", Kind::Boolean, FIXED).read_only(),
        member("s3_certificate_verification", Kind::Boolean, FIXED).read_only(),
        member("slave_ha", Kind::Boolean, FIXED).read_only(),
        member("slave_ha_bdb_cooldown_period", COUNT, FIXED).read_only(),
        member("slave_ha_cooldown_period", COUNT, FIXED).read_only(),
        member("slave_ha_grace_period", COUNT, FIXED).read_only(),
        member("slowlog_in_sanitized_support", Kind::Boolean, FIXED).read_only(),
        member("smtp_tls_mode", TEXT, FIXED).read_only(),
        member("smtp_use_tls", Kind::Boolean, FIXED).read_only(),
        member("system_reserved_ports", Kind::Anything, FIXED).read_only(),
        member("upgrade_in_progress", Kind::Boolean, FIXED).read_only(),
        member("upgrade_mode", Kind::Boolean, FIXED).read_only(),
        member("use_external_ipv6", Kind::Boolean, FIXED).read_only(),
        member("use_ipv6", Kind::Boolean, FIXED).read_only(),
        member("wait_command", Kind::Boolean, FIXED).read_only(),
    ],
);

/// The algorithm that passwords are said to be hashed with.
pub(in super::super) const HASHING_ALGORITHM: Schema = strict(
    "password_hashing_algorithm",
    "How passwords are said to be hashed.",
    &[member("algorithm", ALGORITHM, "What the cluster shows; Argon2id is used.").required()],
);

/// An entry of `mtls_authorized_subjects`.
pub(in super::super) const AUTHORIZED_SUBJECT: Schema = strict(
    "authorized_subject",
    "A subject, attribute by attribute; an empty value is as good as none.",
    &[
        member("CN", FILLED_PLAIN_TEXT, "Common Name.").required(),
        member("O", PLAIN_TEXT, "Organization."),
        member("OU", Kind::TextList, "Organizational Units."),
        member("L", PLAIN_TEXT, "Locality."),
        member("ST", PLAIN_TEXT, "State or province."),
        member("C", PLAIN_TEXT, "Country, in two letters."),
    ],
);

/// The policy.
pub(in super::super) const POLICY: Schema = strict(
    "cluster_settings",
    "The cluster's policy for its resources.",
    &[
        member(
            "acl_pubsub_default",
            Kind::OneOf(&["resetchannels", "allchannels"]),
            "What an ACL without a rule for channels allows.",
        ),
        member("db_conns_auditing", Kind::Boolean, "Kept; false."),
        member("default_non_sharded_proxy_policy", PROXY_POLICY, "Kept; single."),
        member("default_provisioned_redis_version", TEXT, "Kept; 7.4."),
        member("default_sharded_proxy_policy", PROXY_POLICY, "Kept; single."),
        member(
            "default_shards_placement",
            Kind::OneOf(&["dense", "sparse"]),
            "Kept; dense.",
        ),
        member(
            "login_lockout_counter_reset_after",
            COUNT,
            "Seconds in which failures are counted.",
        )
        .read_only(),
        member("login_lockout_duration", COUNT, "Seconds for which a user is locked.").read_only(),
        member("login_lockout_threshold", COUNT, "Failures that lock a user.").read_only(),
        member("rack_aware", Kind::Boolean, FIXED).read_only(),
        member(
            "redis_upgrade_policy",
            Kind::OneOf(&["major", "latest"]),
            "Kept; major.",
        ),
        member("resp3_default", Kind::Boolean, "Kept; true."),
    ],
);

/// The settings for OCSP requests about the proxy certificate.
pub(in super::super) const OCSP: Schema = strict(
    "ocsp",
    "The cluster's OCSP settings. They are about its own proxy certificate, not about clients.",
    &[
        member(
            "ocsp_functionality",
            Kind::Boolean,
            "Whether the responder is asked; false.",
        ),
        member("responder_url", TEXT, "The responder that the proxy certificate names.").read_only(),
        member(
            "query_frequency",
            Kind::Integer { min: 60, max: 86_400 },
            "Seconds between questions; 3600.",
        ),
        member(
            "response_timeout",
            Kind::Integer { min: 1, max: 60 },
            "Seconds for an answer; 1.",
        ),
        member(
            "recovery_frequency",
            Kind::Integer { min: 60, max: 86_400 },
            "Seconds after a failure; 60.",
        ),
        member(
            "recovery_max_tries",
            Kind::Integer { min: 1, max: 100 },
            "Questions after a failure; 5.",
        ),
    ],
);

/// The answer of the OCSP responder.
pub(in super::super) const OCSP_STATUS: Schema = open(
    "ocsp_status",
    "The last status of the proxy certificate.",
    &[
        member("cert_status", TEXT, "GOOD, REVOKED or UNKNOWN.").read_only(),
        member("responder_url", TEXT, "Who said so.").read_only(),
        member("produced_at", TEXT, "When it was signed.").read_only(),
        member("this_update", TEXT, "When it was so.").read_only(),
        member("next_update", TEXT, "When it may be otherwise.").read_only(),
        member("revocation_time", TEXT, "When the certificate was revoked.").read_only(),
    ],
);

const CIPHERS: Kind = Kind::CheckedLater {
    regex: "^[ -~]+$",
    max: MAX_TEXT,
};

const PORTS: Kind = Kind::CheckedLater {
    regex: "^[0-9]{1,5}(-[0-9]{1,5})?$",
    max: MAX_TEXT,
};

const PROXY_POLICY: Kind = Kind::OneOf(&["single", "all-master-shards", "all-nodes"]);

const ALGORITHM: Kind = Kind::OneOf(&["SHA-256", "PBKDF2"]);

const TLS: Kind = Kind::OneOf(&["1.2", "1.3"]);

const FIXED: &str = "Shown as on a real cluster; cannot be changed on this server.";
