//! Subject validation: filters the subjects of the trusted CAs' certificates. It grants no rights.

use certward_pki::{Certificate, DistinguishedName, Sha256Fingerprint, SubjectAltName};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::chain::VerifiedChain;
use crate::certificate::shown;

/// The validation of subjects: `mtls_client_cert_subject_validation_type`
/// (`docs/contracts/redis-enterprise.md#subject-validation`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum SubjectValidation {
    /// No validation: a valid chain suffices.
    #[default]
    Disabled,
    /// The subject's common name, or a DNS name among its alternative names, equals the common name of an entry. All
    /// other attributes are ignored.
    SanCn,
    /// All six attributes of the subject equal those of one entry; an attribute that the entry omits must be absent.
    FullSubject,
}

/// An entry of `mtls_authorized_subjects`. Text is compared byte by byte, `*` is a literal character, and empty text
/// means that the attribute is absent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct AuthorizedSubject {
    /// `CN`; every entry has one.
    pub common_name: String,
    /// `O`.
    pub organization: String,
    /// `OU`, in any order, each as often as the subject has it.
    pub organizational_units: Vec<String>,
    /// `L`.
    pub locality: String,
    /// `ST`.
    pub state: String,
    /// `C`.
    pub country: String,
}

/// Proof that a chain has passed subject validation: the subject identifies the user. Only [`pass_gate`] creates one.
#[derive(Debug)]
pub struct AdmittedSubject<'a> {
    certificate: &'a Certificate,
    valid_until: OffsetDateTime,
    anchor: Sha256Fingerprint,
}

/// A subject is refused although its chain is valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GateRefusal {
    /// The certificate has no subject that could identify a user.
    #[error("the certificate has an empty subject; a user is known by the subject")]
    EmptySubject,
    /// A T61, BMP or Universal string or invalid text, which cannot be compared.
    #[error(
        "a value of the subject \"{subject}\" is neither a UTF8String nor a PrintableString nor an IA5String, so that it cannot be compared"
    )]
    Encoding {
        /// The subject in the form of RFC 4514.
        subject: String,
    },
    /// A line end, a NUL or another control character.
    #[error("the subject \"{subject}\" holds a control character")]
    ControlCharacter {
        /// The subject in the form of RFC 4514, with the character escaped.
        subject: String,
    },
    /// It is not among the authorized subjects.
    #[error("the subject \"{subject}\" is not among the {entries} authorized subjects")]
    NotAuthorized {
        /// The subject in the form of RFC 4514.
        subject: String,
        /// The number of entries. Without any, no subject passes.
        entries: usize,
    },
}

/// Checks the subject of a chain against `authorized`, as strictly as `validation` says.
///
/// # Errors
///
/// [`GateRefusal`]. A subject that cannot identify a user is always refused, even with [`SubjectValidation::Disabled`].
pub fn pass_gate<'a>(
    chain: VerifiedChain<'a>,
    validation: SubjectValidation,
    authorized: &[AuthorizedSubject],
) -> Result<AdmittedSubject<'a>, GateRefusal> {
    let certificate = chain.end_entity();
    let subject = certificate.subject();
    if subject.is_empty() {
        return Err(GateRefusal::EmptySubject);
    }
    if !subject.is_comparable_text() {
        return Err(GateRefusal::Encoding {
            subject: shown(subject),
        });
    }
    if subject.has_control_characters() {
        return Err(GateRefusal::ControlCharacter {
            subject: shown(subject),
        });
    }
    let is_by_alternative_name =
        || validation == SubjectValidation::SanCn && authorized.iter().any(|entry| entry.names_host(certificate));
    if passes_gate(subject, validation, authorized) || is_by_alternative_name() {
        Ok(AdmittedSubject {
            certificate,
            valid_until: chain.valid_until(),
            anchor: chain.anchor(),
        })
    } else {
        Err(GateRefusal::NotAuthorized {
            subject: shown(subject),
            entries: authorized.len(),
        })
    }
}

/// Returns `true` if a certificate with this subject and without alternative names passes.
pub fn passes_gate(
    subject: &DistinguishedName,
    validation: SubjectValidation,
    authorized: &[AuthorizedSubject],
) -> bool {
    match validation {
        SubjectValidation::Disabled => true,
        SubjectValidation::SanCn => authorized.iter().any(|entry| entry.names_subject(subject)),
        SubjectValidation::FullSubject => authorized.iter().any(|entry| entry.equals(subject)),
    }
}

impl<'a> AdmittedSubject<'a> {
    /// The subject, which equals the [`super::SubjectLine`] of its user.
    #[must_use]
    pub fn name(&self) -> &'a DistinguishedName {
        self.certificate.subject()
    }

    /// The client's certificate.
    #[must_use]
    pub fn certificate(&self) -> &'a Certificate {
        self.certificate
    }

    /// The trusted CA at the end of the chain.
    #[must_use]
    pub fn anchor(&self) -> Sha256Fingerprint {
        self.anchor
    }

    /// The last second in which every certificate of the chain is valid.
    #[must_use]
    pub fn valid_until(&self) -> OffsetDateTime {
        self.valid_until
    }
}

impl AuthorizedSubject {
    /// [`SubjectValidation::SanCn`]. A subject with several common names matches no entry.
    fn names_subject(&self, subject: &DistinguishedName) -> bool {
        !self.common_name.is_empty() && subject.single_common_name() == Ok(self.common_name.as_str())
    }

    /// [`SubjectValidation::SanCn`].
    fn names_host(&self, certificate: &Certificate) -> bool {
        !self.common_name.is_empty()
            && certificate
                .subject_alt_names()
                .iter()
                .any(|name| matches!(name, SubjectAltName::Dns(name) if *name == self.common_name))
    }

    /// [`SubjectValidation::FullSubject`]. Attributes other than the six are ignored; the user's subject line covers
    /// them.
    fn equals(&self, subject: &DistinguishedName) -> bool {
        let single = |name: &str, expected: &str| match values(subject, name).as_slice() {
            [] => expected.is_empty(),
            // An attribute that is there with nothing in it is there.
            [value] => !expected.is_empty() && *value == expected,
            _ => false,
        };
        let mut units = values(subject, "OU");
        let mut expected_units: Vec<_> = self
            .organizational_units
            .iter()
            .filter(|unit| !unit.is_empty())
            .map(String::as_str)
            .collect();
        units.sort_unstable();
        expected_units.sort_unstable();
        !self.common_name.is_empty()
            && single("CN", &self.common_name)
            && single("O", &self.organization)
            && single("L", &self.locality)
            && single("ST", &self.state)
            && single("C", &self.country)
            && units == expected_units
    }
}

/// The texts of all attributes with this short name. The subject has only text values.
fn values<'a>(subject: &'a DistinguishedName, short_name: &str) -> Vec<&'a str> {
    subject
        .attributes()
        .filter(|attribute| attribute.short_name() == Some(short_name))
        .filter_map(|attribute| attribute.value().as_text())
        .collect()
}
