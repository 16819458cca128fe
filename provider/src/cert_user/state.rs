//! The resource as Terraform keeps it.

use serde::{Deserialize, Serialize};
use tf_provider::value::Value;

/// State, configuration and plan of `certward_cert_user`; the schema says what each attribute is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes every attribute")]
pub struct CertUserState {
    pub name: Value<String>,
    pub email: Value<String>,
    pub certificate_subject: Value<CertificateSubject>,
    pub certificate_subject_line: Value<String>,
    pub certificate_pem: Value<String>,
    pub role: Value<String>,
    pub role_ids: Value<Vec<Value<String>>>,
    pub email_alerts: Value<bool>,
    pub deletion_protection: Value<bool>,

    pub id: Value<String>,
    pub auth_method: Value<String>,
    pub status: Value<String>,
}

/// The attribute `certificate_subject`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes every attribute")]
pub struct CertificateSubject {
    pub common_name: Value<String>,
    pub organizational_units: Value<Vec<Value<String>>>,
    pub organization: Value<String>,
    pub locality: Value<String>,
    pub province: Value<String>,
    pub country: Value<String>,
}
