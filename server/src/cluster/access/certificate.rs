//! Who a certificate is on this API: an administrator by RavenDB's, or a user of the cluster (contract
//! `redis-enterprise.md`, section 4.1).

use std::sync::Arc;

use time::OffsetDateTime;

use crate::authn::{Authenticator, Caller, Decision};
use crate::authority::clearance::Level;
use crate::cluster::state::ClusterState;
use crate::cluster::trust::{self, ChainRefusal, GateRefusal};
use crate::cluster::user::User;
use crate::listener::peer::{Peer, Presented};

/// Why a certificate lets nobody in.
#[derive(Debug, thiserror::Error)]
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

/// The caller of RavenDB's API that the peer is, if it is an administrator there.
pub(super) fn administrator(authenticator: &Authenticator, peer: &Peer) -> Option<Arc<Caller>> {
    match authenticator.look_at(peer) {
        Decision::Admitted(caller) if caller.level() == Level::ClusterAdmin => Some(caller),
        _ => None,
    }
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
    let settings = state.settings();
    if !settings.mtls_certificate_authentication {
        return Err(CertificateRefusal::Off);
    }
    let anchors = state.trust_anchors().ok_or(CertificateRefusal::NoTrustedCa)?;
    let chain = trust::verify(anchors, end_entity, intermediates, now).map_err(CertificateRefusal::Chain)?;
    let subject = trust::pass_gate(
        chain,
        settings.mtls_client_cert_subject_validation_type,
        &settings.mtls_authorized_subjects,
    )
    .map_err(CertificateRefusal::Gate)?;
    state
        .user_with_subject(subject.name())
        .cloned()
        .ok_or(CertificateRefusal::NoUser)
}
