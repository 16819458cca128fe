//! Validation before the plan: of the configuration alone, without clock and network.

use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostic, Diagnostics};

use super::client_certificates::path;
use super::model::{DatabaseMtls, RedisDatabaseState, check_timeouts};
use super::{PASSWORD, PASSWORD_VERSION, client_certificates, persistence, roles_permissions};
use crate::report::{diagnostic, error};
use crate::resources::cluster_mtls_settings::authorized_subjects;

/// Adds what is wrong with the configuration. Values that are not known yet are left for a later call.
pub(crate) fn validate(diags: &mut Diagnostics, config: &RedisDatabaseState) {
    if let Value::Value(name) = &config.name {
        diags.errors.extend(check_name(name));
    }
    if let Value::Value(memory_size) = &config.memory_size {
        diags.errors.extend(check_memory_size(*memory_size));
    }
    if let Value::Value(port) = &config.port {
        diags.errors.extend(check_port(*port));
    }
    for (attribute, value, words) in [
        ("eviction_policy", &config.eviction_policy, &EVICTION_POLICIES[..]),
        ("data_persistence", &config.data_persistence, &DATA_PERSISTENCES),
        ("aof_policy", &config.aof_policy, &AOF_POLICIES),
    ] {
        if let Value::Value(word) = value {
            diags
                .errors
                .extend(check_word(AttributePath::new(attribute), attribute, word, words));
        }
    }
    diags.errors.extend(persistence::check(config));
    if let Value::Value(permissions) = &config.roles_permissions {
        diags.errors.extend(roles_permissions::check(permissions));
    }
    if let Value::Value(timeouts) = &config.timeouts {
        diags.errors.extend(check_timeouts(timeouts));
    }
    check_password(diags, config);
    if let Value::Value(mtls) = &config.mtls {
        check_mtls(diags, mtls);
    }
}

/// `docs/contracts/redis-enterprise.md#databases` does not say it; Redis's page of the object does: a label of a host
/// name (RFC 1123, section 2.1).
fn check_name(name: &str) -> Option<Diagnostic> {
    let inside = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
    let suitable = (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(inside)
        && !name.starts_with('-')
        && !name.ends_with('-');
    (!suitable).then(|| {
        diagnostic(
            AttributePath::new("name"),
            "Unsuitable name",
            format!(
                "{name:?} cannot be the name of a database: 1 to {LONGEST_NAME} ASCII letters, digits and hyphens, with \
                 a letter or digit first and last."
            ),
        )
    })
}

fn check_memory_size(memory_size: i64) -> Option<Diagnostic> {
    let suitable = memory_size == 0 || memory_size >= SMALLEST_MEMORY;
    (!suitable).then(|| {
        diagnostic(
            AttributePath::new("memory_size"),
            "Unsuitable memory size",
            format!(
                "{memory_size} octets are too few: an empty Redis takes nearly {SMALLEST_MEMORY}. The unit is the octet; \
                 write for instance 256 * 1024 * 1024, or 0 for no limit."
            ),
        )
    })
}

fn check_port(port: i64) -> Option<Diagnostic> {
    (!(1024..=65_535).contains(&port)).then(|| {
        diagnostic(
            AttributePath::new("port"),
            "Unsuitable port",
            format!("{port} is no port for a database: 1024 to 65535. Leave port away to have the cluster choose one."),
        )
    })
}

fn check_word(path: AttributePath, attribute: &str, word: &str, words: &[&str]) -> Option<Diagnostic> {
    if words.contains(&word) {
        return None;
    }
    let written: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    let detail = match words.iter().find(|known| known.eq_ignore_ascii_case(word)) {
        Some(known) => format!("{attribute} {word:?} is not known; upper and lower case count. Write {known:?}."),
        None => format!(
            "{attribute} {word:?} is not known. Write one of {}.",
            written.join(", ")
        ),
    };
    Some(diagnostic(path, "Unknown word", detail))
}

fn check_password(diags: &mut Diagnostics, config: &RedisDatabaseState) {
    match (
        &config.default_user_password_wo,
        &config.default_user_password_wo_version,
    ) {
        (Value::Value(password), _) if password.is_empty() => error(
            diags,
            AttributePath::new(PASSWORD),
            "Empty password",
            "An empty password is none. Leave it away, or give one.",
        ),
        (Value::Value(password), _) if password.contains(['\n', '\r', '\0']) => error(
            diags,
            AttributePath::new(PASSWORD),
            "Unsuitable password",
            "The password has a line end or a NUL character in it, which the cluster refuses. A text that comes from a file \
             often ends with a line end: write trimspace(file(\"…\")).",
        ),
        (Value::Value(_), Value::Null) => error(
            diags,
            AttributePath::new(PASSWORD_VERSION),
            "Password without a version",
            "The password is in no state, so Terraform cannot see whether it has changed. Set \
             default_user_password_wo_version = 1, and raise it with each change of the password.",
        ),
        (Value::Null, Value::Value(_)) => error(
            diags,
            AttributePath::new(PASSWORD),
            "Version without a password",
            "default_user_password_wo_version says that there is a password, and there is none. Set \
             default_user_password_wo, or remove both.",
        ),
        _ => {}
    }
}

fn check_mtls(diags: &mut Diagnostics, mtls: &DatabaseMtls) {
    if let Value::Value(mode) = &mtls.tls_mode {
        diags.errors.extend(check_word(path(), "tls_mode", mode, &TLS_MODES));
    }
    let enforced = mtls.client_authentication_enforced == Value::Value(true);
    let is_plain = match &mtls.tls_mode {
        Value::Null => true,
        Value::Value(mode) => mode == "disabled",
        Value::Unknown => false,
    };
    if enforced && is_plain {
        error(
            diags,
            path(),
            "Certificates without TLS",
            "client_authentication_enforced is true, and clients show certificates in TLS only. Write tls_mode = \
             \"enabled\".",
        );
    }
    if let Value::Value(texts) = &mtls.client_certificates_pem {
        diags.errors.extend(client_certificates::check(texts));
        if enforced && texts.is_empty() {
            error(
                diags,
                path(),
                "No client certificates",
                "client_authentication_enforced is true, and client_certificates_pem is empty, so nobody could be let \
                 in; the cluster refuses that. Pass the certificate of the clients' authority, for example \
                 [file(\"ca.crt\")].",
            );
        }
    }
    let validation = mtls.subject_validation_type.as_deref_option();
    if let Some(validation) = validation {
        let finding = authorized_subjects::check_validation(path(), validation);
        diags.errors.extend(finding);
    }
    let subjects = authorized_subjects::known(&mtls.authorized_subjects);
    for subject in subjects.iter().flatten() {
        authorized_subjects::check(diags, &path(), subject, validation);
    }
    if let Some(validation @ ("san_cn" | "full_subject")) = validation
        && (mtls.authorized_subjects.is_null() || subjects.is_some_and(|subjects| subjects.is_empty()))
    {
        error(
            diags,
            path(),
            "Nobody could connect",
            format!(
                "With {validation} only authorized subjects are let through, and there are none. Add the subjects, or \
                 write subject_validation_type = \"disabled\"."
            ),
        );
    }
}

const LONGEST_NAME: usize = 63;
/// An empty Redis 8 reports 1.4 MB (`used_memory` in the crate's capture `bdbs_stats.json`); with less than this every
/// write would be refused.
const SMALLEST_MEMORY: i64 = 2 * 1024 * 1024;
/// The words of `docs/contracts/redis-enterprise.md#databases` and of Redis's page of the object.
const EVICTION_POLICIES: [&str; 8] = [
    "noeviction",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
];
const DATA_PERSISTENCES: [&str; 3] = ["disabled", "snapshot", "aof"];
const AOF_POLICIES: [&str; 2] = ["appendfsync-every-sec", "appendfsync-always"];
const TLS_MODES: [&str; 3] = ["enabled", "disabled", "replica_ssl"];

#[cfg(test)]
#[path = "validate_tests.rs"]
mod tests;
