//! Validation and plans of changes: pure functions of configuration and prior state.

use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostics};

use super::model::{AUTHORIZED_SUBJECTS, BASIC_AUTHENTICATION, ClusterMtlsSettingsState, SUBJECT_VALIDATION};
use super::{KEEP, RESTORE, authorized_subjects};
use crate::report::error;
use crate::values::set_default;

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
    if let Value::Value(validation) = &config.subject_validation_type {
        diags.errors.extend(authorized_subjects::check_validation(
            AttributePath::new(SUBJECT_VALIDATION),
            validation,
        ));
    }
    let wanted = config.settings();
    for subject in wanted.authorized_subjects.iter().flatten() {
        let path = AttributePath::new(AUTHORIZED_SUBJECTS);
        authorized_subjects::check(diags, &path, subject, wanted.subject_validation.as_deref());
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

/// Plans settings that Terraform does not manage yet.
pub(crate) fn create(config: ClusterMtlsSettingsState) -> ClusterMtlsSettingsState {
    ClusterMtlsSettingsState {
        id: Value::Unknown,
        ..with_defaults(config)
    }
}

/// Plans a change of managed settings.
pub(crate) fn update(prior: &ClusterMtlsSettingsState, config: ClusterMtlsSettingsState) -> ClusterMtlsSettingsState {
    let mut planned = with_defaults(config);
    if planned.same_subjects(prior) {
        // An empty text and none are the same to the cluster; what the user wrote first stays.
        planned.authorized_subjects = prior.authorized_subjects.clone();
    }
    planned.id = prior.id.clone();
    planned
}

fn with_defaults(mut config: ClusterMtlsSettingsState) -> ClusterMtlsSettingsState {
    set_default(&mut config.on_destroy, KEEP.to_owned());
    set_default(&mut config.allow_lockout, false);
    config
}
