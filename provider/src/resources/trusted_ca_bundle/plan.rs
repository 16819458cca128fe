//! Plans of changes: functions of configuration, prior state and, for what is added, the time.

use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostics};
use time::OffsetDateTime;

use super::model::{ID, Members, TrustedCaBundleState};
use crate::report::error;
use crate::trust::ca_certificate;
use crate::values::set_default;

/// Adds what is wrong with the configuration alone. Values that are not known yet are left for a later call.
pub(crate) fn validate(diags: &mut Diagnostics, config: &TrustedCaBundleState) {
    if is_empty(config) {
        no_authorities(diags);
    }
    if let Value::Value(texts) = &config.certificates_pem {
        for text in texts.iter().filter_map(Value::as_deref_option) {
            match ca_certificate::parse_all(CERTIFICATES_PEM, text) {
                Ok(certificates) => {
                    let findings = certificates
                        .iter()
                        .flat_map(|certificate| ca_certificate::check(CERTIFICATES_PEM, certificate));
                    diags.errors.extend(findings);
                }
                Err(finding) => diags.add_error(finding),
            }
        }
    }
    if let Value::Value(on_destroy) = &config.on_destroy
        && ![KEEP, REMOVE].contains(&on_destroy.as_str())
    {
        error(
            diags,
            AttributePath::new("on_destroy"),
            "Unknown way to destroy",
            format!("\"{on_destroy}\" is not known. Write \"{KEEP}\" or \"{REMOVE}\"."),
        );
    }
}

/// True if a configuration lists no CA: no list, an empty one, or one of nulls.
pub(crate) fn is_empty(config: &TrustedCaBundleState) -> bool {
    match &config.certificates_pem {
        Value::Null => true,
        Value::Value(texts) => texts.iter().all(Value::is_null),
        Value::Unknown => false,
    }
}

/// Refuses to empty a trust store by a list that is null or empty, as a variable is that nobody has set.
pub(crate) fn no_authorities(diags: &mut Diagnostics) {
    error(
        diags,
        AttributePath::new(CERTIFICATES_PEM),
        "No authorities",
        "A bundle has one authority at least, and certificates_pem is null, empty, or holds only null: a variable may not be \
         set. To trust none, switch authentication by certificate off (certward_cluster_mtls_settings), set on_destroy = \
         \"remove\" here, apply, and remove the resource.",
    );
}

/// Plans a bundle that Terraform does not know yet.
pub(crate) fn create(
    diags: &mut Diagnostics,
    config: TrustedCaBundleState,
    now: OffsetDateTime,
) -> Option<TrustedCaBundleState> {
    planned(diags, with_defaults(config), &Members::new(), now)
}

/// Plans a change of the bundle.
pub(crate) fn update(
    diags: &mut Diagnostics,
    prior: &TrustedCaBundleState,
    config: TrustedCaBundleState,
    now: OffsetDateTime,
) -> Option<TrustedCaBundleState> {
    let mut next = with_defaults(config);
    let before = prior.members();
    if before.is_some() && next.members() == before {
        // The user's texts of the first time stay: another spelling of the same certificates is no change.
        next.certificates_pem = prior.certificates_pem.clone();
        next.fingerprints_sha256 = prior.fingerprints_sha256.clone();
        next.id = prior.id.clone();
        return Some(next);
    }
    planned(diags, next, &before.unwrap_or_default(), now)
}

/// The plan with everything filled in that follows from the certificates; those not in `before` are fit to be added.
fn planned(
    diags: &mut Diagnostics,
    mut next: TrustedCaBundleState,
    before: &Members,
    now: OffsetDateTime,
) -> Option<TrustedCaBundleState> {
    next.id = Value::Value(ID.to_owned());
    if is_empty(&next) {
        no_authorities(diags);
    }
    match next.members() {
        Some(members) => {
            for (fingerprint, certificate) in &members {
                if before.contains_key(fingerprint) {
                    continue;
                }
                diags
                    .errors
                    .extend(ca_certificate::check(CERTIFICATES_PEM, certificate));
                match ca_certificate::check_dates(CERTIFICATES_PEM, certificate, now) {
                    Some(finding) => diags.add_error(finding),
                    None => diags
                        .warnings
                        .extend(ca_certificate::ending(CERTIFICATES_PEM, certificate, now)),
                }
            }
            next.describe(&members);
        }
        None => next.fingerprints_sha256 = Value::Unknown,
    }
    diags.errors.is_empty().then_some(next)
}

fn with_defaults(mut config: TrustedCaBundleState) -> TrustedCaBundleState {
    set_default(&mut config.on_destroy, KEEP.to_owned());
    set_default(&mut config.allow_lockout, false);
    config
}

/// The attribute that holds the certificates.
pub(crate) const CERTIFICATES_PEM: &str = "certificates_pem";
/// The default of `on_destroy`.
pub(crate) const KEEP: &str = "keep";
/// The other way to destroy.
pub(crate) const REMOVE: &str = "remove";

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
