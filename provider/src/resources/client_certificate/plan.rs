//! Effects of a change, as pure functions of configuration and prior state.

use std::collections::BTreeMap;

use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostics};
use time::OffsetDateTime;

use certward::pki::Thumbprint;
use certward::ravendb::SecurityClearance;

use super::certificate_pem;
use super::model::{ClientCertificateState, GrantAttribute, rank, same_permissions};
use crate::report::error;
use crate::resources::compared::Attribute;
use crate::values::set_default;

/// Plans an entry that is not there yet. Only here does a plan look at the clock: nothing expired is registered.
pub(crate) fn create(
    diags: &mut Diagnostics,
    config: ClientCertificateState,
    now: OffsetDateTime,
) -> Option<ClientCertificateState> {
    let mut planned = with_defaults(config);
    match &planned.certificate_pem {
        Value::Value(text) => match certificate_pem::parse(text) {
            Ok(certificate) => {
                diags.errors.extend(certificate_pem::check(&certificate));
                diags.errors.extend(certificate_pem::check_dates(&certificate, now));
                diags.warnings.extend(certificate_pem::warn_of_chain(text, now));
                planned.describe(&certificate);
            }
            Err(finding) => diags.add_error(finding),
        },
        Value::Null | Value::Unknown => planned.describe_unknown(),
    }
    diags.errors.is_empty().then_some(planned)
}

/// Plans a change of an entry that is there, and says which attributes force a replacement.
///
/// `own` is the certificate the provider is logged in with.
pub(crate) fn update(
    diags: &mut Diagnostics,
    prior: &ClientCertificateState,
    config: ClientCertificateState,
    own: Option<Thumbprint>,
) -> Option<(ClientCertificateState, Vec<AttributePath>)> {
    let mut planned = with_defaults(config);
    let mut requires_replace = Vec::new();
    if certificate_pem::same(&prior.certificate_pem, &planned.certificate_pem) {
        // The user's text of the first time stays: Terraform shows no change for another spelling of one certificate.
        planned.certificate_pem = prior.certificate_pem.clone();
        planned.describe_as(prior);
    } else {
        requires_replace.push(certificate_pem::path());
        match &planned.certificate_pem {
            Value::Value(text) => match certificate_pem::parse(text) {
                Ok(certificate) => planned.describe(&certificate),
                Err(finding) => diags.add_error(finding),
            },
            Value::Null | Value::Unknown => planned.describe_unknown(),
        }
        guard_removal(diags, prior, own, certificate_pem::path());
    }
    if let (Value::Value(before), Value::Value(after)) = (&prior.database_permissions, &planned.database_permissions)
        && same_permissions(before, after)
    {
        planned.database_permissions = prior.database_permissions.clone();
    }
    if requires_replace.is_empty() {
        guard_own_rights(diags, prior, &planned, own);
    }
    diags.errors.is_empty().then_some((planned, requires_replace))
}

/// Refuses to plan the removal of a protected entry, and of the certificate the provider is logged in with.
pub(crate) fn guard_removal(
    diags: &mut Diagnostics,
    prior: &ClientCertificateState,
    own: Option<Thumbprint>,
    attribute: AttributePath,
) {
    let name = prior.name.as_deref().unwrap_or("?");
    let thumbprint = prior.thumbprint.as_deref().unwrap_or("?");
    if prior.deletion_protection == Value::Value(true) {
        error(
            diags,
            if attribute.steps.is_empty() {
                AttributePath::new("deletion_protection")
            } else {
                attribute.clone()
            },
            "Protected against deletion",
            format!(
                "Refusing to remove \"{name}\" ({thumbprint}): deletion_protection is true. To remove it, first set \
                 deletion_protection = false and apply, then try again."
            ),
        );
    }
    if is_own(prior, own) {
        error(
            diags,
            attribute,
            "This is the certificate Terraform is using",
            format!(
                "Refusing to remove \"{name}\" ({thumbprint}): the provider is logged in with it. Log in with another \
                 certificate first (client_certificate_file and client_private_key_file of the provider block), or \
                 take the entry out of Terraform's care without deleting it: removed {{ from = ... lifecycle {{ \
                 destroy = false }} }}"
            ),
        );
    }
}

/// True if the entry is the provider's own client certificate.
pub(crate) fn is_own(state: &ClientCertificateState, own: Option<Thumbprint>) -> bool {
    own.is_some() && state.thumbprint() == own
}

fn with_defaults(mut config: ClientCertificateState) -> ClientCertificateState {
    set_default(&mut config.security_clearance, SecurityClearance::ValidUser);
    set_default(&mut config.database_permissions, BTreeMap::new());
    set_default(&mut config.disabled, false);
    set_default(&mut config.deletion_protection, false);
    config
}

/// Lowering the clearance of the certificate one is logged in with, or disabling it, locks Terraform out.
fn guard_own_rights(
    diags: &mut Diagnostics,
    prior: &ClientCertificateState,
    planned: &ClientCertificateState,
    own: Option<Thumbprint>,
) {
    if !is_own(prior, own) {
        return;
    }
    let name = prior.name.as_deref().unwrap_or("?");
    if planned.disabled == Value::Value(true) && prior.disabled != Value::Value(true) {
        error(
            diags,
            GrantAttribute::Disabled.path(),
            "This is the certificate Terraform is using",
            format!(
                "Refusing to disable \"{name}\": the provider is logged in with it. Log in with another certificate \
                 first."
            ),
        );
    }
    if let (Value::Value(before), Value::Value(after)) = (&prior.security_clearance, &planned.security_clearance)
        && rank(after) < rank(before)
    {
        error(
            diags,
            GrantAttribute::SecurityClearance.path(),
            "This is the certificate Terraform is using",
            format!(
                "Refusing to lower the clearance of \"{name}\" from {before} to {after}: the provider is logged in \
                 with it and could not raise it again. Log in with another certificate first."
            ),
        );
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
