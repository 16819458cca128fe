//! The attribute `mtls`: what is managed of a database's TLS and of the certificates of its clients.

use certward::redis_enterprise::{
    AuthorizedSubject, ClientAuthentication, CreateDatabase, Database, DatabaseTlsMode, SubjectValidation,
    UpdateDatabase,
};
use tf_provider::Diagnostic;
use tf_provider::value::Value;

use super::client_certificates::{self, Members};
use super::model::DatabaseMtls;
use crate::report::diagnostic;
use crate::resources::cluster_mtls_settings::authorized_subjects;

/// Some of the settings: those that are there, or that are wanted. `None`: not managed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct MtlsDefinition {
    pub(crate) tls_mode: Option<String>,
    pub(crate) client_authentication_enforced: Option<bool>,
    pub(crate) client_certificates: Option<Members>,
    pub(crate) subject_validation_type: Option<String>,
    /// Sorted and without repetitions.
    pub(crate) authorized_subjects: Option<Vec<AuthorizedSubject>>,
    pub(crate) allow_outdated_certificates: Option<bool>,
    pub(crate) allow_weak_hashing: Option<bool>,
    pub(crate) allow_missing_extended_key_usage: Option<bool>,
}

impl MtlsDefinition {
    /// Reads a state or plan; the outer `None` when something of it is not known yet.
    pub(crate) fn of_state(mtls: &Value<DatabaseMtls>) -> Option<Self> {
        let mtls = match mtls {
            Value::Value(mtls) => mtls,
            Value::Null => return Some(Self::default()),
            Value::Unknown => return None,
        };
        Some(Self {
            tls_mode: managed(&mtls.tls_mode)?,
            client_authentication_enforced: managed(&mtls.client_authentication_enforced)?,
            client_certificates: match &mtls.client_certificates_pem {
                Value::Null => None,
                texts => Some(client_certificates::known(texts)?),
            },
            subject_validation_type: managed(&mtls.subject_validation_type)?,
            authorized_subjects: match &mtls.authorized_subjects {
                Value::Null => None,
                subjects => Some(authorized_subjects::sorted(authorized_subjects::known(subjects)?)),
            },
            allow_outdated_certificates: managed(&mtls.allow_outdated_certificates)?,
            allow_weak_hashing: managed(&mtls.allow_weak_hashing)?,
            allow_missing_extended_key_usage: managed(&mtls.allow_missing_extended_key_usage)?,
        })
    }

    /// Reads the cluster's answer. An omitted member has the default of `docs/contracts/redis-enterprise.md#databases`;
    /// certificates that cannot be read are as if there were none, so that they are replaced.
    pub(crate) fn of_database(database: &Database) -> Self {
        let mode = database.tls_mode.as_ref();
        let validation = database.client_cert_subject_validation_type.as_ref();
        Self {
            tls_mode: Some(mode.unwrap_or(&DatabaseTlsMode::Disabled).to_string()),
            client_authentication_enforced: Some(
                database.enforce_client_authentication == Some(ClientAuthentication::Enabled),
            ),
            client_certificates: Some(client_certificates::members(
                database.client_certificates().unwrap_or_default(),
            )),
            subject_validation_type: Some(validation.unwrap_or(&SubjectValidation::Disabled).to_string()),
            authorized_subjects: Some(authorized_subjects::sorted(database.authorized_subjects.clone())),
            allow_outdated_certificates: Some(database.mtls_allow_outdated_certs.unwrap_or(false)),
            allow_weak_hashing: Some(database.mtls_allow_weak_hashing.unwrap_or(false)),
            allow_missing_extended_key_usage: Some(database.certward_mtls_allow_missing_eku.unwrap_or(false)),
        }
    }

    /// The settings of `self` that differ in `there`.
    pub(crate) fn missing(&self, there: &Self) -> Self {
        fn missing<T: Clone + PartialEq>(wanted: &Option<T>, there: &Option<T>) -> Option<T> {
            wanted.clone().filter(|_| wanted != there)
        }
        Self {
            tls_mode: missing(&self.tls_mode, &there.tls_mode),
            client_authentication_enforced: missing(
                &self.client_authentication_enforced,
                &there.client_authentication_enforced,
            ),
            client_certificates: missing(&self.client_certificates, &there.client_certificates),
            subject_validation_type: missing(&self.subject_validation_type, &there.subject_validation_type),
            authorized_subjects: missing(&self.authorized_subjects, &there.authorized_subjects),
            allow_outdated_certificates: missing(&self.allow_outdated_certificates, &there.allow_outdated_certificates),
            allow_weak_hashing: missing(&self.allow_weak_hashing, &there.allow_weak_hashing),
            allow_missing_extended_key_usage: missing(
                &self.allow_missing_extended_key_usage,
                &there.allow_missing_extended_key_usage,
            ),
        }
    }

    /// The error about a setting that the cluster does not have: it says nothing of it.
    pub(crate) fn unknown_to(&self, database: &Database) -> Option<Diagnostic> {
        let is_unknown =
            self.allow_missing_extended_key_usage == Some(true) && database.certward_mtls_allow_missing_eku.is_none();
        is_unknown.then(|| {
            diagnostic(
                client_certificates::path(),
                "Setting of the Certward server",
                "allow_missing_extended_key_usage is true, and the cluster does not have this setting: its answer says \
                 nothing of certward_mtls_allow_missing_eku. The Certward server has it, Redis Enterprise does not. Remove \
                 it, or bring the Certward server up to date.",
            )
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// As it stands in a configuration; certificates by their fingerprints.
    pub(crate) fn shown(&self) -> String {
        let mut parts = Vec::new();
        let mut part = |name: &str, value: Option<String>| {
            parts.extend(value.map(|value| format!("{name} = {value}")));
        };
        part("tls_mode", self.tls_mode.as_ref().map(|mode| format!("{mode:?}")));
        let bool = |value: Option<bool>| value.map(|value| value.to_string());
        part(
            "client_authentication_enforced",
            bool(self.client_authentication_enforced),
        );
        let fingerprints = self.client_certificates.as_ref().map(|members| {
            let fingerprints: Vec<String> = members.keys().map(ToString::to_string).collect();
            format!("[{}]", fingerprints.join(", "))
        });
        part("client_certificates_pem", fingerprints);
        let validation = self.subject_validation_type.as_ref();
        part(
            "subject_validation_type",
            validation.map(|validation| format!("{validation:?}")),
        );
        let subjects = self.authorized_subjects.as_ref().map(|subjects| {
            let names: Vec<String> = subjects
                .iter()
                .map(|subject| format!("{:?}", subject.common_name))
                .collect();
            format!("[{}]", names.join(", "))
        });
        part("authorized_subjects", subjects);
        part("allow_outdated_certificates", bool(self.allow_outdated_certificates));
        part("allow_weak_hashing", bool(self.allow_weak_hashing));
        part(
            "allow_missing_extended_key_usage",
            bool(self.allow_missing_extended_key_usage),
        );
        format!("{{ {} }}", parts.join(", "))
    }

    /// The request with these settings. The default of Certward's own setting is left out: only its server knows it.
    pub(crate) fn in_creation(&self, request: CreateDatabase) -> CreateDatabase {
        let settings = Self {
            allow_missing_extended_key_usage: self.allow_missing_extended_key_usage.filter(|is_allowed| *is_allowed),
            ..self.clone()
        };
        set_all!(settings, request)
    }

    /// The changes with these settings.
    pub(crate) fn in_update(&self, request: UpdateDatabase) -> UpdateDatabase {
        set_all!(self, request)
    }

    /// Fills in the cluster's values of managed settings. An equivalent value keeps its former spelling.
    pub(crate) fn take_over(&self, state: &mut Value<DatabaseMtls>) {
        let mtls = match state {
            Value::Null => return,
            // An import: nothing is known to be managed yet.
            Value::Unknown => {
                *state = self.imported();
                return;
            }
            Value::Value(mtls) => mtls,
        };
        refresh(&mut mtls.tls_mode, &self.tls_mode);
        refresh(
            &mut mtls.client_authentication_enforced,
            &self.client_authentication_enforced,
        );
        refresh(&mut mtls.subject_validation_type, &self.subject_validation_type);
        refresh(&mut mtls.allow_outdated_certificates, &self.allow_outdated_certificates);
        refresh(&mut mtls.allow_weak_hashing, &self.allow_weak_hashing);
        refresh(
            &mut mtls.allow_missing_extended_key_usage,
            &self.allow_missing_extended_key_usage,
        );
        if mtls.client_certificates_pem.is_value()
            && client_certificates::known(&mtls.client_certificates_pem) != self.client_certificates
        {
            let members = self.client_certificates.as_ref();
            mtls.client_certificates_pem = members.map_or(Value::Null, client_certificates::to_value);
        }
        if mtls.authorized_subjects.is_value()
            && authorized_subjects::known(&mtls.authorized_subjects).map(authorized_subjects::sorted)
                != self.authorized_subjects
        {
            let subjects = self.authorized_subjects.as_deref();
            mtls.authorized_subjects = subjects.map_or(Value::Null, authorized_subjects::to_value);
        }
    }

    /// The settings that differ from those of a database without TLS.
    fn imported(&self) -> Value<DatabaseMtls> {
        let mut differing = self.missing(&Self::plain());
        if differing.tls_mode.is_none() {
            // The cluster's default, which does nothing without TLS.
            differing.client_authentication_enforced = None;
        }
        if differing.is_empty() {
            return Value::Null;
        }
        let subjects = differing.authorized_subjects.as_deref();
        let members = differing.client_certificates.as_ref();
        Value::Value(DatabaseMtls {
            tls_mode: value(differing.tls_mode.clone()),
            client_authentication_enforced: value(differing.client_authentication_enforced),
            client_certificates_pem: members.map_or(Value::Null, client_certificates::to_value),
            subject_validation_type: value(differing.subject_validation_type.clone()),
            authorized_subjects: subjects.map_or(Value::Null, authorized_subjects::to_value),
            allow_outdated_certificates: value(differing.allow_outdated_certificates),
            allow_weak_hashing: value(differing.allow_weak_hashing),
            allow_missing_extended_key_usage: value(differing.allow_missing_extended_key_usage),
        })
    }

    fn plain() -> Self {
        Self {
            tls_mode: Some(DatabaseTlsMode::Disabled.to_string()),
            client_authentication_enforced: Some(false),
            client_certificates: Some(Members::new()),
            subject_validation_type: Some(SubjectValidation::Disabled.to_string()),
            authorized_subjects: Some(Vec::new()),
            allow_outdated_certificates: Some(false),
            allow_weak_hashing: Some(false),
            allow_missing_extended_key_usage: Some(false),
        }
    }
}

/// Sets on a request, new or of changes, what is `Some` here: the two have the same methods and no type in common.
macro_rules! set_all {
    ($settings:expr, $request:expr) => {{
        let (settings, mut request) = ($settings, $request);
        if let Some(mode) = settings.tls_mode.as_deref() {
            request = request.tls_mode(DatabaseTlsMode::from(mode));
        }
        if let Some(enforced) = settings.client_authentication_enforced {
            request = request.enforce_client_authentication(if enforced {
                ClientAuthentication::Enabled
            } else {
                ClientAuthentication::Disabled
            });
        }
        if let Some(members) = &settings.client_certificates {
            request = request.authentication_ssl_client_certs(client_certificates::to_cluster(members));
        }
        if let Some(validation) = settings.subject_validation_type.as_deref() {
            request = request.client_cert_subject_validation_type(SubjectValidation::from(validation));
        }
        if let Some(subjects) = &settings.authorized_subjects {
            request = request.authorized_subjects(subjects.clone());
        }
        if let Some(allowed) = settings.allow_outdated_certificates {
            request = request.mtls_allow_outdated_certs(allowed);
        }
        if let Some(allowed) = settings.allow_weak_hashing {
            request = request.mtls_allow_weak_hashing(allowed);
        }
        if let Some(allowed) = settings.allow_missing_extended_key_usage {
            request = request.certward_mtls_allow_missing_eku(allowed);
        }
        request
    }};
}
use set_all;

/// The outer `None` when it is not known yet.
#[expect(
    clippy::option_option,
    reason = "not known, not managed, and a value are three things"
)]
fn managed<T: Clone>(value: &Value<T>) -> Option<Option<T>> {
    match value {
        Value::Value(value) => Some(Some(value.clone())),
        Value::Null => Some(None),
        Value::Unknown => None,
    }
}

fn refresh<T: Clone>(state: &mut Value<T>, there: &Option<T>) {
    if state.is_value() {
        *state = value(there.clone());
    }
}

fn value<T>(value: Option<T>) -> Value<T> {
    value.map_or(Value::Null, Value::Value)
}
