//! Identifies the holder of a certificate on this API: a user of the cluster
//! (`docs/contracts/redis-enterprise.md#order-of-checks`).

use std::sync::Arc;

use certward_pki::{Certificate, Sha256Fingerprint};
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;

use certward_certificates::trust::{self, ChainRefusal, GateRefusal};
use certward_redis_model::state::ClusterState;
use certward_redis_model::user::User;
use certward_transport::listener::peer::{Peer, Presented};

/// A certificate is not admitted.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CertificateRefusal {
    /// The client presented no certificate.
    #[error("no certificate was shown")]
    Missing,
    /// The presented certificate cannot be parsed.
    #[error("the certificate cannot be read")]
    Unreadable,
    /// Certificate authentication is off.
    #[error("certificate authentication is off")]
    Off,
    /// The cluster trusts no CA.
    #[error("no mtls_trusted_ca is installed")]
    NoTrustedCa,
    /// No chain leads to a trusted CA.
    #[error("the certificate is not trusted")]
    Chain(#[source] ChainRefusal),
    /// The subject is not among the authorized ones.
    #[error("the certificate's subject is not authorized")]
    Gate(#[source] GateRefusal),
    /// No user has the subject.
    #[error("no user has the certificate's subject")]
    NoUser,
}

impl CertificateRefusal {
    /// Label for logs, metrics and audit records.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Missing => "no_certificate",
            Self::Unreadable => "unreadable_certificate",
            Self::Off => "certificate_authentication_off",
            Self::NoTrustedCa => "no_trusted_ca",
            Self::Chain(_) => "untrusted_certificate",
            Self::Gate(_) => "unauthorized_subject",
            Self::NoUser => "no_user_with_subject",
        }
    }
}

/// The holder of a certificate on this API.
#[derive(Debug)]
pub enum CertificateHolder {
    /// An administrator of the whole server.
    Administrator,
    /// A user of the cluster.
    User {
        /// The user.
        user: Arc<User>,
        /// The trusted CA that the certificate chains to.
        anchor: Sha256Fingerprint,
    },
}

/// The user of the cluster with the peer's certificate.
///
/// # Errors
///
/// [`CertificateRefusal`] of the first check that fails.
pub(super) fn user(state: &ClusterState, peer: &Peer, now: OffsetDateTime) -> Result<Arc<User>, CertificateRefusal> {
    let (end_entity, intermediates) = presented(state, peer)?;
    // Read before the decision: a change in between makes the verdict stale, never fresh.
    let trust_revision = state.trust_revision();
    let kept = peer.kept::<ClusterVerdict>();
    let mut verdict = kept.lock();
    let verdict = match &mut *verdict {
        Some(last) if last.holds(trust_revision, now) => last,
        last => last.insert(ClusterVerdict {
            trust_revision,
            decided_at: now,
            decided: admit(state, end_entity, intermediates, now),
        }),
    };
    if let Err(refused) = &verdict.decided {
        return Err(refused.refusal.clone());
    }
    user_of(state, end_entity)
}

/// The user with the peer's certificate and the trusted CA that it chains to, under a state that need not be the
/// current one: the decision is not cached in the peer.
pub(super) fn user_under(
    state: &ClusterState,
    peer: &Peer,
    now: OffsetDateTime,
) -> Option<(Arc<User>, Sha256Fingerprint)> {
    let (end_entity, intermediates) = presented(state, peer).ok()?;
    let admitted = admit(state, end_entity, intermediates, now).ok()?;
    Some((user_of(state, end_entity).ok()?, admitted.anchor))
}

/// The peer's certificates, if certificate authentication is on.
fn presented<'a>(
    state: &ClusterState,
    peer: &'a Peer,
) -> Result<(&'a Certificate, &'a [CertificateDer<'static>]), CertificateRefusal> {
    match peer.presented() {
        Presented::Nothing => Err(CertificateRefusal::Missing),
        Presented::Unreadable => Err(CertificateRefusal::Unreadable),
        Presented::Certificate { .. } if !state.settings().mtls_certificate_authentication => {
            Err(CertificateRefusal::Off)
        }
        Presented::Certificate {
            end_entity,
            intermediates,
        } => Ok((end_entity, intermediates)),
    }
}

fn user_of(state: &ClusterState, certificate: &Certificate) -> Result<Arc<User>, CertificateRefusal> {
    state
        .user_with_subject(certificate.subject())
        .cloned()
        .ok_or(CertificateRefusal::NoUser)
}

/// Returns `true` if the settings and CAs of `state` admit the peer's certificate. Nothing cached is used.
pub(super) fn is_admissible(state: &ClusterState, peer: &Peer, now: OffsetDateTime) -> bool {
    presented(state, peer).is_ok_and(|(end_entity, intermediates)| admit(state, end_entity, intermediates, now).is_ok())
}

/// The decision on a peer's chain and subject, with the revisions on which it is based. It is cached in the peer, so
/// that signatures are verified once per connection and change, not once per request.
#[derive(Debug)]
pub struct ClusterVerdict {
    trust_revision: u64,
    decided_at: OffsetDateTime,
    /// The chain, or the reason of the refusal.
    decided: Result<AdmittedChain, RefusedCertificate>,
}

#[derive(Debug)]
struct RefusedCertificate {
    refusal: CertificateRefusal,
    /// The decision is void from this time on.
    until: Option<OffsetDateTime>,
}

impl ClusterVerdict {
    /// The last second in which every certificate of the chain is valid, if it leads to a trusted CA.
    pub(super) fn valid_until(&self) -> Option<OffsetDateTime> {
        self.decided.as_ref().ok().map(|admitted| admitted.valid_until)
    }

    #[cfg(test)]
    /// The time of the decision.
    pub fn decided_at(&self) -> OffsetDateTime {
        self.decided_at
    }

    fn holds(&self, trust_revision: u64, now: OffsetDateTime) -> bool {
        let holds_yet = match &self.decided {
            Ok(admitted) => now <= admitted.valid_until,
            Err(refused) => refused.until.is_none_or(|until| now < until),
        };
        self.trust_revision == trust_revision && self.decided_at <= now && holds_yet
    }
}

impl From<CertificateRefusal> for RefusedCertificate {
    fn from(refusal: CertificateRefusal) -> Self {
        Self { refusal, until: None }
    }
}

/// A chain that passes the trusted CAs and the subject validation.
#[derive(Debug, Clone, Copy)]
struct AdmittedChain {
    /// The last second of its validity.
    valid_until: OffsetDateTime,
    /// The trusted CA at its end.
    anchor: Sha256Fingerprint,
}

/// Checks a certificate against the trusted CAs and the subject validation.
fn admit(
    state: &ClusterState,
    end_entity: &Certificate,
    intermediates: &[CertificateDer<'static>],
    now: OffsetDateTime,
) -> Result<AdmittedChain, RefusedCertificate> {
    let settings = state.settings();
    let anchors = state.trust_anchors().ok_or(CertificateRefusal::NoTrustedCa)?;
    let chain = trust::decide(anchors, end_entity, intermediates, now).map_err(|refused| RefusedCertificate {
        refusal: CertificateRefusal::Chain(refused.refusal),
        until: refused.until,
    })?;
    let admitted = trust::pass_gate(
        chain,
        settings.mtls_client_cert_subject_validation_type,
        &settings.mtls_authorized_subjects,
    )
    .map_err(CertificateRefusal::Gate)?;
    Ok(AdmittedChain {
        valid_until: admitted.valid_until(),
        anchor: admitted.anchor(),
    })
}
