//! The objects that a connection to an API depends on.

use std::sync::Arc;

use certward_pki::Certificate;

use super::ConnectionView;
use certward_certificates::certificate::shown;
use certward_ravendb::access::authn::{Caller, CallerOrigin, Decision};
use certward_redis_enterprise::cluster::access::CertificateHolder;
use certward_redis_model::state::ClusterState;
use certward_transport::connected::{Ground, GroundKind, Numbered};
use certward_transport::listener::peer::Peer;

/// The objects that a peer's admission by certificate depends on; empty when it is not admitted by its certificate.
#[derive(Debug, Default)]
pub(super) struct Grounds {
    pub(super) user: Option<Numbered>,
    pub(super) rests_on: Vec<Ground>,
}

/// For a connection to RavenDB's API.
pub(super) fn on_ravendb(view: &ConnectionView, peer: &Peer) -> Grounds {
    let rests_on = match view.authenticator.look_at(peer) {
        Decision::Admitted(caller) => of_caller(view, &caller),
        Decision::Renewed(renewal) => {
            let original = renewal.original();
            vec![Ground::new(
                GroundKind::Certificate,
                original.thumbprint,
                &original.name,
            )]
        }
        Decision::Refused(_) => Vec::new(),
    };
    Grounds { user: None, rests_on }
}

/// For a connection to Redis Enterprise's API, when the cluster is in this state.
pub(super) fn on_redis_enterprise(view: &ConnectionView, peer: &Peer, state: &ClusterState) -> Grounds {
    match view.cluster_access.holder(peer, state) {
        None => Grounds::default(),
        Some(CertificateHolder::Administrator) => on_ravendb(view, peer),
        Some(CertificateHolder::User { user, anchor }) => {
            let anchors = state.trust_anchors().map(|anchors| anchors.certificates());
            let ca = anchors.unwrap_or_default().iter().find(|ca| ca.fingerprint() == anchor);
            let roles = user.role_uids.iter().filter_map(|role| state.role(*role));
            let mut rests_on: Vec<_> = ca.map(|ca| Ground::trusted(GroundKind::Ca, ca)).into_iter().collect();
            rests_on.push(Ground::new(GroundKind::User, user.uid, user.name.as_str()));
            rests_on.extend(roles.map(|role| Ground::new(GroundKind::Role, role.uid, role.name.as_str())));
            Grounds {
                user: Some(Numbered::new(user.uid.get(), user.name.as_str())),
                rests_on,
            }
        }
    }
}

/// The user of the cluster that the peer's certificate identifies, if any.
pub(super) fn user_of(view: &ConnectionView, peer: &Peer, state: &ClusterState) -> Option<Numbered> {
    match view.cluster_access.holder(peer, state)? {
        CertificateHolder::User { user, .. } => Some(Numbered::new(user.uid.get(), user.name.as_str())),
        CertificateHolder::Administrator => None,
    }
}

fn of_caller(view: &ConnectionView, caller: &Arc<Caller>) -> Vec<Ground> {
    let Some(certificate) = caller.certificate() else {
        return Vec::new();
    };
    let own = |kind| Ground::new(kind, certificate.thumbprint(), shown(certificate.subject()));
    vec![match caller.origin() {
        CallerOrigin::Registered(entry) => Ground::new(GroundKind::Certificate, entry.thumbprint, &entry.name),
        CallerOrigin::Server => own(GroundKind::ServerCertificate),
        CallerOrigin::WellKnownAdministrator => own(GroundKind::WellKnownAdministrator),
        CallerOrigin::WellKnownIssuer(issuer) => {
            let known = view.authenticator.well_known().issuers();
            let subject = known
                .filter_map(|der| Certificate::from_der(der.clone()).ok())
                .find(|certificate| certificate.fingerprint() == *issuer)
                .map(|certificate| shown(certificate.subject()));
            Ground::new(GroundKind::WellKnownIssuer, issuer, subject.unwrap_or_default())
        }
        // It has no connection.
        CallerOrigin::Console => return Vec::new(),
    }]
}
