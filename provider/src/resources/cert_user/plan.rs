//! Plans of changes: pure functions of configuration and prior state.

use certward::pki::DistinguishedName;
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostics};

use super::model::CertUserState;
use super::subject::{self, Configured};
use super::{certificate_pem, certificate_subject, roles, subject_line};
use crate::report::error;
use crate::values::{management_role, set_default};

/// Plans a user that is not there yet.
pub(crate) fn create(diags: &mut Diagnostics, config: CertUserState) -> Option<CertUserState> {
    let subject = configured(diags, &config, None)?;
    let mut planned = with_defaults(config);
    plan_subject(&mut planned, &subject, None);
    roles::plan(&mut planned, None);
    planned.id = Value::Unknown;
    planned.status = Value::Unknown;
    warn_of_subject(diags, &planned, &subject, None);
    Some(planned)
}

/// Plans a change of a user that is there. Everything changes in place.
///
/// `own` is the subject by which the cluster knows the provider.
pub(crate) fn update(
    diags: &mut Diagnostics,
    prior: &CertUserState,
    config: CertUserState,
    own: Option<&DistinguishedName>,
) -> Option<CertUserState> {
    let subject = configured(diags, &config, Some(prior))?;
    check_ignored(diags, prior, &config, &subject);
    let mut planned = with_defaults(config);
    plan_subject(&mut planned, &subject, Some(prior));
    roles::plan(&mut planned, Some(prior));
    planned.id = prior.id.clone();
    planned.status = prior.status.clone();
    // The user's text of the first time stays: Terraform shows no change for another spelling of one certificate.
    if certificate_pem::same(&prior.certificate_pem, &planned.certificate_pem) {
        planned.certificate_pem = prior.certificate_pem.clone();
    }
    guard_login(diags, prior);
    guard_own(diags, prior, &planned, &subject, own);
    warn_of_subject(diags, &planned, &subject, Some(prior));
    diags.errors.is_empty().then_some(planned)
}

/// Refuses to plan the removal of a protected user, and of the user the provider is logged in as.
pub(crate) fn guard_removal(diags: &mut Diagnostics, prior: &CertUserState, own: Option<&DistinguishedName>) {
    let name = prior.name.as_deref().unwrap_or("?");
    if prior.deletion_protection == Value::Value(true) {
        error(
            diags,
            AttributePath::new("deletion_protection"),
            "Protected against deletion",
            format!(
                "Refusing to remove \"{name}\": deletion_protection is true. To remove the user, first set \
                 deletion_protection = false and apply, then try again."
            ),
        );
    }
    if is_own(prior, own) {
        error(
            diags,
            AttributePath::root(),
            OWN,
            format!(
                "Refusing to remove \"{name}\": the provider is logged in as this user. Log in with the certificate of \
                 another user first (client_certificate_file and client_private_key_file of the provider block), or \
                 take the user out of Terraform's care without deleting it: removed {{ from = ... lifecycle {{ destroy \
                 = false }} }}"
            ),
        );
    }
}

/// The request holds the subject line, and the roles where they are known. If `ignore_changes` holds that form while
/// the user changes the other one, the old value would be sent: refuse that.
fn check_ignored(diags: &mut Diagnostics, prior: &CertUserState, config: &CertUserState, subject: &Configured) {
    let mut refuse = |attribute: AttributePath, held: AttributePath| {
        error(
            diags,
            attribute.clone(),
            "Change held by ignore_changes",
            format!(
                "{attribute} and {held} are two forms of one value, and the configuration changes the first while \
                 ignore_changes holds the second. Take {held} out of ignore_changes, or add {attribute} to it."
            ),
        );
    };
    if !subject.unchanged && subject.attribute != subject_line::path() && config.certificate_subject_line.is_value() {
        refuse(subject.attribute.clone(), subject_line::path());
    }
    if let (Value::Value(role), Some(ids)) = (&config.role, roles::known_ids(&config.role_ids))
        && prior.role.as_ref_option().is_some_and(|before| before != role)
        && roles::known_ids(&prior.role_ids) == Some(ids)
    {
        refuse(roles::role_path(), roles::ids_path());
    }
}

fn configured(diags: &mut Diagnostics, config: &CertUserState, prior: Option<&CertUserState>) -> Option<Configured> {
    match subject::configured(config, prior) {
        Ok(subject) => Some(subject),
        Err(finding) => {
            diags.add_error(finding);
            None
        }
    }
}

fn with_defaults(mut config: CertUserState) -> CertUserState {
    set_default(&mut config.email, String::new());
    set_default(&mut config.email_alerts, true);
    set_default(&mut config.deletion_protection, false);
    config.auth_method = Value::Value(CERTIFICATE.to_owned());
    config
}

/// Fills in the subject in the forms that the configuration does not set. An equivalent value keeps its former
/// spelling, so that Terraform shows no change.
fn plan_subject(planned: &mut CertUserState, subject: &Configured, prior: Option<&CertUserState>) {
    if let Some(prior) = prior.filter(|_| subject.unchanged) {
        planned.certificate_subject_line = prior.certificate_subject_line.clone();
        match (&planned.certificate_subject, &prior.certificate_subject) {
            (Value::Value(parts), Value::Value(before)) if !certificate_subject::same(parts, before) => {}
            (Value::Value(_), Value::Null | Value::Unknown) => {}
            _ => planned.certificate_subject = prior.certificate_subject.clone(),
        }
    } else if let Some(name) = &subject.name {
        let line = || Value::Value(subject_line::to_text(name));
        for_unset(&mut planned.certificate_subject_line, line);
        let parts = || certificate_subject::of(name).map_or(Value::Null, Value::Value);
        for_unset(&mut planned.certificate_subject, parts);
    } else {
        for_unset(&mut planned.certificate_subject_line, || Value::Unknown);
        for_unset(&mut planned.certificate_subject, || Value::Unknown);
    }
}

fn for_unset<T>(value: &mut Value<T>, then: impl FnOnce() -> Value<T>) {
    if value.is_null() {
        *value = then();
    }
}

/// A user that was turned into one with a password is not turned back in passing: its password would stay behind, or be
/// lost, and no document says which (`docs/contracts/redis-enterprise.md#certificate-users`).
fn guard_login(diags: &mut Diagnostics, prior: &CertUserState) {
    if let Value::Value(method) = &prior.auth_method
        && method != CERTIFICATE
    {
        error(
            diags,
            AttributePath::root(),
            NOT_BY_CERTIFICATE,
            not_by_certificate(prior.name.as_deref().unwrap_or("?"), method),
        );
    }
}

/// Explains that a user with another login cannot be managed, and what to do.
pub(crate) fn not_by_certificate(name: &str, auth_method: &str) -> String {
    format!(
        "\"{name}\" logs in by another way (auth_method {auth_method:?}). Terraform does not turn it into a certificate \
         user, because what becomes of its password is not documented. Either delete it on the cluster and let Terraform \
         make it anew, or turn it yourself, with PUT /v1/users/<uid> and {{\"auth_method\": \"certificate\", \
         \"certificate_subject_line\": \"CN=…\"}}, check that its password no longer works, and plan again."
    )
}

/// Changing the subject of the user one is logged in as, or taking its rights away, locks Terraform out.
fn guard_own(
    diags: &mut Diagnostics,
    prior: &CertUserState,
    planned: &CertUserState,
    subject: &Configured,
    own: Option<&DistinguishedName>,
) {
    if !is_own(prior, own) {
        return;
    }
    let name = prior.name.as_deref().unwrap_or("?");
    if subject.name.is_some() && subject.name.as_ref() != own {
        error(
            diags,
            subject.attribute.clone(),
            OWN,
            format!(
                "Refusing to change the subject of \"{name}\": the provider is logged in as this user, with a \
                 certificate of the subject there is now. Log in with the certificate of another user first."
            ),
        );
    }
    if let (Value::Value(before), Value::Value(after)) = (&prior.role, &planned.role)
        && management_role::rank(after) < management_role::rank(before)
    {
        error(
            diags,
            roles::role_path(),
            OWN,
            format!(
                "Refusing to lower the management role of \"{name}\" from {before} to {after}: the provider is logged in \
                 as this user and could not raise it again. Log in with the certificate of another user first."
            ),
        );
    }
    if let (Some(before), Some(after)) = (roles::known_ids(&prior.role_ids), roles::known_ids(&planned.role_ids))
        && let Some(lost) = before.difference(&after).next()
    {
        error(
            diags,
            roles::ids_path(),
            OWN,
            format!(
                "Refusing to take the role {lost} from \"{name}\": the provider is logged in as this user and may need \
                 it. Log in with the certificate of another user first."
            ),
        );
    }
}

/// Returns `true` when the provider logs in as this user.
fn is_own(state: &CertUserState, own: Option<&DistinguishedName>) -> bool {
    let line = state.certificate_subject_line.as_ref_option();
    own.is_some() && line.and_then(|line| line.parse::<DistinguishedName>().ok()).as_ref() == own
}

/// Said once, when the subject comes in or changes.
fn warn_of_subject(
    diags: &mut Diagnostics,
    planned: &CertUserState,
    subject: &Configured,
    prior: Option<&CertUserState>,
) {
    if let Some(name) = &subject.name
        && prior.is_none_or(|prior| prior.certificate_subject_line != planned.certificate_subject_line)
    {
        diags.warnings.extend(subject_line::warnings(name, &subject.attribute));
    }
}

/// The `auth_method` of every user here.
pub(crate) const CERTIFICATE: &str = "certificate";
pub(crate) const NOT_BY_CERTIFICATE: &str = "Not a certificate user";
const OWN: &str = "This is the user Terraform is logged in as";

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
