//! The resource as Terraform keeps it, and the settings of a cluster that it is about.

use certward::redis_enterprise::{AuthorizedSubject, Cluster, SubjectValidation, UpdateCluster};
use serde::{Deserialize, Serialize};
use tf_provider::value::Value;

use super::authorized_subjects::{self, AuthorizedSubjectState, sorted};
use crate::trust::admission::Rules;

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

/// Some of the settings: those that are there, that are wanted, or that were found before the first change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MtlsSettings {
    /// `mtls_certificate_authentication`
    pub(crate) certificate_authentication: Option<bool>,
    /// `mtls_client_cert_subject_validation_type`
    pub(crate) subject_validation: Option<String>,
    /// `mtls_authorized_subjects`
    pub(crate) authorized_subjects: Option<Vec<AuthorizedSubject>>,
    /// `control_plane_basic_authentication`
    pub(crate) basic_authentication: Option<bool>,
}

impl MtlsSettings {
    /// The settings of a cluster. A setting that its version lacks has the value that matches the version's behaviour.
    pub(crate) fn of(cluster: &Cluster) -> Self {
        let validation = cluster.mtls_client_cert_subject_validation_type.as_ref();
        let validation = validation.unwrap_or(&SubjectValidation::Disabled);
        Self {
            certificate_authentication: Some(cluster.mtls_certificate_authentication.unwrap_or(false)),
            subject_validation: Some(validation.as_str().to_owned()),
            authorized_subjects: Some(cluster.mtls_authorized_subjects.clone()),
            basic_authentication: Some(cluster.control_plane_basic_authentication.unwrap_or(true)),
        }
    }

    /// The request that sets these and nothing else.
    pub(crate) fn request(&self) -> UpdateCluster {
        let mut request = UpdateCluster::new();
        if let Some(enabled) = self.certificate_authentication {
            request = request.mtls_certificate_authentication(enabled);
        }
        if let Some(validation) = self.subject_validation.as_deref() {
            request = request.mtls_client_cert_subject_validation_type(SubjectValidation::from(validation));
        }
        if let Some(subjects) = &self.authorized_subjects {
            request = request.mtls_authorized_subjects(subjects.clone());
        }
        if let Some(enabled) = self.basic_authentication {
            request = request.control_plane_basic_authentication(enabled);
        }
        request
    }

    /// The cluster's rules after these settings are applied to `present`.
    pub(crate) fn applied_to(&self, present: &Rules) -> Rules {
        Rules {
            certificate_authentication: self
                .certificate_authentication
                .unwrap_or(present.certificate_authentication),
            authorities: present.authorities.clone(),
            subject_validation: match self.subject_validation.as_deref() {
                Some(validation) => SubjectValidation::from(validation),
                None => present.subject_validation.clone(),
            },
            authorized_subjects: match &self.authorized_subjects {
                Some(subjects) => subjects.clone(),
                None => present.authorized_subjects.clone(),
            },
        }
    }

    /// Returns `true` when no setting is given.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The settings to set so that `present` becomes `self`. Order and repetition of subjects do not count.
    pub(crate) fn changes(&self, present: &Self) -> Self {
        fn differing<T: Clone + PartialEq>(wanted: &Option<T>, present: &Option<T>) -> Option<T> {
            wanted.clone().filter(|_| wanted != present)
        }
        let same_subjects = normal(&self.authorized_subjects) == normal(&present.authorized_subjects);
        Self {
            certificate_authentication: differing(
                &self.certificate_authentication,
                &present.certificate_authentication,
            ),
            subject_validation: differing(&self.subject_validation, &present.subject_validation),
            authorized_subjects: self.authorized_subjects.clone().filter(|_| !same_subjects),
            basic_authentication: differing(&self.basic_authentication, &present.basic_authentication),
        }
    }

    /// These settings, and those of `other` about which nothing is said here.
    pub(crate) fn or(self, other: &Self) -> Self {
        Self {
            certificate_authentication: self.certificate_authentication.or(other.certificate_authentication),
            subject_validation: self.subject_validation.or_else(|| other.subject_validation.clone()),
            authorized_subjects: self.authorized_subjects.or_else(|| other.authorized_subjects.clone()),
            basic_authentication: self.basic_authentication.or(other.basic_authentication),
        }
    }

    /// The settings of `present` that these would change: what puts them back.
    pub(crate) fn undone(&self, present: &Self) -> Self {
        Self {
            certificate_authentication: present
                .certificate_authentication
                .filter(|_| self.certificate_authentication.is_some()),
            subject_validation: present
                .subject_validation
                .clone()
                .filter(|_| self.subject_validation.is_some()),
            authorized_subjects: present
                .authorized_subjects
                .clone()
                .filter(|_| self.authorized_subjects.is_some()),
            basic_authentication: present
                .basic_authentication
                .filter(|_| self.basic_authentication.is_some()),
        }
    }

    /// The attributes of the resource that these settings are about.
    pub(crate) fn attributes(&self) -> Vec<&'static str> {
        [
            (CERTIFICATE_AUTHENTICATION, self.certificate_authentication.is_some()),
            (SUBJECT_VALIDATION, self.subject_validation.is_some()),
            (AUTHORIZED_SUBJECTS, self.authorized_subjects.is_some()),
            (BASIC_AUTHENTICATION, self.basic_authentication.is_some()),
        ]
        .into_iter()
        .filter_map(|(attribute, there)| there.then_some(attribute))
        .collect()
    }
}

fn normal(subjects: &Option<Vec<AuthorizedSubject>>) -> Option<Vec<AuthorizedSubject>> {
    let mut subjects = subjects.clone()?;
    subjects.sort_unstable();
    subjects.dedup();
    Some(subjects)
}

/// The attribute of `mtls_certificate_authentication`.
pub(crate) const CERTIFICATE_AUTHENTICATION: &str = "certificate_authentication_enabled";
/// The attribute of `mtls_client_cert_subject_validation_type`.
pub(crate) const SUBJECT_VALIDATION: &str = "subject_validation_type";
/// The attribute of `mtls_authorized_subjects`.
pub(crate) const AUTHORIZED_SUBJECTS: &str = "authorized_subjects";
/// The attribute of `control_plane_basic_authentication`.
pub(crate) const BASIC_AUTHENTICATION: &str = "basic_authentication_enabled";
