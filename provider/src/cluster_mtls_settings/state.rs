//! The resource as Terraform keeps it.

use certward::redis_enterprise::AuthorizedSubject;
use serde::{Deserialize, Serialize};
use tf_provider::value::Value;

use super::settings::MtlsSettings;

/// State, configuration and plan of `certward_cluster_mtls_settings`; the schema says what each attribute is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes every attribute")]
pub struct ClusterMtlsSettingsState {
    pub certificate_authentication_enabled: Value<bool>,
    pub subject_validation_type: Value<String>,
    pub authorized_subjects: Value<Vec<Value<AuthorizedSubjectState>>>,
    pub basic_authentication_enabled: Value<bool>,
    pub on_destroy: Value<String>,
    pub allow_lockout: Value<bool>,

    pub id: Value<String>,
}

/// One authorized subject.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes every attribute")]
pub struct AuthorizedSubjectState {
    pub common_name: Value<String>,
    pub organization: Value<String>,
    pub organizational_units: Value<Vec<Value<String>>>,
    pub locality: Value<String>,
    pub province: Value<String>,
    pub country: Value<String>,
}

impl ClusterMtlsSettingsState {
    /// What the configuration, plan or state says about each setting; `None` for one that it does not manage, and for
    /// one that is not known yet.
    pub(crate) fn settings(&self) -> MtlsSettings {
        MtlsSettings {
            certificate_authentication: self.certificate_authentication_enabled.as_option(),
            subject_validation: self.subject_validation_type.clone().as_option(),
            authorized_subjects: self.subjects(),
            basic_authentication: self.basic_authentication_enabled.as_option(),
        }
    }

    /// Whether a setting is known only after apply.
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
        if self.authorized_subjects.is_value() && sorted(self.subjects()) != sorted(present.authorized_subjects.clone())
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

    /// Whether both say the same about the subjects, whatever the order and the form of absent attributes.
    pub(crate) fn same_subjects(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.subjects(), other.subjects());
        ours.is_some() && sorted(ours) == sorted(theirs)
    }

    fn subjects(&self) -> Option<Vec<AuthorizedSubject>> {
        let subjects = self.authorized_subjects.as_ref_option()?.iter();
        subjects
            .map(|subject| subject.as_ref_option().and_then(AuthorizedSubjectState::known))
            .collect()
    }
}

impl AuthorizedSubjectState {
    /// The subject; `None` while a part of it is not known.
    pub(crate) fn known(&self) -> Option<AuthorizedSubject> {
        let text = |value: &Value<String>| match value {
            Value::Value(text) => Some(text.clone()),
            Value::Null => Some(String::new()),
            Value::Unknown => None,
        };
        let units = match &self.organizational_units {
            Value::Value(units) => units.iter().map(text).collect::<Option<Vec<_>>>()?,
            Value::Null => Vec::new(),
            Value::Unknown => return None,
        };
        let subject = AuthorizedSubject::new(text(&self.common_name)?)
            .organization(text(&self.organization)?)
            .locality(text(&self.locality)?)
            .state(text(&self.province)?)
            .country(text(&self.country)?);
        Some(
            units
                .into_iter()
                .fold(subject, |subject, unit| subject.organizational_unit(unit)),
        )
    }
}

impl From<&AuthorizedSubject> for AuthorizedSubjectState {
    fn from(subject: &AuthorizedSubject) -> Self {
        let text = |text: &String| {
            if text.is_empty() {
                Value::Null
            } else {
                Value::Value(text.clone())
            }
        };
        let units = subject.organizational_units.iter().cloned().map(Value::Value);
        Self {
            common_name: Value::Value(subject.common_name.clone()),
            organization: text(&subject.organization),
            organizational_units: if subject.organizational_units.is_empty() {
                Value::Null
            } else {
                Value::Value(units.collect())
            },
            locality: text(&subject.locality),
            province: text(&subject.state),
            country: text(&subject.country),
        }
    }
}

/// The subjects as they are written into a state.
pub(crate) fn subjects_state(settings: &MtlsSettings) -> Value<Vec<Value<AuthorizedSubjectState>>> {
    let subjects = settings.authorized_subjects.as_ref();
    known(subjects.map(|subjects| subjects.iter().map(|subject| Value::Value(subject.into())).collect()))
}

fn sorted(subjects: Option<Vec<AuthorizedSubject>>) -> Option<Vec<AuthorizedSubject>> {
    subjects.map(|mut subjects| {
        subjects.sort_unstable();
        subjects.dedup();
        subjects
    })
}

fn known<T>(value: Option<T>) -> Value<T> {
    value.map_or(Value::Null, Value::Value)
}
