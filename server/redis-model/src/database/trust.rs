//! Admission of client certificates to a database: `docs/contracts/redis-enterprise.md#databases`,
//! `docs/contracts/redis-enterprise.md#subject-validation` and
//! `docs/contracts/redis-enterprise.md#database-connections`.
//!
//! A database trusts certificates of its own, not those of `mtls_trusted_ca`: CAs and intermediates, whose chains and
//! subjects are checked as on the API, and clients' own (pinned) certificates, which suffice by themselves.

use std::fmt;

use certward_pki::{Certificate, Printable, Sha256Fingerprint};
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;

use super::DatabaseTls;
use certward_certificates::certificate::{ClientPurpose, shown};
use certward_certificates::trust::{
    AuthorizedSubject, CaFault, ChainRefusal, EndEntityFault, GateRefusal, Strength, SubjectValidation, TrustAnchors,
    check_dates, check_key, pass_gate, verify,
};

/// The trust of one database: its client certificates and their checks. It is immutable; a change of the database
/// builds a new one.
#[derive(Debug)]
pub struct DatabaseTrust {
    anchors: TrustAnchors,
    /// Certificates that clients may present themselves: all of the list.
    pinned: Vec<Certificate>,
    validation: SubjectValidation,
    authorized: Vec<AuthorizedSubject>,
    outdated: OutdatedCertificates,
    unfit: Vec<UnfitAuthority>,
}

/// A certificate of the database that is not trusted as a CA: it admits only a client that presents it itself.
#[derive(Debug)]
pub struct UnfitAuthority {
    certificate: Certificate,
    fault: CaFault,
}

/// Handling of expired certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OutdatedCertificates {
    Refused,
    /// It is checked as of the last second of its validity (`mtls_allow_outdated_certs`).
    DangerAllowed,
}

/// Proof that a database's trust admits a certificate. Only [`DatabaseTrust::admit`] makes one.
#[derive(Debug)]
pub struct AdmittedCertificate {
    valid_until: Option<OffsetDateTime>,
    trusted: Sha256Fingerprint,
}

/// A certificate is not admitted to a database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseTrustRefusal {
    /// Neither a certificate of the database nor an intermediate of the client has signed it.
    #[error("no client certificate of the database stands above the certificate; its issuer is \"{issuer}\"")]
    UnknownIssuer {
        /// The issuer's name in the certificate.
        issuer: String,
    },
    /// Its issuer, by name, or an intermediate cannot be trusted as a CA.
    #[error("the certificate of the database above the certificate is not trusted as a CA: \"{subject}\" {fault}")]
    UnfitIssuer {
        /// Subject of the database's certificate.
        subject: String,
        /// Its fault.
        fault: CaFault,
    },
    /// The chain to one of the database's certificates is invalid.
    #[error(transparent)]
    Chain(ChainRefusal),
    /// A certificate without an extended key usage, which the database does not accept.
    #[error("{0}, or certward_mtls_allow_missing_eku of the database, which lets it in")]
    AnyPurpose(EndEntityFault),
    /// A certificate of the database itself, which cannot be used now.
    #[error(transparent)]
    Pinned(EndEntityFault),
    /// The chain is valid, but the subject is not authorized.
    #[error(transparent)]
    Gate(GateRefusal),
}

impl DatabaseTrust {
    /// Trust of a database with these settings. Certificates in its list that cannot be trusted as a CA admit only
    /// clients that present them.
    #[must_use]
    pub fn new(tls: &DatabaseTls) -> Self {
        let strength = if tls.allow_weak_hashing {
            Strength::DangerAllowWeak
        } else {
            Strength::Strong
        };
        let purpose = if tls.allow_missing_extended_key_usage {
            ClientPurpose::AnyAllowed
        } else {
            ClientPurpose::Named
        };
        let certificates = tls.client_certificates.certificates();
        let (validation, authorized) = effective_gate(tls);
        let mut unfit = Vec::new();
        let anchors = TrustAnchors::of_fit(certificates, strength, purpose, |certificate, fault| {
            unfit.push(UnfitAuthority {
                certificate: certificate.clone(),
                fault,
            });
        });
        Self {
            anchors,
            unfit,
            pinned: certificates.to_vec(),
            validation,
            authorized,
            outdated: if tls.allow_outdated_certificates {
                OutdatedCertificates::DangerAllowed
            } else {
                OutdatedCertificates::Refused
            },
        }
    }

    /// Checks a client's certificate, with the intermediates that it sent.
    ///
    /// A certificate in the database's own list is admitted without further checks of issuer, extended key usage or
    /// subject (`docs/contracts/redis-enterprise.md#subject-validation`); it may be self-signed and of version 1.
    ///
    /// # Errors
    ///
    /// [`DatabaseTrustRefusal`].
    pub fn admit(
        &self,
        end_entity: &Certificate,
        intermediates: &[CertificateDer<'static>],
        now: OffsetDateTime,
    ) -> Result<AdmittedCertificate, DatabaseTrustRefusal> {
        let not_after = end_entity.validity().not_after;
        let now = match self.outdated {
            OutdatedCertificates::Refused => now,
            OutdatedCertificates::DangerAllowed => now.min(not_after),
        };
        let (valid_until, trusted) = if self.pinned.contains(end_entity) {
            check_dates(end_entity, now)
                .and_then(|()| check_key(end_entity, self.anchors.strength()))
                .map_err(DatabaseTrustRefusal::Pinned)?;
            (not_after, end_entity.fingerprint())
        } else {
            let chain = verify(&self.anchors, end_entity, intermediates, now)
                .map_err(|refusal| self.explained(refusal, end_entity, intermediates))?;
            let admitted = pass_gate(chain, self.validation, &self.authorized).map_err(DatabaseTrustRefusal::Gate)?;
            (admitted.valid_until(), admitted.anchor())
        };
        let ends = self.outdated == OutdatedCertificates::Refused || valid_until < not_after;
        Ok(AdmittedCertificate {
            valid_until: ends.then_some(valid_until),
            trusted,
        })
    }

    /// Certificates of the database that are CAs and cannot be trusted as such. Clients' own certificates in the list
    /// are not included.
    pub fn unfit_authorities(&self) -> impl Iterator<Item = &UnfitAuthority> {
        self.unfit.iter().filter(|unfit| unfit.is_meant_as_authority())
    }

    /// The refusal, which names the database's certificate above the client's if only its unfitness is the obstacle.
    fn explained(
        &self,
        refusal: ChainRefusal,
        end_entity: &Certificate,
        intermediates: &[CertificateDer<'static>],
    ) -> DatabaseTrustRefusal {
        if matches!(refusal, ChainRefusal::UnknownIssuer { .. }) {
            let intermediates = intermediates.iter();
            let intermediates = intermediates.filter_map(|der| Certificate::from_der(der.clone()).ok());
            let presented: Vec<Certificate> = std::iter::once(end_entity.clone()).chain(intermediates).collect();
            let is_above = |unfit: &&UnfitAuthority| presented.iter().any(|below| unfit.certificate.issued(below));
            if let Some(unfit) = self.unfit.iter().find(is_above) {
                return DatabaseTrustRefusal::UnfitIssuer {
                    subject: shown(unfit.certificate.subject()),
                    fault: unfit.fault.clone(),
                };
            }
        }
        refusal.into()
    }

    /// Requirements on keys and signatures, in chains and in handshakes.
    #[must_use]
    pub fn strength(&self) -> Strength {
        self.anchors.strength()
    }
}

impl UnfitAuthority {
    fn is_meant_as_authority(&self) -> bool {
        let Self { certificate, .. } = self;
        let is_old_root = certificate.version() != 3 && certificate.is_self_issued();
        let may_sign = || certificate.key_usage().is_some_and(|usage| usage.key_cert_sign());
        certificate.is_ca() || is_old_root || may_sign()
    }
}

impl fmt::Display for UnfitAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { certificate, fault } = self;
        let subject = shown(certificate.subject());
        write!(
            f,
            "the client certificate \"{}\" is not trusted as a CA, and lets in only a client that shows it itself: it {fault}",
            Printable::line(&subject)
        )
    }
}

impl AdmittedCertificate {
    /// The certificate of the database that admits it: the CA above it, or itself.
    #[must_use]
    pub fn trusted(&self) -> Sha256Fingerprint {
        self.trusted
    }

    /// The last second of its validity, unless expired certificates are accepted.
    #[must_use]
    pub fn valid_until(&self) -> Option<OffsetDateTime> {
        self.valid_until
    }
}

impl DatabaseTrustRefusal {
    /// Label for logs and metrics.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Chain(ChainRefusal::EndEntity(EndEntityFault::Expired(_)))
            | Self::Pinned(EndEntityFault::Expired(_)) => "certificate_expired",
            Self::UnknownIssuer { .. } | Self::UnfitIssuer { .. } => "certificate_unknown_ca",
            Self::AnyPurpose(_) | Self::Chain(_) | Self::Pinned(_) => "certificate_chain",
            Self::Gate(_) => "certificate_subject",
        }
    }
}

impl From<ChainRefusal> for DatabaseTrustRefusal {
    fn from(refusal: ChainRefusal) -> Self {
        match refusal {
            ChainRefusal::UnknownIssuer { issuer } => Self::UnknownIssuer { issuer },
            ChainRefusal::EndEntity(fault @ (EndEntityFault::NoPurpose | EndEntityFault::AnyPurpose)) => {
                Self::AnyPurpose(fault)
            }
            refusal => Self::Chain(refusal),
        }
    }
}

/// Combines both lists: `authorized_names`, the older form, adds to the subjects of `san_cn`, and enables that
/// validation if used alone.
fn effective_gate(tls: &DatabaseTls) -> (SubjectValidation, Vec<AuthorizedSubject>) {
    let names = tls.authorized_names.iter().map(|name| AuthorizedSubject {
        common_name: name.clone(),
        ..AuthorizedSubject::default()
    });
    let mut authorized = tls.authorized_subjects.clone();
    match tls.subject_validation {
        SubjectValidation::Disabled if tls.authorized_names.is_empty() => (SubjectValidation::Disabled, authorized),
        SubjectValidation::Disabled => (SubjectValidation::SanCn, names.collect()),
        SubjectValidation::SanCn => {
            authorized.extend(names);
            (SubjectValidation::SanCn, authorized)
        }
        SubjectValidation::FullSubject => (SubjectValidation::FullSubject, authorized),
    }
}

#[cfg(test)]
#[path = "trust_tests.rs"]
mod tests;
