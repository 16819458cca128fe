//! Authorized subjects, as clusters and databases have them: which certificates of trusted authorities are let through.

use std::collections::HashMap;

use certward::redis_enterprise::AuthorizedSubject;
use serde::{Deserialize, Serialize};
use tf_provider::schema::{Attribute, AttributeType};
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostic, Diagnostics};

use crate::report::{diagnostic, error, warning};
use crate::resources::cert_user::subject_line::is_country;
use crate::values::schema::{list_of_strings, named, optional, required};

/// One authorized subject.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct AuthorizedSubjectState {
    pub(crate) common_name: Value<String>,
    pub(crate) organization: Value<String>,
    pub(crate) organizational_units: Value<Vec<Value<String>>>,
    pub(crate) locality: Value<String>,
    pub(crate) province: Value<String>,
    pub(crate) country: Value<String>,
}

/// The attributes of an authorized subject.
pub(crate) fn authorized_subject() -> HashMap<String, Attribute> {
    use AttributeType::String;
    named([
        ("common_name", required(String, "Common name, `CN`.")),
        ("organization", optional(String, "Organization, `O`.")),
        (
            "organizational_units",
            optional(
                list_of_strings(),
                "Organizational units, every `OU` of the certificate, in any order.",
            ),
        ),
        ("locality", optional(String, "Locality (city), `L`.")),
        ("province", optional(String, "State or province, `ST`.")),
        ("country", optional(String, "Country of two letters, `C`.")),
    ])
}

/// Checks the validation of subjects and returns a diagnostic when it is invalid.
pub(crate) fn check_validation(path: AttributePath, validation: &str) -> Option<Diagnostic> {
    if VALIDATIONS.contains(&validation) {
        return None;
    }
    let detail = match VALIDATIONS.iter().find(|known| known.eq_ignore_ascii_case(validation)) {
        Some(known) => format!("\"{validation}\" is not known; upper and lower case count. Write \"{known}\"."),
        None => format!("\"{validation}\" is not known. Write one of \"disabled\", \"san_cn\", \"full_subject\"."),
    };
    Some(diagnostic(path, "Unknown subject validation", detail))
}

/// Adds what is wrong with one subject, or not what it looks like.
pub(crate) fn check(
    diags: &mut Diagnostics,
    path: &AttributePath,
    subject: &AuthorizedSubject,
    validation: Option<&str>,
) {
    let common_name = &subject.common_name;
    if common_name.is_empty() {
        error(
            diags,
            path.clone(),
            "Authorized subject without a common name",
            "Every authorized subject has a common_name that is not empty.",
        );
    }
    if subject.organizational_units.iter().any(String::is_empty) {
        error(
            diags,
            path.clone(),
            "Empty organizational unit",
            format!(
                "One of the organizational_units of \"{common_name}\" is empty. No certificate has such a unit: leave it out."
            ),
        );
    }
    if common_name.contains('*') {
        warning(
            diags,
            path.clone(),
            "No wildcards in authorized subjects",
            format!(
                "\"{common_name}\" lets through a certificate with exactly this name, the * included, and no other."
            ),
        );
    }
    let country = subject.country.as_str();
    if !country.is_empty() && !is_country(country) {
        warning(
            diags,
            path.clone(),
            "Country that no certificate has",
            format!(
                "The country of \"{common_name}\" is \"{country}\". In a certificate it is the code of two letters (ISO 3166), \
                 such as \"US\", so certificates with this subject are hardly issued."
            ),
        );
    }
    if validation == Some("san_cn") && *subject != AuthorizedSubject::new(common_name) {
        warning(
            diags,
            path.clone(),
            "Only the common name counts",
            format!(
                "With san_cn the other attributes of \"{common_name}\" are not looked at. Write \"full_subject\" if they \
                 should be."
            ),
        );
    }
}

/// The subjects; `None` when there are none, or a part of one is not known.
pub(crate) fn known(subjects: &Value<Vec<Value<AuthorizedSubjectState>>>) -> Option<Vec<AuthorizedSubject>> {
    let subjects = subjects.as_ref_option()?.iter();
    subjects
        .map(|subject| subject.as_ref_option().and_then(AuthorizedSubjectState::known))
        .collect()
}

/// The subjects as they are written into a state.
pub(crate) fn to_value(subjects: &[AuthorizedSubject]) -> Value<Vec<Value<AuthorizedSubjectState>>> {
    Value::Value(subjects.iter().map(|subject| Value::Value(subject.into())).collect())
}

/// The subjects in a form to compare: order and repetition mean nothing.
pub(crate) fn sorted(mut subjects: Vec<AuthorizedSubject>) -> Vec<AuthorizedSubject> {
    subjects.sort_unstable();
    subjects.dedup();
    subjects
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

/// The values of `mtls_client_cert_subject_validation_type` (`docs/contracts/redis-enterprise.md#cluster`), the same
/// for databases (`docs/contracts/redis-enterprise.md#databases`).
const VALIDATIONS: [&str; 3] = ["disabled", "san_cn", "full_subject"];
