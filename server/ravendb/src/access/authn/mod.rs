//! Authentication: turns a [`Peer`] into a [`Caller`], separately for every request.
//!
//! The order of the checks is the real server's (`docs/contracts/ravendb.md#login`): no certificate, expired, not yet
//! valid, the server's own certificate, a well-known administrator, a well-known issuer, a registered certificate, the
//! renewal rule, unknown. Unlike on the real server, a decision lasts no longer than the trust on which it is based.

mod caller;
mod issuer;
mod renewal;
mod well_known;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;

use certward_pki::{Certificate, Thumbprint, Validity};
use certward_transport::administrators::{Administrator, Administrators};
use time::{OffsetDateTime, PrimitiveDateTime};

pub use caller::{Caller, CallerOrigin, NotAtConsole};
pub use issuer::VerifiedIssuer;
pub use renewal::Renewal;
pub use well_known::WellKnown;

use crate::access::two_factor::SecretDigest;
use crate::model::clearance::Level;
use crate::model::definition::RegisteredCertificate;
use crate::model::registry::Registry;
use certward_certificates::server_certificate::ServerCertificates;
use certward_system::clock::Clock;
use certward_transport::listener::connections::{Standing, TrustReview};
use certward_transport::listener::identity_counts::IdentityKind;
use certward_transport::listener::peer::{Peer, Presented};

/// Authenticates peers.
#[derive(Debug)]
pub struct Authenticator {
    registry: Arc<Registry>,
    server_certificates: Arc<ServerCertificates>,
    well_known: WellKnown,
    clock: Arc<dyn Clock>,
}

/// The result of authentication.
#[derive(Debug, Clone)]
pub enum Decision {
    /// The peer is this caller.
    Admitted(Arc<Caller>),
    /// The certificate is unregistered and renews a registered one: it is admitted once
    /// [`crate::usecases::Authority::register_renewal`] has recorded it.
    Renewed(Arc<Renewal>),
    /// The peer is refused.
    Refused(Refusal),
}

/// The reason why a peer is refused.
#[derive(Debug, Clone)]
pub enum Refusal {
    /// The peer presented no certificate.
    NoCertificate,
    /// The presented certificate cannot be parsed.
    Unreadable,
    /// The certificate has expired.
    Expired {
        /// The entry under which the certificate is registered, if it is.
        registered: Option<Arc<RegisteredCertificate>>,
    },
    /// The certificate is not valid yet.
    NotYetValid {
        /// The entry under which the certificate is registered, if it is.
        registered: Option<Arc<RegisteredCertificate>>,
    },
    /// The certificate is registered, and disabled by an administrator.
    Disabled {
        /// The entry.
        registered: Arc<RegisteredCertificate>,
    },
    /// The key is that of a registered certificate, but the issuer differs.
    UnfamiliarIssuer,
    /// Another certificate with this SHA-1 thumbprint is registered.
    ThumbprintCollision,
    /// The certificate is not known.
    Unknown,
}

impl Refusal {
    /// Label for logs and audit records.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoCertificate => "no_certificate",
            Self::Unreadable => "unreadable_certificate",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not_yet_valid",
            Self::Disabled { .. } => "disabled",
            Self::UnfamiliarIssuer => "unfamiliar_issuer",
            Self::ThumbprintCollision => "thumbprint_collision",
            Self::Unknown => "unknown_certificate",
        }
    }

    /// The entry of the certificate, for refusals of a registered one.
    #[must_use]
    pub fn registered(&self) -> Option<&Arc<RegisteredCertificate>> {
        match self {
            Self::Expired { registered } | Self::NotYetValid { registered } => registered.as_ref(),
            Self::Disabled { registered } => Some(registered),
            Self::NoCertificate
            | Self::Unreadable
            | Self::UnfamiliarIssuer
            | Self::ThumbprintCollision
            | Self::Unknown => None,
        }
    }
}

/// A decision with the revisions on which it is based. It is cached in the peer, so that a keep-alive connection is
/// checked once per change, not once per request.
#[derive(Debug)]
struct Verdict {
    decision: Decision,
    /// The period in which all issuers behind the decision are valid.
    holds: Validity,
    registry_revision: u64,
    server_certificate_revision: u64,
}

impl Authenticator {
    /// Creates an authenticator that decides from these sources.
    #[must_use]
    pub fn new(
        registry: Arc<Registry>,
        server_certificates: Arc<ServerCertificates>,
        well_known: WellKnown,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            registry,
            server_certificates,
            well_known,
            clock,
        }
    }

    /// The administrators and issuers that the settings name.
    #[must_use]
    pub fn well_known(&self) -> &WellKnown {
        &self.well_known
    }

    /// Authenticates `peer` for one of its requests, and counts refusals.
    #[must_use]
    pub fn authenticate(&self, peer: &Peer) -> Decision {
        let decision = self.look_at(peer);
        match &decision {
            Decision::Admitted(_) => peer.become_known(IdentityKind::Certificate),
            Decision::Refused(refusal) => {
                metrics::counter!(certward_system::telemetry::REFUSALS, "reason" => refusal.reason()).increment(1);
            }
            Decision::Renewed(_) => {}
        }
        decision
    }

    /// Authenticates `peer`.
    pub fn look_at(&self, peer: &Peer) -> Decision {
        let Presented::Certificate {
            end_entity,
            intermediates,
        } = peer.presented()
        else {
            return Decision::Refused(match peer.presented() {
                Presented::Unreadable => Refusal::Unreadable,
                _ => Refusal::NoCertificate,
            });
        };
        let now = self.clock.now();
        if let Some(refusal) = self.outside_validity(end_entity, now) {
            return Decision::Refused(refusal);
        }
        // The revisions are read before the decision: a change in between makes the verdict stale, never fresh.
        let (registry_revision, server_certificate_revision) =
            (self.registry.revision(), self.server_certificates.revision());
        let kept = peer.kept::<Verdict>();
        let mut verdict = kept.lock();
        if let Some(last) = verdict.as_ref()
            && last.registry_revision == registry_revision
            && last.server_certificate_revision == server_certificate_revision
            && last.holds.contains(now)
        {
            return last.decision.clone();
        }
        let (decision, holds) = self.decide(end_entity, intermediates, Some(peer.address()), now);
        peer.set_name(match &decision {
            Decision::Admitted(caller) => Some(caller.name()),
            Decision::Renewed(_) | Decision::Refused(_) => None,
        });
        *verdict = Some(Verdict {
            decision: decision.clone(),
            holds,
            registry_revision,
            server_certificate_revision,
        });
        decision
    }

    /// Authenticates the caller again, regardless of the decision at the start of its request. Returns none if the
    /// caller would be refused now, or if its certificate requires a one-time code that the caller has not given.
    ///
    /// The console's caller is always admitted: only the server's own user can open its socket.
    pub fn look_again_at(&self, caller: &Arc<Caller>) -> Option<Arc<Caller>> {
        let Some(certificate) = caller.certificate() else {
            return matches!(caller.origin(), CallerOrigin::Console).then(|| Arc::clone(caller));
        };
        let now = self.clock.now();
        if self.outside_validity(certificate, now).is_some() {
            return None;
        }
        let (decision, _) = self.decide(certificate, caller.intermediates(), caller.address(), now);
        match decision {
            Decision::Admitted(present) if !wants_another_code(caller, &present) => Some(present),
            _ => None,
        }
    }

    /// Returns `true` if a peer that is admitted now would be refused without the registered certificates `gone`.
    pub fn is_ended_without(&self, peer: &Peer, gone: &HashSet<Thumbprint>) -> bool {
        match self.look_at(peer) {
            Decision::Admitted(caller) => caller
                .registered_certificate()
                .is_some_and(|entry| gone.contains(&entry.thumbprint)),
            Decision::Renewed(renewal) => {
                let hash = renewal.certificate().public_key_pinning_hash();
                let left = self.registry.with_pinning_hash(&hash);
                let left: Vec<_> = left
                    .into_iter()
                    .filter(|entry| !gone.contains(&entry.thumbprint))
                    .collect();
                let (certificate, intermediates) = (renewal.certificate(), peer.intermediates());
                !matches!(
                    self.decide_renewal(certificate, intermediates, &left, self.clock.now()),
                    Decision::Renewed(_)
                )
            }
            Decision::Refused(_) => false,
        }
    }

    fn decide_renewal(
        &self,
        certificate: &Certificate,
        intermediates: &[rustls_pki_types::CertificateDer<'static>],
        same_key: &[Arc<RegisteredCertificate>],
        now: OffsetDateTime,
    ) -> Decision {
        // Read before the certificate: a change in between makes a renewal stale, never fresh.
        let server_certificate_revision = self.server_certificates.revision();
        let server = self.server_certificates.current();
        let known = renewal::readable(server.chain().iter().chain(self.well_known.issuers()));
        renewal::decide(
            certificate,
            intermediates,
            same_key,
            (server.certificate(), known, server_certificate_revision),
            now,
        )
    }

    fn outside_validity(&self, certificate: &Certificate, now: OffsetDateTime) -> Option<Refusal> {
        let validity = certificate.validity();
        if now > validity.not_after {
            Some(Refusal::Expired {
                registered: self.registered(certificate).ok().flatten(),
            })
        } else if now < validity.not_before {
            Some(Refusal::NotYetValid {
                registered: self.registered(certificate).ok().flatten(),
            })
        } else {
            None
        }
    }

    /// Returns the decision, and the period in which all issuers behind it are valid.
    fn decide(
        &self,
        certificate: &Certificate,
        intermediates: &[rustls_pki_types::CertificateDer<'static>],
        address: Option<SocketAddr>,
        now: OffsetDateTime,
    ) -> (Decision, Validity) {
        let admit = |caller: Caller| Decision::Admitted(Arc::new(caller.at_address(address)));
        let server = self.server_certificates.current();
        if server.certificate().der() == certificate.der() {
            return (admit(Caller::server(certificate.clone())), ALWAYS);
        }
        let thumbprint = certificate.thumbprint();
        if self.well_known.names_administrator(&thumbprint) {
            return (admit(Caller::well_known(certificate.clone())), ALWAYS);
        }
        if let Some(issuers) = self.well_known.issued(certificate, intermediates, now) {
            return (
                admit(Caller::issued_by_well_known(
                    certificate.clone(),
                    intermediates,
                    issuers.anchor,
                )),
                issuers.in_date,
            );
        }
        let decision = match self.registered(certificate) {
            Err(collision) => Decision::Refused(collision),
            Ok(Some(entry)) if entry.disabled => Decision::Refused(Refusal::Disabled { registered: entry }),
            Ok(Some(entry)) => admit(Caller::registered(certificate.clone(), entry)),
            Ok(None) => {
                let same_key = self.registry.with_pinning_hash(&certificate.public_key_pinning_hash());
                if same_key.is_empty() || self.registry.was_deleted(&certificate.fingerprint()) {
                    return (Decision::Refused(Refusal::Unknown), ALWAYS);
                }
                self.decide_renewal(certificate, intermediates, &same_key, now)
            }
        };
        let holds = match &decision {
            Decision::Renewed(renewal) => renewal.in_date(),
            Decision::Admitted(_) | Decision::Refused(_) => ALWAYS,
        };
        (decision, holds)
    }

    /// The entry of exactly this certificate. A thumbprint that matches another certificate is a SHA-1 collision.
    fn registered(&self, certificate: &Certificate) -> Result<Option<Arc<RegisteredCertificate>>, Refusal> {
        match self.registry.get(&certificate.thumbprint()) {
            None => Ok(None),
            Some(entry) if &entry.der == certificate.der() => Ok(Some(entry)),
            Some(_) => Err(Refusal::ThumbprintCollision),
        }
    }
}

/// Cluster administrators administer the whole server. One that needs a one-time code is none where no code can be given.
impl Administrators for Authenticator {
    fn administrator(&self, peer: &Peer) -> Option<Administrator> {
        let Decision::Admitted(caller) = self.look_at(peer) else {
            return None;
        };
        let needs_code = caller
            .registered_certificate()
            .is_some_and(|entry| entry.has_two_factor());
        (caller.level() == Level::ClusterAdmin && !needs_code).then(|| Administrator {
            name: caller.name().to_owned(),
        })
    }
}

impl TrustReview for Authenticator {
    fn standing(&self, peer: &Peer) -> Standing {
        match self.look_at(peer) {
            Decision::Admitted(_) | Decision::Renewed(_) => Standing::Admitted,
            Decision::Refused(refusal) => Standing::Refused(refusal.reason()),
        }
    }

    /// The earliest end of validity of the peer's certificate and of the issuers behind the last decision.
    fn valid_until(&self, peer: &Peer) -> Option<OffsetDateTime> {
        let own = peer.certificate()?.validity().not_after;
        let kept = peer.kept::<Verdict>();
        let above = kept.lock().as_ref().map(|verdict| verdict.holds.not_after);
        Some(above.map_or(own, |above| above.min(own)))
    }
}

/// Returns `true` if the certificate now requires one-time codes of a different secret than at the caller's admission.
fn wants_another_code(caller: &Caller, present: &Caller) -> bool {
    let secret = |caller: &Caller| {
        let key = caller.registered_certificate()?.two_factor_key.as_ref()?;
        Some(SecretDigest::of(key))
    };
    let wanted = secret(present);
    wanted.is_some() && wanted != secret(caller)
}

/// For decisions that depend only on the peer's own certificate, whose dates are checked each time.
const ALWAYS: Validity = Validity {
    not_before: PrimitiveDateTime::MIN.assume_utc(),
    not_after: PrimitiveDateTime::MAX.assume_utc(),
};
