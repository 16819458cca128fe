//! The resource as Terraform keeps it.

use serde::{Deserialize, Serialize};
use tf_provider::value::Value;

/// State, configuration and plan of `certward_cert_user`; the schema says what each attribute is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct CertUserState {
    pub(crate) name: Value<String>,
    pub(crate) email: Value<String>,
    pub(crate) certificate_subject: Value<CertificateSubject>,
    pub(crate) certificate_subject_line: Value<String>,
    pub(crate) certificate_pem: Value<String>,
    pub(crate) role: Value<String>,
    pub(crate) role_ids: Value<Vec<Value<String>>>,
    pub(crate) email_alerts: Value<bool>,
    pub(crate) deletion_protection: Value<bool>,

    pub(crate) id: Value<String>,
    pub(crate) auth_method: Value<String>,
    pub(crate) status: Value<String>,
}

/// The attribute `certificate_subject`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct CertificateSubject {
    pub(crate) common_name: Value<String>,
    pub(crate) organizational_units: Value<Vec<Value<String>>>,
    pub(crate) organization: Value<String>,
    pub(crate) locality: Value<String>,
    pub(crate) province: Value<String>,
    pub(crate) country: Value<String>,
}
