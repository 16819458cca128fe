//! Predicts whether a cluster would admit a certificate.
//!
//! The cluster decides; this says beforehand what it will decide, so that nobody locks Terraform out by applying. The
//! chain is checked by rustls as every TLS server with it does.

use std::fmt;
use std::sync::Arc;

use certward::pki::{Certificate, DistinguishedName};
use certward::redis_enterprise::{AuthorizedSubject, SubjectValidation};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use time::OffsetDateTime;

use super::subject;
use crate::report::chain;
use crate::session::crypto;
use crate::values::certificate_name::called;

/// The rules by which a cluster admits client certificates (`docs/contracts/redis-enterprise.md#order-of-checks`),
/// without the users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) certificate_authentication: bool,
    /// The certificates of `mtls_trusted_ca`.
    pub(crate) authorities: Vec<Certificate>,
    pub(crate) subject_validation: SubjectValidation,
    pub(crate) authorized_subjects: Vec<AuthorizedSubject>,
}

/// The reason that a cluster refuses a certificate. Its text continues "because".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Certificates are not asked about.
    SwitchedOff,
    /// There is no authority to chain to.
    NoAuthority,
    /// The chain does not end in a trusted authority, or is not in order.
    Chain { authorities: Vec<String>, problem: String },
    /// The subject is empty, or holds what is compared with nothing: no user can be known by it.
    UnusableSubject,
    /// The subject is not among the authorized ones.
    Subject {
        subject: DistinguishedName,
        validation: SubjectValidation,
    },
}

impl Rules {
    /// The reason why the certificate chain `own`, end entity first, would be refused now.
    ///
    /// An unknown kind of subject validation is assumed to admit every subject.
    pub(crate) fn refusal(&self, own: &[Certificate], now: OffsetDateTime) -> Option<Refusal> {
        let (end_entity, intermediates) = own.split_first()?;
        if !self.certificate_authentication {
            return Some(Refusal::SwitchedOff);
        }
        if self.authorities.is_empty() {
            return Some(Refusal::NoAuthority);
        }
        if let Err(problem) = verify(&self.authorities, end_entity, intermediates, now) {
            return Some(Refusal::Chain {
                authorities: self.authorities.iter().map(called).collect(),
                problem,
            });
        }
        let subject = end_entity.subject();
        if subject.is_empty() || !subject.is_comparable_text() || subject.has_control_characters() {
            return Some(Refusal::UnusableSubject);
        }
        let mut entries = self.authorized_subjects.iter();
        let passes = match self.subject_validation {
            SubjectValidation::SanCn => entries.any(|entry| subject::names(entry, end_entity)),
            SubjectValidation::FullSubject => entries.any(|entry| subject::equals(entry, subject)),
            _ => true,
        };
        (!passes).then(|| Refusal::Subject {
            subject: subject.clone(),
            validation: self.subject_validation.clone(),
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SwitchedOff => f.write_str("authentication by certificate would be switched off"),
            Self::NoAuthority => f.write_str("the cluster would trust no authority"),
            Self::Chain { authorities, problem } => write!(
                f,
                "it does not chain to any authority the cluster would trust: {} ({problem})",
                authorities.join("; ")
            ),
            Self::UnusableSubject => f.write_str("no user can be known by its subject"),
            Self::Subject { subject, validation } => write!(
                f,
                "its subject {subject} would not be among the authorized subjects ({validation})"
            ),
        }
    }
}

/// Checks chain, dates and purpose (RFC 5280 6.1) at `now`; every authority of the bundle is a trust anchor.
fn verify(
    authorities: &[Certificate],
    end_entity: &Certificate,
    intermediates: &[Certificate],
    now: OffsetDateTime,
) -> Result<(), String> {
    let mut anchors = RootCertStore::empty();
    anchors.add_parsable_certificates(authorities.iter().map(|authority| authority.der().clone()));
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(anchors), Arc::new(crypto::provider()))
        .build()
        .map_err(|problem| chain(&problem))?;
    let intermediates: Vec<CertificateDer<'_>> = intermediates.iter().map(|above| above.der().clone()).collect();
    let now = u64::try_from(now.unix_timestamp()).unwrap_or_default();
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(now));
    let verified = verifier.verify_client_cert(end_entity.der(), &intermediates, now);
    verified.map(drop).map_err(|problem| chain(&problem))
}

#[cfg(test)]
#[path = "admission_tests.rs"]
mod tests;
