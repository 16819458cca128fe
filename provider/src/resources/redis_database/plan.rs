//! Plans of changes: functions of configuration, prior state and, for certificates that come in, the time.

use certward::pki::Sha256Fingerprint;
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostics};
use time::OffsetDateTime;

use super::model::{DatabaseMtls, RedisDatabaseState};
use super::{client_certificates, persistence, roles_permissions};
use crate::report::{error, warning};
use crate::resources::cluster_mtls_settings::authorized_subjects;
use crate::values::set_default;

/// Plans a database that is not there yet.
pub(crate) fn create(config: RedisDatabaseState) -> RedisDatabaseState {
    let mut planned = with_defaults(config);
    if planned.port.is_null() {
        planned.port = Value::Unknown;
    }
    RedisDatabaseState {
        id: Value::Unknown,
        status: Value::Unknown,
        endpoint: Value::Unknown,
        ..planned
    }
}

/// Plans a change of a database that is there. Everything changes in place.
pub(crate) fn update(prior: &RedisDatabaseState, config: RedisDatabaseState) -> RedisDatabaseState {
    let mut planned = with_defaults(config);
    if planned.port.is_null() {
        planned.port = prior.port;
    }
    planned.id = prior.id.clone();
    planned.status = prior.status.clone();
    planned.endpoint = if planned.port == prior.port {
        prior.endpoint.clone()
    } else {
        Value::Unknown
    };
    // Another order of what means a set is no change, and neither is another spelling of the same certificates.
    keep_same(&mut planned.snapshot_policy, &prior.snapshot_policy, persistence::known);
    keep_same(
        &mut planned.roles_permissions,
        &prior.roles_permissions,
        roles_permissions::known,
    );
    if let (Value::Value(planned), Value::Value(prior)) = (&mut planned.mtls, &prior.mtls) {
        keep_same(
            &mut planned.client_certificates_pem,
            &prior.client_certificates_pem,
            client_certificates::known,
        );
        keep_same(
            &mut planned.authorized_subjects,
            &prior.authorized_subjects,
            |subjects| authorized_subjects::known(subjects).map(authorized_subjects::sorted),
        );
    }
    planned
}

/// Adds what speaks against a plan, and warns of what weakens it.
pub(crate) fn check(
    diags: &mut Diagnostics,
    prior: Option<&RedisDatabaseState>,
    planned: &RedisDatabaseState,
    now: OffsetDateTime,
) {
    let Value::Value(mtls) = &planned.mtls else { return };
    let before = prior.and_then(|prior| prior.mtls.as_ref_option());
    if prior.is_none() {
        check_enforcement(diags, mtls);
    }
    if let Some(members) = client_certificates::known(&mtls.client_certificates_pem) {
        let known = before.and_then(|before| client_certificates::known(&before.client_certificates_pem));
        let known = known.unwrap_or_default();
        // One that is there already may have ended since: that must not block a change of something else.
        let coming = members
            .iter()
            .filter(|(fingerprint, _)| !known.contains_key(*fingerprint));
        let takes_weak = matches!(mtls.allow_weak_hashing, Value::Value(true) | Value::Unknown);
        for (_, certificate) in coming {
            diags.errors.extend(client_certificates::check_dates(certificate, now));
            if !takes_weak {
                diags
                    .warnings
                    .extend(client_certificates::warn_of_weakness(certificate));
            }
        }
    }
    if let Some(before) = before {
        warn_of_what_stays(diags, before, mtls);
    }
    let allows_any_purpose = |mtls: &DatabaseMtls| mtls.allow_missing_extended_key_usage == Value::Value(true);
    if allows_any_purpose(mtls) && !before.is_some_and(allows_any_purpose) {
        warning(
            diags,
            client_certificates::path(),
            "Certificates need not be for clients",
            "Clients are let in with certificates that name no purpose, so also with those that these authorities issue to \
             servers without naming one. Where an authority issues to both, have clients' certificates issued with the \
             extended key usage clientAuth, and set allow_missing_extended_key_usage = false.",
        );
    }
    if mtls.allow_outdated_certificates == Value::Value(true) {
        warning(
            diags,
            client_certificates::path(),
            "Certificates are good for ever",
            "Clients are let in with certificates that have ended, so one that was lost or replaced stays a way in. Have \
             the certificates renewed, and set allow_outdated_certificates = false.",
        );
    }
    if mtls.allow_weak_hashing == Value::Value(true) {
        warning(
            diags,
            client_certificates::path(),
            "Certificates can be forged",
            "Clients are let in with certificates that are signed with SHA-1 or have short keys. Have them issued again, \
             and set allow_weak_hashing = false.",
        );
    }
}

/// A setting that is taken out of the configuration is not managed any more, and stays as it is on the cluster.
fn warn_of_what_stays(diags: &mut Diagnostics, before: &DatabaseMtls, mtls: &DatabaseMtls) {
    for (name, was, is) in [
        (
            "allow_outdated_certificates",
            &before.allow_outdated_certificates,
            &mtls.allow_outdated_certificates,
        ),
        (
            "allow_weak_hashing",
            &before.allow_weak_hashing,
            &mtls.allow_weak_hashing,
        ),
        (
            "allow_missing_extended_key_usage",
            &before.allow_missing_extended_key_usage,
            &mtls.allow_missing_extended_key_usage,
        ),
    ] {
        if (was, is) == (&Value::Value(true), &Value::Null) {
            warning(
                diags,
                client_certificates::path(),
                "Setting stays on",
                format!(
                    "{name} was true and is not in the configuration any more, so Terraform leaves it on. To switch it off, \
                     write {name} = false."
                ),
            );
        }
    }
}

/// A new database has no certificates but those of its plan.
fn check_enforcement(diags: &mut Diagnostics, mtls: &DatabaseMtls) {
    if mtls.client_authentication_enforced == Value::Value(true) && mtls.client_certificates_pem.is_null() {
        error(
            diags,
            client_certificates::path(),
            "No client certificates",
            "client_authentication_enforced is true, and without client_certificates_pem nobody could be let in; the \
             cluster refuses that. Pass the certificate of the clients' authority, for example [file(\"ca.crt\")].",
        );
    }
}

/// The client certificates of the prior state that a plan leaves out; `None` while the plan does not decide about them.
pub(crate) fn left_out(prior: &RedisDatabaseState, planned: &RedisDatabaseState) -> Option<Vec<Sha256Fingerprint>> {
    let known = |state: &RedisDatabaseState| {
        let mtls = state.mtls.as_ref_option()?;
        client_certificates::known(&mtls.client_certificates_pem)
    };
    let (before, after) = (known(prior)?, known(planned)?);
    let left_out = before
        .into_keys()
        .filter(|fingerprint| !after.contains_key(fingerprint));
    Some(left_out.collect())
}

/// Refuses to plan the removal of a protected database. One that could not be made has nothing to protect.
pub(crate) fn guard_removal(diags: &mut Diagnostics, prior: &RedisDatabaseState) {
    let failed = prior.status.as_deref_option() == Some("creation-failed");
    if prior.deletion_protection != Value::Value(false) && !failed {
        let name = prior.name.as_deref().unwrap_or("?");
        error(
            diags,
            AttributePath::new("deletion_protection"),
            "Protected against deletion",
            format!(
                "Refusing to remove \"{name}\" and its data: deletion_protection is true, as it is when nothing is \
                 written. To remove the database, first set deletion_protection = false and apply, then try again."
            ),
        );
    }
}

fn with_defaults(config: RedisDatabaseState) -> RedisDatabaseState {
    let mut planned = RedisDatabaseState {
        // Write-only: in configurations alone.
        default_user_password_wo: Value::Null,
        ..config
    };
    set_default(&mut planned.eviction_policy, "volatile-lru".to_owned());
    set_default(&mut planned.data_persistence, persistence::DISABLED.to_owned());
    persistence::plan(&mut planned);
    set_default(&mut planned.default_user_enabled, true);
    set_default(&mut planned.roles_permissions, Vec::new());
    set_default(&mut planned.deletion_protection, true);
    planned
}

/// Keeps the spelling of the first time of what means the same.
fn keep_same<T: Clone, K: PartialEq>(planned: &mut Value<T>, prior: &Value<T>, known: impl Fn(&Value<T>) -> Option<K>) {
    if let (Some(after), Some(before)) = (known(planned), known(prior))
        && after == before
    {
        *planned = prior.clone();
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
