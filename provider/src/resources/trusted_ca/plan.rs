//! Plans of changes: pure functions of configuration and prior state.

use certward::pki::certificates_from_pem;
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostics};
use time::OffsetDateTime;

use super::model::TrustedCaState;
use crate::trust::ca_certificate;
use crate::values::set_default;

/// Adds what is wrong with the configuration alone. A value that is not known yet is left for a later call.
pub(crate) fn validate(diags: &mut Diagnostics, config: &TrustedCaState) {
    if let Value::Value(text) = &config.certificate_pem {
        match ca_certificate::parse_one(CERTIFICATE_PEM, text) {
            Ok(certificate) => diags
                .errors
                .extend(ca_certificate::check(CERTIFICATE_PEM, &certificate)),
            Err(finding) => diags.add_error(finding),
        }
    }
}

/// Plans an authority that is not there yet. Only here does a plan look at the clock.
pub(crate) fn create(diags: &mut Diagnostics, config: TrustedCaState, now: OffsetDateTime) -> Option<TrustedCaState> {
    let mut planned = with_defaults(config);
    match &planned.certificate_pem {
        Value::Value(text) => match ca_certificate::parse_one(CERTIFICATE_PEM, text) {
            Ok(certificate) => {
                diags
                    .errors
                    .extend(ca_certificate::check(CERTIFICATE_PEM, &certificate));
                match ca_certificate::check_dates(CERTIFICATE_PEM, &certificate, now) {
                    Some(finding) => diags.add_error(finding),
                    None => diags
                        .warnings
                        .extend(ca_certificate::ending(CERTIFICATE_PEM, &certificate, now)),
                }
                planned.describe(&certificate);
            }
            Err(finding) => diags.add_error(finding),
        },
        Value::Null | Value::Unknown => planned.describe_unknown(),
    }
    diags.errors.is_empty().then_some(planned)
}

/// Plans a change of an authority that is there, and says which attributes force a replacement.
pub(crate) fn update(
    diags: &mut Diagnostics,
    prior: &TrustedCaState,
    config: TrustedCaState,
) -> Option<(TrustedCaState, Vec<AttributePath>)> {
    let mut planned = with_defaults(config);
    let mut requires_replace = Vec::new();
    if same_certificate(&prior.certificate_pem, &planned.certificate_pem) {
        // The user's text of the first time stays: Terraform shows no change for another spelling of one certificate.
        planned.certificate_pem = prior.certificate_pem.clone();
        planned.describe_as(prior);
    } else {
        requires_replace.push(AttributePath::new(CERTIFICATE_PEM));
        match &planned.certificate_pem {
            Value::Value(text) => match ca_certificate::parse_one(CERTIFICATE_PEM, text) {
                Ok(certificate) => planned.describe(&certificate),
                Err(finding) => diags.add_error(finding),
            },
            Value::Null | Value::Unknown => planned.describe_unknown(),
        }
    }
    diags.errors.is_empty().then_some((planned, requires_replace))
}

fn with_defaults(mut config: TrustedCaState) -> TrustedCaState {
    set_default(&mut config.allow_lockout, false);
    config
}

fn same_certificate(prior: &Value<String>, next: &Value<String>) -> bool {
    match (prior, next) {
        (Value::Value(prior), Value::Value(next)) => {
            prior == next
                || match (certificates_from_pem(prior), certificates_from_pem(next)) {
                    (Ok(prior), Ok(next)) => prior == next,
                    _ => false,
                }
        }
        _ => false,
    }
}

/// The attribute that holds the certificate.
pub(crate) const CERTIFICATE_PEM: &str = "certificate_pem";

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
