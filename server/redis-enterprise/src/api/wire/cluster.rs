//! The cluster, its policy and its OCSP settings (`docs/contracts/redis-enterprise.md#cluster`,
//! `docs/contracts/redis-enterprise.md#ocsp` and `docs/contracts/redis-enterprise.md#bootstrap-nodes-licence`).
//!
//! The vendor's members that mean nothing to this server are shown with the values captured from a real cluster, and a
//! request may hold them as long as it says the same.

use std::sync::LazyLock;

use super::json::{self, Fixed, Kind, objects, words};
use super::{FILLED_PLAIN_TEXT, MAX_TEXT, PEM, PLAIN_TEXT, PORT, int};
use crate::cluster::settings_update::SettingsUpdate;
use certward_certificates::trust::{AuthorizedSubject, SubjectValidation};
use certward_redis_model::policy::{ClusterPolicy, OcspSettings, OcspUpdate, PolicyUpdate, PubSubDefault};
use certward_redis_model::settings::{ClusterSettings, PasswordHashingAlgorithm, TlsVersion};

/// Makes objects whose first members are settings that the cluster keeps under the names of the fields.
macro_rules! settings {
    ($($unknown:ident $Type:ident = $name:literal, $summary:literal $(, fixed $fixed:path)?; $Settings:ty, $Update:ty {
        $($field:ident $($wire:literal)?: $type:ty $(= $kind:expr)?, $meaning:expr;)*
    } and {
        $($own:ident: $of:ty $(= $values:expr)?, $what:expr $(, $access:ident)*;)*
    })*) => {
        objects! {
            $(#[derive(Default)]
            $unknown $Type = $name, $summary $(, fixed $fixed)? {
                $($field $($wire)?: Option<$type> $(= $kind)?, $meaning;)*
                $($own: $of $(= $values)?, $what $(, $access)*;)*
            })*
        }

        $(impl $Type {
            /// The members that are these settings.
            #[allow(clippy::needless_update, reason = "a document may have members of its own besides")]
            pub(in super::super) fn showing(settings: &$Settings) -> Self {
                Self {
                    $($field: Some(settings.$field.clone()),)*
                    ..Self::default()
                }
            }
        }

        impl From<$Type> for $Update {
            #[allow(clippy::needless_update, reason = "an update may have members of its own besides")]
            fn from(change: $Type) -> Self {
                Self {
                    $($field: change.$field,)*
                    ..Self::default()
                }
            }
        })*
    };
}

settings! {
    strict Cluster = "cluster", "An API object that represents the cluster.", fixed cluster_fixed; ClusterSettings, SettingsUpdate {
        mtls_certificate_authentication: bool,
            "Whether certificates of mtls_trusted_ca let certificate users in; false.";
        mtls_client_cert_subject_validation_type: SubjectValidation,
            "How a certificate's subject is held against mtls_authorized_subjects; disabled.";
        mtls_authorized_subjects: Vec<AuthorizedSubject>,
            "The subjects that pass; a new list replaces the old one.";
        control_plane_basic_authentication: bool, "Whether a name and a password let a user in; true.";
        dmc_external_authentication: bool, "Kept for databases; false.";
        dmc_external_cba_authentication: bool, "Kept for databases; false.";
        dmc_external_ldap_authentication: bool, "Kept for databases; false.";
        dmc_external_entraid_authentication: bool, "Kept for databases; false.";
        min_control_tls_version "min_control_TLS_version": TlsVersion, "The oldest TLS of the API; 1.2.";
        min_data_tls_version "min_data_TLS_version": TlsVersion, "The oldest TLS of databases; 1.2.";
        min_sentinel_tls_version "min_sentinel_TLS_version": TlsVersion,
            "The oldest TLS of the discovery service; 1.2.";
        control_cipher_suites: String = CIPHERS, "The ciphers of the API.";
        data_cipher_list: String = CIPHERS, "The ciphers of databases.";
        encrypt_pkeys: bool, "Kept; false.";
        password_complexity: bool, "Whether passwords need characters of several kinds; false.";
        password_min_length: u32 = int(8, 256), "The least number of characters of a password; 8.";
        password_expiration_duration: u32 = int(0, 36_500), "How many days a password is good for; 0 for ever.";
        cnm_http_port: u16 = PORT, "Kept; 8080.";
        cnm_https_port: u16 = PORT, "Kept; 9443.";
        cm_port: u16 = PORT, "Kept; 8443.";
        http_support: bool, "Kept; false. This server answers no plain HTTP.";
        handle_redirects: bool, "Kept; false.";
        options_method_forbidden: bool, "Whether OPTIONS is refused; false.";
        reserved_ports: Vec<String> = Kind::TextsOf(&PORTS),
            "Ports and ranges that databases do not get, such as 13000-13010.";
        mask_bdb_credentials: bool, "Whether answers about databases hide credentials; false.";
    } and {
        name: Option<String>, "The cluster's fully qualified domain name.", read_only;
        created_time: Option<String>, "When the cluster was created.", read_only;
        proxy_certificate: Option<String> = PEM, "The certificate of databases.", read_only;
        syncer_certificate: Option<String> = PEM, "The certificate of the syncer.", read_only;
        password_hashing_algorithm: Option<PasswordHashingAlgorithm>,
            "What is shown; passwords are hashed by Argon2id.", read_only;
    }

    strict Policy = "cluster_settings", "The cluster's policy for its resources."; ClusterPolicy, PolicyUpdate {
        acl_pubsub_default: PubSubDefault, "What an ACL without a rule for channels allows.";
        db_conns_auditing: bool, "Kept; false.";
        default_non_sharded_proxy_policy: String = PROXY_POLICY, "Kept; single.";
        default_provisioned_redis_version: String, "Kept; 7.4.";
        default_sharded_proxy_policy: String = PROXY_POLICY, "Kept; single.";
        default_shards_placement: String = Kind::OneOf(&["dense", "sparse"]), "Kept; dense.";
        redis_upgrade_policy: String = Kind::OneOf(&["major", "latest"]), "Kept; major.";
        resp3_default: bool, "Kept; true.";
    } and {
        login_lockout_counter_reset_after: Option<u64>, "Seconds in which failures are counted.", read_only;
        login_lockout_duration: Option<u64>, "Seconds for which a user is locked.", read_only;
        login_lockout_threshold: Option<u64>, "Failures that lock a user.", read_only;
        rack_aware: Option<bool>, FIXED, read_only;
    }

    strict Ocsp = "ocsp", "The cluster's OCSP settings. They are about its own proxy certificate, not about clients."; OcspSettings, OcspUpdate {
        query_frequency: u32 = int(60, 86_400), "Seconds between questions; 3600.";
        response_timeout: u32 = int(1, 60), "Seconds for an answer; 1.";
        recovery_frequency: u32 = int(60, 86_400), "Seconds after a failure; 60.";
        recovery_max_tries: u32 = int(1, 100), "Questions after a failure; 5.";
    } and {
        ocsp_functionality: Option<bool>, "Whether the responder is asked; false.";
        responder_url: Option<&'static str>, "The responder that the proxy certificate names.", read_only;
    }
}

objects! {
    strict HashingAlgorithm = "password_hashing_algorithm", "How passwords are said to be hashed." {
        algorithm: Option<PasswordHashingAlgorithm>, "What the cluster shows; Argon2id is used.", required;
    }

    #[derive(Default)]
    open OcspStatus = "ocsp_status", "The last status of the proxy certificate." {
        cert_status: &'static str, "GOOD, REVOKED or UNKNOWN.", read_only;
        responder_url: &'static str, "Who said so.", read_only;
        produced_at: &'static str, "When it was signed.", read_only;
        this_update: &'static str, "When it was so.", read_only;
        next_update: &'static str, "When it may be otherwise.", read_only;
        revocation_time: &'static str, "When the certificate was revoked.", read_only;
    }
}

objects! {
    for strict AuthorizedSubject = "authorized_subject",
        "A subject, attribute by attribute; an empty value is as good as none." {
        common_name "CN": String = FILLED_PLAIN_TEXT, "Common Name.", required;
        organization "O": String = PLAIN_TEXT, "Organization.";
        organizational_units "OU": Vec<String>, "Organizational Units.";
        locality "L": String = PLAIN_TEXT, "Locality.";
        state "ST": String = PLAIN_TEXT, "State or province.";
        country "C": String = PLAIN_TEXT, "Country, in two letters.";
    }
}

words! {
    SubjectValidation: Disabled = "disabled", SanCn = "san_cn", FullSubject = "full_subject";
}

words! {
    TlsVersion.as_str: V1_2, V1_3;
    PasswordHashingAlgorithm.as_str: Sha256, Pbkdf2;
    PubSubDefault.as_str: ResetChannels, AllChannels;
}

/// An empty attribute is as good as none, so that an empty `OU` counts too.
pub(in super::super) fn subjects(mut subjects: Vec<AuthorizedSubject>) -> Vec<AuthorizedSubject> {
    for subject in &mut subjects {
        subject.organizational_units.retain(|unit| !unit.is_empty());
    }
    subjects
}

fn cluster_fixed() -> &'static Fixed {
    static CLUSTER: LazyLock<Fixed> = LazyLock::new(|| {
        Fixed::read(include_str!("../cluster/fixed.json"), 0, |name| match name {
            "control_cipher_suites_tls_1_3" | "sentinel_cipher_suites_tls_1_3" => "Its ciphers of TLS 1.3.",
            "data_cipher_suites_tls_1_3" => "Their ciphers of TLS 1.3.",
            "sentinel_cipher_suites" => "The ciphers of the discovery service.",
            "sentinel_tls_mode" => "Whether the discovery service uses TLS.",
            _ => FIXED,
        })
    });
    &CLUSTER
}

const CIPHERS: Kind = Kind::CheckedLater {
    regex: "^[ -~]+$",
    max: MAX_TEXT,
};

const PORTS: Kind = Kind::CheckedLater {
    regex: "^[0-9]{1,5}(-[0-9]{1,5})?$",
    max: MAX_TEXT,
};

const PROXY_POLICY: Kind = Kind::OneOf(&["single", "all-master-shards", "all-nodes"]);

const FIXED: &str = "Shown as on a real cluster; cannot be changed on this server.";
