//! Identifies the holder of a certificate on this API: a user of the cluster
//! (`docs/contracts/redis-enterprise.md#order-of-checks`).

use std::sync::Arc;

use certward_pki::{Certificate, Sha256Fingerprint};
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;

use crate::cluster::state::ClusterState;
use crate::cluster::user::User;
use crate::listener::peer::{Peer, Presented};
use crate::trust::{self, ChainRefusal, GateRefusal};

/// The reason that a certificate admits nobody.
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
    /// A word for logs, metrics and audit records.
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
pub(crate) enum CertificateHolder {
    /// An administrator of the whole server.
    Administrator,
    /// A user of the cluster.
    User {
        /// The user.
        user: Arc<User>,
        /// The trusted CA above the certificate.
        anchor: Sha256Fingerprint,
    },
}

/// The user of the cluster whose certificate the peer showed.
///
/// # Errors
///
/// [`CertificateRefusal`], by the first step that fails.
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

/// The user whose certificate the peer showed and the trusted CA above it, under a state that need not be the present
/// one: nothing of the decision is kept with the peer.
pub(super) fn user_under(
    state: &ClusterState,
    peer: &Peer,
    now: OffsetDateTime,
) -> Option<(Arc<User>, Sha256Fingerprint)> {
    let (end_entity, intermediates) = presented(state, peer).ok()?;
    let admitted = admit(state, end_entity, intermediates, now).ok()?;
    Some((user_of(state, end_entity).ok()?, admitted.anchor))
}

/// The certificates that the peer showed, where certificates are looked at.
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

/// Returns `true` when the settings and CAs of `state` admit the peer's certificate. It is decided anew.
pub(super) fn is_admissible(state: &ClusterState, peer: &Peer, now: OffsetDateTime) -> bool {
    presented(state, peer).is_ok_and(|(end_entity, intermediates)| admit(state, end_entity, intermediates, now).is_ok())
}

/// The decision whether a peer's chain ends in a trusted CA and its subject passes, with the revisions that it was made
/// from. It is kept with the peer, so that a connection pays for the signatures once per change and not once per
/// request.
#[derive(Debug)]
pub(crate) struct ClusterVerdict {
    trust_revision: u64,
    decided_at: OffsetDateTime,
    /// Until when the certificate passes, if nothing else changes.
    decided: Result<AdmittedChain, RefusedCertificate>,
}

#[derive(Debug)]
struct RefusedCertificate {
    refusal: CertificateRefusal,
    /// From then on it must be decided anew.
    until: Option<OffsetDateTime>,
}

impl ClusterVerdict {
    /// The last moment at which every certificate of the chain is in date, if it leads to a trusted CA.
    pub(super) fn valid_until(&self) -> Option<OffsetDateTime> {
        self.decided.as_ref().ok().map(|admitted| admitted.valid_until)
    }

    #[cfg(test)]
    pub(crate) fn decided_at(&self) -> OffsetDateTime {
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

/// A chain that the trusted CAs and the gate let pass.
#[derive(Debug, Clone, Copy)]
struct AdmittedChain {
    /// The last second of it, if nothing else changes.
    valid_until: OffsetDateTime,
    /// The trusted CA at its end.
    anchor: Sha256Fingerprint,
}

/// Holds a certificate against the trusted CAs and the gate.
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
