//! Plans of changes: pure functions of configuration and prior state.

use tf_provider::value::Value;

use super::KEEP;
use super::state::ClusterMtlsSettingsState;

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

fn with_defaults(config: ClusterMtlsSettingsState) -> ClusterMtlsSettingsState {
    let mut config = config;
    if config.on_destroy.is_null() {
        config.on_destroy = Value::Value(KEEP.to_owned());
    }
    if config.allow_lockout.is_null() {
        config.allow_lockout = Value::Value(false);
    }
    config
}
