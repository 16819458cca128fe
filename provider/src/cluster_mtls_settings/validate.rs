//! What is checked before anything is planned: the configuration alone, without clock and network.

use certward::redis_enterprise::AuthorizedSubject;
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostics};

use super::settings::{AUTHORIZED_SUBJECTS, BASIC_AUTHENTICATION, SUBJECT_VALIDATION};
use super::state::ClusterMtlsSettingsState;
use super::{KEEP, RESTORE};
use crate::report::{error, warning};

/// Adds what is wrong with the configuration. Values that are not known yet are left for a later call.
pub(crate) fn validate(diags: &mut Diagnostics, config: &ClusterMtlsSettingsState) {
    if let Value::Value(on_destroy) = &config.on_destroy
        && ![KEEP, RESTORE].contains(&on_destroy.as_str())
    {
        error(
            diags,
            AttributePath::new("on_destroy"),
            "Unknown way to destroy",
            format!("\"{on_destroy}\" is not known. Write \"{KEEP}\" or \"{RESTORE}\"."),
        );
    }
    if let Value::Value(validation) = &config.subject_validation_type
        && !VALIDATIONS.contains(&validation.as_str())
    {
        let detail = match VALIDATIONS.iter().find(|known| known.eq_ignore_ascii_case(validation)) {
            Some(known) => format!("\"{validation}\" is not known; upper and lower case count. Write \"{known}\"."),
            None => format!("\"{validation}\" is not known. Write one of \"disabled\", \"san_cn\", \"full_subject\"."),
        };
        error(
            diags,
            AttributePath::new(SUBJECT_VALIDATION),
            "Unknown subject validation",
            detail,
        );
    }
    let wanted = config.settings();
    for subject in wanted.authorized_subjects.iter().flatten() {
        check_subject(diags, subject, wanted.subject_validation.as_deref());
    }
    if config.allow_lockout == Value::Value(true) || config.allow_lockout.is_unknown() {
        return;
    }
    if let Some(validation @ ("san_cn" | "full_subject")) = wanted.subject_validation.as_deref()
        && wanted.authorized_subjects.as_ref().is_some_and(Vec::is_empty)
    {
        error(
            diags,
            AttributePath::new(AUTHORIZED_SUBJECTS),
            "Nobody could log in",
            format!(
                "With {validation} only authorized subjects are let through, and the list is empty. Add the subjects, \
                 write subject_validation_type = \"disabled\", or set allow_lockout = true."
            ),
        );
    }
    if wanted.basic_authentication == Some(false) && wanted.certificate_authentication == Some(false) {
        error(
            diags,
            AttributePath::new(BASIC_AUTHENTICATION),
            "Nobody could log in",
            "Neither passwords nor certificates would be taken. Leave one of them on, or set allow_lockout = true.",
        );
    }
}

fn check_subject(diags: &mut Diagnostics, subject: &AuthorizedSubject, validation: Option<&str>) {
    let common_name = &subject.common_name;
    if common_name.is_empty() {
        error(
            diags,
            AttributePath::new(AUTHORIZED_SUBJECTS),
            "Authorized subject without a common name",
            "Every authorized subject has a common_name that is not empty.",
        );
    }
    if common_name.contains('*') {
        warning(
            diags,
            AttributePath::new(AUTHORIZED_SUBJECTS),
            "No wildcards in authorized subjects",
            format!(
                "\"{common_name}\" lets through a certificate with exactly this name, the * included, and no other."
            ),
        );
    }
    if validation == Some("san_cn") && *subject != AuthorizedSubject::new(common_name) {
        warning(
            diags,
            AttributePath::new(AUTHORIZED_SUBJECTS),
            "Only the common name counts",
            format!(
                "With san_cn the other attributes of \"{common_name}\" are not looked at. Write \"full_subject\" if they \
                 should be."
            ),
        );
    }
}

/// The values of `mtls_client_cert_subject_validation_type` (contract section 2.1).
const VALIDATIONS: [&str; 3] = ["disabled", "san_cn", "full_subject"];
