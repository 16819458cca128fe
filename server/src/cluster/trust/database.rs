//! Whether a client certificate is let into a database: `docs/contracts/redis-enterprise.md#databases`,
//! `docs/contracts/redis-enterprise.md#subject-validation` and
//! `docs/contracts/redis-enterprise.md#database-connections`.
//!
//! A database trusts certificates of its own, not those of `mtls_trusted_ca`: CAs and intermediates, below which chains
//! and subjects are judged as on the API, and clients' own certificates, which are enough by themselves.

use certward_pki::{Certificate, Sha256Fingerprint};
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;

use super::anchors::TrustAnchors;
use super::authority_certificate::CaFault;
use super::chain::{self, ChainRefusal};
use super::end_entity::{self, EndEntityFault};
use super::gate::{self, AuthorizedSubject, GateRefusal, SubjectValidation};
use super::strength::Strength;
use crate::certificate::ClientPurpose;
use crate::cluster::database::DatabaseTls;

/// What client certificates of one database are judged by. It does not change: a changed database has another.
#[derive(Debug)]
pub struct DatabaseTrust {
    anchors: TrustAnchors,
    /// Those that may be shown themselves: all of them.
    pinned: Vec<Certificate>,
    validation: SubjectValidation,
    authorized: Vec<AuthorizedSubject>,
    outdated: OutdatedCertificates,
}

/// What becomes of a certificate that has expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OutdatedCertificates {
    Refused,
    /// It is judged at its last second (`mtls_allow_outdated_certs`).
    DangerAllowed,
}

/// Proof that a database's trust lets a certificate in. Only [`DatabaseTrust::admit`] makes one.
#[derive(Debug)]
pub struct AdmittedClient {
    valid_until: Option<OffsetDateTime>,
    trusted: Sha256Fingerprint,
}

/// Why a certificate is not let into a database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseTrustRefusal {
    /// None of the database's certificates signed it, nor one of the intermediates sent with it.
    #[error("no client certificate of the database stands above the certificate; its issuer is \"{issuer}\"")]
    UnknownIssuer {
        /// As the certificate names it.
        issuer: String,
    },
    /// A chain to the database's certificates that does not hold.
    #[error(transparent)]
    Chain(ChainRefusal),
    /// A certificate of any purpose, which the database does not let in.
    #[error("{0}, or certward_mtls_allow_missing_eku of the database, which lets it in")]
    AnyPurpose(EndEntityFault),
    /// One of the database's certificates itself, which cannot be used now.
    #[error(transparent)]
    Pinned(EndEntityFault),
    /// A chain, and a subject that does not pass.
    #[error(transparent)]
    Gate(GateRefusal),
}

impl DatabaseTrust {
    /// Of a database with this TLS. Certificates among its client certificates that cannot be trusted as a CA are given to
    /// `unfit` with the reason, and let in nobody but who shows them.
    #[must_use]
    pub fn new(tls: &DatabaseTls, unfit: impl FnMut(&Certificate, CaFault)) -> Self {
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
        Self {
            anchors: TrustAnchors::of_fit(certificates, strength, purpose, unfit),
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

    /// Judges the certificate that a client shows, with those it sent above it.
    ///
    /// One that is among the database's certificates is in by that: neither its issuer nor its purpose nor its subject
    /// is looked at (`docs/contracts/redis-enterprise.md#subject-validation`), which may be its own and version 1.
    ///
    /// # Errors
    ///
    /// [`DatabaseTrustRefusal`].
    pub fn admit(
        &self,
        end_entity: &Certificate,
        intermediates: &[CertificateDer<'static>],
        now: OffsetDateTime,
    ) -> Result<AdmittedClient, DatabaseTrustRefusal> {
        let not_after = end_entity.validity().not_after;
        let now = match self.outdated {
            OutdatedCertificates::Refused => now,
            OutdatedCertificates::DangerAllowed => now.min(not_after),
        };
        let (valid_until, trusted) = if self.pinned.contains(end_entity) {
            end_entity::check_dates(end_entity, now)
                .and_then(|()| end_entity::check_key(end_entity, self.anchors.strength()))
                .map_err(DatabaseTrustRefusal::Pinned)?;
            (not_after, end_entity.fingerprint())
        } else {
            let chain =
                chain::verify(&self.anchors, end_entity, intermediates, now).map_err(DatabaseTrustRefusal::from)?;
            let admitted =
                gate::pass_gate(chain, self.validation, &self.authorized).map_err(DatabaseTrustRefusal::Gate)?;
            (admitted.valid_until(), admitted.anchor())
        };
        let ends = self.outdated == OutdatedCertificates::Refused || valid_until < not_after;
        Ok(AdmittedClient {
            valid_until: ends.then_some(valid_until),
            trusted,
        })
    }

    /// What keys and signatures must be, those of handshakes too.
    #[must_use]
    pub fn strength(&self) -> Strength {
        self.anchors.strength()
    }
}

impl AdmittedClient {
    /// The certificate of the database that lets it in: the CA above it, or itself.
    #[must_use]
    pub fn trusted(&self) -> Sha256Fingerprint {
        self.trusted
    }

    /// The last second of it, unless expired certificates are let in.
    #[must_use]
    pub fn valid_until(&self) -> Option<OffsetDateTime> {
        self.valid_until
    }
}

impl DatabaseTrustRefusal {
    /// A word for logs and metrics.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Chain(ChainRefusal::EndEntity(EndEntityFault::Expired(_)))
            | Self::Pinned(EndEntityFault::Expired(_)) => "certificate_expired",
            Self::UnknownIssuer { .. } => "certificate_unknown_ca",
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

/// `authorized_names` is the older form of a list of common names: it adds to the subjects of `san_cn`, and alone it asks
/// for them.
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
