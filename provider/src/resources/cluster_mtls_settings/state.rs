//! The resource as Terraform keeps it.

use certward::redis_enterprise::AuthorizedSubject;
use serde::{Deserialize, Serialize};
use tf_provider::value::Value;

use super::authorized_subjects::{self, AuthorizedSubjectState, sorted};
use super::settings::MtlsSettings;

/// State, configuration and plan of `certward_cluster_mtls_settings`; the schema says what each attribute is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ClusterMtlsSettingsState {
    pub(crate) certificate_authentication_enabled: Value<bool>,
    pub(crate) subject_validation_type: Value<String>,
    pub(crate) authorized_subjects: Value<Vec<Value<AuthorizedSubjectState>>>,
    pub(crate) basic_authentication_enabled: Value<bool>,
    pub(crate) on_destroy: Value<String>,
    pub(crate) allow_lockout: Value<bool>,

    pub(crate) id: Value<String>,
}

impl ClusterMtlsSettingsState {
    /// The settings in the configuration, plan or state; `None` for one that is not managed or not known yet.
    pub(crate) fn settings(&self) -> MtlsSettings {
        MtlsSettings {
            certificate_authentication: self.certificate_authentication_enabled.as_option(),
            subject_validation: self.subject_validation_type.clone().as_option(),
            authorized_subjects: self.subjects(),
            basic_authentication: self.basic_authentication_enabled.as_option(),
        }
    }

    /// Returns `true` when a setting is known only after apply.
    pub(crate) fn is_partly_unknown(&self) -> bool {
        self.certificate_authentication_enabled.is_unknown()
            || self.subject_validation_type.is_unknown()
            || self.basic_authentication_enabled.is_unknown()
            || (!self.authorized_subjects.is_null() && self.subjects().is_none())
    }

    /// Fills in what the cluster has, for the settings that are managed. Subjects that say the same stay as they were
    /// written.
    pub(crate) fn take_over(&mut self, present: &MtlsSettings) {
        if self.certificate_authentication_enabled.is_value() {
            self.certificate_authentication_enabled = known(present.certificate_authentication);
        }
        if self.subject_validation_type.is_value() {
            self.subject_validation_type = known(present.subject_validation.clone());
        }
        if self.basic_authentication_enabled.is_value() {
            self.basic_authentication_enabled = known(present.basic_authentication);
        }
        if self.authorized_subjects.is_value()
            && self.subjects().map(sorted) != present.authorized_subjects.clone().map(sorted)
        {
            self.authorized_subjects = subjects_state(present);
        }
    }

    /// Fills in every setting the cluster has, managed or not: the state of an import.
    pub(crate) fn take_over_everything(&mut self, present: &MtlsSettings) {
        self.certificate_authentication_enabled = known(present.certificate_authentication);
        self.subject_validation_type = known(present.subject_validation.clone());
        self.authorized_subjects = subjects_state(present);
        self.basic_authentication_enabled = known(present.basic_authentication);
    }

    /// True if both have the same subjects, regardless of order and of the form of absent attributes.
    pub(crate) fn same_subjects(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.subjects(), other.subjects());
        ours.is_some() && ours.map(sorted) == theirs.map(sorted)
    }

    fn subjects(&self) -> Option<Vec<AuthorizedSubject>> {
        authorized_subjects::known(&self.authorized_subjects)
    }
}

/// The subjects as they are written into a state.
pub(crate) fn subjects_state(settings: &MtlsSettings) -> Value<Vec<Value<AuthorizedSubjectState>>> {
    let subjects = settings.authorized_subjects.as_deref();
    subjects.map_or(Value::Null, authorized_subjects::to_value)
}

fn known<T>(value: Option<T>) -> Value<T> {
    value.map_or(Value::Null, Value::Value)
}
