//! Who a certificate is on this API: an administrator by RavenDB's, or a user of the cluster (contract
//! `redis-enterprise.md`, section 4.1).

use std::sync::Arc;

use certward::pki::Certificate;
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;

use crate::authn::{Authenticator, Caller, Decision};
use crate::authority::clearance::Level;
use crate::cluster::state::ClusterState;
use crate::cluster::trust::{self, ChainRefusal, GateRefusal};
use crate::cluster::user::User;
use crate::listener::peer::{Peer, Presented};

/// Why a certificate lets nobody in.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CertificateRefusal {
    /// None was shown.
    #[error("no certificate was shown")]
    Missing,
    /// What was shown is no certificate.
    #[error("the certificate cannot be read")]
    Unreadable,
    /// The cluster does not look at certificates.
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

/// The caller of RavenDB's API that the peer is, if it is an administrator there. One that needs a one-time code is
/// none here, where no code can be given.
pub(super) fn administrator(authenticator: &Authenticator, peer: &Peer) -> Option<Arc<Caller>> {
    let Decision::Admitted(caller) = authenticator.look_at(peer) else {
        return None;
    };
    let needs_code = caller
        .registered_certificate()
        .is_some_and(|entry| entry.has_two_factor());
    (caller.level() == Level::ClusterAdmin && !needs_code).then_some(caller)
}

/// The user of the cluster whose certificate the peer showed.
///
/// # Errors
///
/// [`CertificateRefusal`], by the first step that fails.
pub(super) fn user(state: &ClusterState, peer: &Peer, now: OffsetDateTime) -> Result<Arc<User>, CertificateRefusal> {
    let (end_entity, intermediates) = match peer.presented() {
        Presented::Nothing => return Err(CertificateRefusal::Missing),
        Presented::Unreadable => return Err(CertificateRefusal::Unreadable),
        Presented::Certificate {
            end_entity,
            intermediates,
        } => (end_entity, intermediates),
    };
    if !state.settings().mtls_certificate_authentication {
        return Err(CertificateRefusal::Off);
    }
    let subject = end_entity.subject();
    // Read before the decision: a change in between makes the verdict stale, never fresh.
    let trust_revision = state.trust_revision();
    let mut verdict = peer.cluster_verdict();
    let verdict = match &mut *verdict {
        Some(last) if last.holds(trust_revision, now) => last,
        last => last.insert(ClusterVerdict {
            trust_revision,
            decided_at: now,
            decided: admitted_until(state, end_entity, intermediates, now),
        }),
    };
    if let Err(refused) = &verdict.decided {
        return Err(refused.refusal.clone());
    }
    state
        .user_with_subject(subject)
        .cloned()
        .ok_or(CertificateRefusal::NoUser)
}

/// Whether settings and CAs of `state` admit the certificate of the peer, decided anew.
pub(super) fn is_admissible(state: &ClusterState, peer: &Peer, now: OffsetDateTime) -> bool {
    match peer.presented() {
        Presented::Certificate {
            end_entity,
            intermediates,
        } if state.settings().mtls_certificate_authentication => {
            admitted_until(state, end_entity, intermediates, now).is_ok()
        }
        _ => false,
    }
}

/// Whether a peer's chain led to a trusted CA and its subject passed the gate, together with what that was decided from;
/// kept with the peer, so that a connection pays for the signatures once per change and not once per request.
#[derive(Debug)]
pub(crate) struct ClusterVerdict {
    trust_revision: u64,
    decided_at: OffsetDateTime,
    /// Until when the certificate passes, if nothing else changes.
    decided: Result<OffsetDateTime, RefusedCertificate>,
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
        self.decided.as_ref().ok().copied()
    }

    #[cfg(test)]
    pub(crate) fn decided_at(&self) -> OffsetDateTime {
        self.decided_at
    }

    fn holds(&self, trust_revision: u64, now: OffsetDateTime) -> bool {
        let holds_yet = match &self.decided {
            Ok(valid_until) => now <= *valid_until,
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

/// Until when the chain and the gate let the certificate pass, if nothing else changes.
fn admitted_until(
    state: &ClusterState,
    end_entity: &Certificate,
    intermediates: &[CertificateDer<'static>],
    now: OffsetDateTime,
) -> Result<OffsetDateTime, RefusedCertificate> {
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
    Ok(admitted.valid_until())
}
