//! From the body of a request to what is to be changed about the settings.

use super::super::json::{Object, Value};
use crate::cluster::settings::{PasswordHashingAlgorithm, TlsVersion};
use crate::cluster::settings_update::SettingsUpdate;
use crate::trust::{AuthorizedSubject, SubjectValidation};

/// Reads the change from a body that has passed its schema. Omitted members stay as they are.
pub(super) fn from_body(body: &Object) -> SettingsUpdate {
    let text = |name| body.text(name).map(str::to_owned);
    SettingsUpdate {
        mtls_certificate_authentication: body.boolean("mtls_certificate_authentication"),
        mtls_client_cert_subject_validation_type: body
            .text("mtls_client_cert_subject_validation_type")
            .and_then(validation_named),
        mtls_authorized_subjects: body.array("mtls_authorized_subjects").map(subjects),
        control_plane_basic_authentication: body.boolean("control_plane_basic_authentication"),
        dmc_external_authentication: body.boolean("dmc_external_authentication"),
        dmc_external_cba_authentication: body.boolean("dmc_external_cba_authentication"),
        dmc_external_ldap_authentication: body.boolean("dmc_external_ldap_authentication"),
        dmc_external_entraid_authentication: body.boolean("dmc_external_entraid_authentication"),
        min_control_tls_version: body.text("min_control_TLS_version").and_then(tls_version),
        min_data_tls_version: body.text("min_data_TLS_version").and_then(tls_version),
        min_sentinel_tls_version: body.text("min_sentinel_TLS_version").and_then(tls_version),
        control_cipher_suites: text("control_cipher_suites"),
        data_cipher_list: text("data_cipher_list"),
        encrypt_pkeys: body.boolean("encrypt_pkeys"),
        password_complexity: body.boolean("password_complexity"),
        password_min_length: body.integer("password_min_length"),
        password_expiration_duration: body.integer("password_expiration_duration"),
        cnm_http_port: body.integer("cnm_http_port"),
        cnm_https_port: body.integer("cnm_https_port"),
        cm_port: body.integer("cm_port"),
        http_support: body.boolean("http_support"),
        handle_redirects: body.boolean("handle_redirects"),
        options_method_forbidden: body.boolean("options_method_forbidden"),
        reserved_ports: body.texts("reserved_ports"),
        mask_bdb_credentials: body.boolean("mask_bdb_credentials"),
        ..SettingsUpdate::default()
    }
}

/// Returns the validation of subjects with this name in the API.
pub(in super::super) fn validation_named(name: &str) -> Option<SubjectValidation> {
    [
        SubjectValidation::Disabled,
        SubjectValidation::SanCn,
        SubjectValidation::FullSubject,
    ]
    .into_iter()
    .find(|validation| super::view::validation(*validation) == name)
}

fn tls_version(name: &str) -> Option<TlsVersion> {
    [TlsVersion::V1_2, TlsVersion::V1_3]
        .into_iter()
        .find(|version| version.as_str() == name)
}

/// The algorithm under the member `algorithm`.
pub(super) fn hashing_algorithm(body: &Object) -> Option<PasswordHashingAlgorithm> {
    let name = body.text("algorithm")?;
    [PasswordHashingAlgorithm::Sha256, PasswordHashingAlgorithm::Pbkdf2]
        .into_iter()
        .find(|algorithm| algorithm.as_str() == name)
}

/// A new list takes the place of the old one. An empty attribute is as good as none, so that an empty `OU` counts too.
pub(in super::super) fn subjects(entries: &[Value]) -> Vec<AuthorizedSubject> {
    let attribute = |entry: &Object, name| entry.text(name).unwrap_or_default().to_owned();
    entries
        .iter()
        .filter_map(Value::as_object)
        .map(|entry| AuthorizedSubject {
            common_name: attribute(entry, "CN"),
            organization: attribute(entry, "O"),
            organizational_units: entry
                .texts("OU")
                .unwrap_or_default()
                .into_iter()
                .filter(|unit| !unit.is_empty())
                .collect(),
            locality: attribute(entry, "L"),
            state: attribute(entry, "ST"),
            country: attribute(entry, "C"),
        })
        .collect()
}
