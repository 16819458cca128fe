//! The cluster as answers show it: its settings among the members that a real cluster has.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::super::timestamp::timestamp;
use crate::cluster::ClusterState;
use crate::cluster::named_certificate::CertificateName;
use crate::cluster::settings::ClusterSettings;
use crate::trust::{AuthorizedSubject, SubjectValidation};

/// The members of the cluster, with these settings.
pub(super) fn members(
    state: &ClusterState,
    settings: &ClusterSettings,
    server_certificate: &str,
) -> Map<String, Value> {
    let mut members = FIXED.clone();
    let identity = state.identity();
    let own: [(&str, Value); 30] = [
        ("name", identity.name.as_str().into()),
        ("created_time", timestamp(identity.created_at).into()),
        (
            "mtls_certificate_authentication",
            settings.mtls_certificate_authentication.into(),
        ),
        (
            "mtls_client_cert_subject_validation_type",
            validation(settings.mtls_client_cert_subject_validation_type).into(),
        ),
        (
            "mtls_authorized_subjects",
            settings.mtls_authorized_subjects.iter().map(subject).collect(),
        ),
        (
            "control_plane_basic_authentication",
            settings.control_plane_basic_authentication.into(),
        ),
        (
            "dmc_external_authentication",
            settings.dmc_external_authentication.into(),
        ),
        (
            "dmc_external_cba_authentication",
            settings.dmc_external_cba_authentication.into(),
        ),
        (
            "dmc_external_ldap_authentication",
            settings.dmc_external_ldap_authentication.into(),
        ),
        (
            "dmc_external_entraid_authentication",
            settings.dmc_external_entraid_authentication.into(),
        ),
        (
            "min_control_TLS_version",
            settings.min_control_tls_version.as_str().into(),
        ),
        ("min_data_TLS_version", settings.min_data_tls_version.as_str().into()),
        (
            "min_sentinel_TLS_version",
            settings.min_sentinel_tls_version.as_str().into(),
        ),
        ("control_cipher_suites", settings.control_cipher_suites.as_str().into()),
        ("data_cipher_list", settings.data_cipher_list.as_str().into()),
        ("encrypt_pkeys", settings.encrypt_pkeys.into()),
        ("password_complexity", settings.password_complexity.into()),
        ("password_min_length", settings.password_min_length.into()),
        (
            "password_expiration_duration",
            settings.password_expiration_duration.into(),
        ),
        (
            "password_hashing_algorithm",
            settings.password_hashing_algorithm.as_str().into(),
        ),
        ("cnm_http_port", settings.cnm_http_port.into()),
        ("cnm_https_port", settings.cnm_https_port.into()),
        ("cm_port", settings.cm_port.into()),
        ("http_support", settings.http_support.into()),
        ("handle_redirects", settings.handle_redirects.into()),
        ("options_method_forbidden", settings.options_method_forbidden.into()),
        (
            "reserved_ports",
            settings.reserved_ports.iter().map(String::as_str).collect(),
        ),
        ("mask_bdb_credentials", settings.mask_bdb_credentials.into()),
        ("proxy_certificate", proxy_certificate(state, server_certificate)),
        ("syncer_certificate", certificate(state, CertificateName::Syncer)),
    ];
    members.extend(own.map(|(name, value)| (name.to_owned(), value)));
    members
}

/// The API's name.
pub(in super::super) const fn validation(validation: SubjectValidation) -> &'static str {
    match validation {
        SubjectValidation::Disabled => "disabled",
        SubjectValidation::SanCn => "san_cn",
        SubjectValidation::FullSubject => "full_subject",
    }
}

/// An authorized subject. Attributes that it does not have are shown as the vendor's page writes them, empty.
pub(in super::super) fn subject(subject: &AuthorizedSubject) -> Value {
    json!({
        "CN": subject.common_name,
        "O": subject.organization,
        "OU": subject.organizational_units,
        "L": subject.locality,
        "ST": subject.state,
        "C": subject.country,
    })
}

/// Returns the certificate that databases present.
fn proxy_certificate(state: &ClusterState, server_certificate: &str) -> Value {
    match state.certificates().get(CertificateName::Proxy) {
        Some(installed) => installed.certificate.as_str().into(),
        None => server_certificate.into(),
    }
}

fn certificate(state: &ClusterState, name: CertificateName) -> Value {
    let certificate = state.certificates().get(name);
    certificate
        .map_or("", |certificate| certificate.certificate.as_str())
        .into()
}

/// The members that mean nothing to this server, as captured from a real cluster (`cluster/read.answer.json`).
static FIXED: LazyLock<Map<String, Value>> =
    LazyLock::new(|| serde_json::from_str(include_str!("fixed.json")).expect("the file is a JSON object"));

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::super::super::json::{Access, Kind};
    use super::super::super::schemas::CLUSTER;
    use super::*;
    use crate::cluster::state::ClusterIdentity;

    fn shown() -> Map<String, Value> {
        let state = ClusterState::fresh(ClusterIdentity {
            name: "house.test".to_owned(),
            created_at: datetime!(2026-11-22 12:00 UTC),
        });
        members(&state, state.settings(), "")
    }

    #[test]
    fn the_schema_has_every_member_that_is_shown_and_no_other() {
        let mut shown: Vec<String> = shown().keys().cloned().collect();
        let mut described: Vec<String> = CLUSTER.members.iter().map(|member| member.name.to_owned()).collect();
        shown.sort();
        described.sort();
        assert_eq!(shown, described);
    }

    #[test]
    fn a_fresh_cluster_shows_what_was_captured_from_a_real_one() {
        let captured: Value = serde_json::from_str(include_str!(
            "../../../../../acceptance-tests/contract/redis_enterprise/cluster/read.answer.json"
        ))
        .unwrap();
        // Of this cluster itself; and what this server does not have.
        let own = [
            "name",
            "created_time",
            "proxy_certificate",
            "syncer_certificate",
            "cluster_ssh_public_key",
            "http_support",
            "data_cipher_list",
        ];
        let shown = shown();
        for (name, value) in captured["body"].as_object().unwrap() {
            if !own.contains(&name.as_str()) {
                assert_eq!(shown.get(name), Some(value), "{name}");
            }
        }
    }

    #[test]
    fn members_that_can_be_changed_have_values_of_their_kind() {
        let shown = shown();
        for member in CLUSTER.members {
            let value = &shown[member.name];
            if member.access == Access::Optional {
                let right = match member.kind {
                    Kind::Boolean => value.is_boolean(),
                    Kind::Integer { min, max } => value.as_i64().is_some_and(|number| (min..=max).contains(&number)),
                    Kind::Text { .. } | Kind::CheckedLater { .. } => value.is_string(),
                    Kind::OneOf(words) => value.as_str().is_some_and(|word| words.contains(&word)),
                    Kind::Texts | Kind::TextsOf(_) | Kind::Objects(_) => value.is_array(),
                    _ => false,
                };
                assert!(right, "{}: {value}", member.name);
            }
        }
    }
}
