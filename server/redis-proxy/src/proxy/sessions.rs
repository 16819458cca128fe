//! The open connections to a database, each with its credentials, so that it is cut when they are not admitted any
//! more.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use certward_pki::Sha256Fingerprint;
use time::OffsetDateTime;

use super::admission::{Client, Identity, Judge, TrustBasis};
use super::handshake::AdmittedClient;
use certward_redis_model::database::trust::AdmittedCertificate;
use certward_system::telemetry;
use certward_transport::listener::connection_table::{ConnectionTable, Entry, Listed, Open, Order};
use certward_transport::listener::identity_counts::IdentityKind;

/// The open connections to a database.
#[derive(Debug)]
pub(super) struct Sessions(Arc<ConnectionTable<Session>>);

/// An open connection.
#[derive(Debug)]
pub(super) struct Session {
    entry: Entry<Infallible>,
    client: Client,
    /// The basis of its admission.
    basis: Mutex<Basis>,
    /// The revision of the cluster at its last review.
    reviewed: AtomicU64,
}

#[derive(Debug)]
struct Basis {
    identity: Identity,
    /// The identity that it gets when the engine confirms it. Until then it is cut if either identity is not admitted.
    pending: Option<Identity>,
    trust: TrustBasis,
}

impl Sessions {
    /// Adds a connection that was admitted at this revision of the cluster. [`Self::review`] handles later changes.
    pub(super) fn open(
        &self,
        client: AdmittedClient,
        identity: Identity,
        (revision, opened_at): (u64, OffsetDateTime),
    ) -> Open<Session> {
        let (client, trust) = client.into_parts();
        client.is_now(&identity, false);
        let open = self.0.open(None, opened_at, |entry| Session {
            entry,
            client,
            reviewed: AtomicU64::new(revision),
            basis: Mutex::new(Basis {
                identity,
                pending: None,
                trust,
            }),
        });
        let basis = open.connection().basis();
        self.0.set_expiry(open.connection(), basis.trust.valid_until());
        drop(basis);
        open
    }

    /// Cuts the connections whose identity `judge` does not admit.
    pub(super) fn review(&self, judge: &Judge<'_>) {
        self.all().iter().for_each(|session| self.recheck(session, judge));
    }

    /// All connections, the oldest first.
    pub(super) fn all(&self) -> Vec<Arc<Session>> {
        self.0.all()
    }

    /// Cuts the connection if `judge` does not admit its identity.
    pub(super) fn recheck(&self, session: &Session, judge: &Judge<'_>) {
        let mut basis = session.basis();
        self.decide(session, &mut basis, judge);
        // Last: whoever finds that the connection was held against this revision must find it cut if it is.
        session.reviewed.fetch_max(judge.revision(), Ordering::AcqRel);
    }

    fn decide(&self, session: &Session, basis: &mut Basis, judge: &Judge<'_>) {
        match basis.held_against(judge, &session.client) {
            Ok(None) => {}
            Ok(Some(trust)) => {
                self.0.set_expiry(session, trust.valid_until());
                basis.trust = trust;
            }
            Err(reason) => session.cut(reason),
        }
    }

    /// Cuts the connections whose certificates have expired at `now`: the last second of validity has passed.
    pub(super) fn cut_expired(&self, now: OffsetDateTime) {
        let (passed, _) = self.0.expired(now);
        passed.iter().for_each(|session| session.cut("certificate_expired"));
    }

    /// Gives the order to all current and later connections.
    pub(super) fn order_all(&self, order: Order, reason: &'static str) {
        for session in self.0.order_from_now_on(order) {
            if order == Order::Cut {
                session.cut(reason);
            } else {
                session.give(order);
            }
        }
    }
}

impl Basis {
    /// Checks that `judge` would admit the client with its present identity. Returns the new basis of trust if it has
    /// changed.
    ///
    /// # Errors
    ///
    /// The reason of a refusal, as a label for logs and metrics.
    fn held_against(&self, judge: &Judge<'_>, client: &Client) -> Result<Option<TrustBasis>, &'static str> {
        let trust = judge.recheck(&self.trust, client).map_err(|refusal| refusal.reason())?;
        let mut identities = [&self.identity].into_iter().chain(&self.pending);
        if identities.all(|identity| judge.confirms(identity, client)) {
            Ok(trust)
        } else {
            Err("decision_changed")
        }
    }
}

impl Session {
    /// Sets the identity that the connection gets if the engine confirms the next command.
    pub(super) fn may_become(&self, identity: Identity) {
        self.basis().pending = Some(identity);
    }

    /// Handles the engine's confirmation of a login or a reset.
    pub(super) fn confirm_identity(&self, is_done: bool, is_login: bool) {
        let mut basis = self.basis();
        if let Some(identity) = basis.pending.take()
            && is_done
        {
            // A login has given a password that is right, whoever it is.
            self.client.is_now(&identity, is_login);
            basis.identity = identity;
        } else if is_done && is_login {
            self.client.permit.become_known(IdentityKind::Password);
        }
    }

    /// Returns `true` if it was reviewed at this revision of the cluster.
    pub(super) fn is_reviewed_at(&self, revision: u64) -> bool {
        self.reviewed.load(Ordering::Acquire) >= revision
    }

    /// Returns `true` if it has or had an admitted identity.
    pub(super) fn was_let_in(&self) -> bool {
        self.client.permit.was_known()
    }

    /// Cuts the connection when it has had no admitted identity for `time`: after its start, and after a reset.
    pub(super) async fn cut_strangers_after(&self, time: Duration) -> Infallible {
        let permit = &self.client.permit;
        loop {
            tokio::select! {
                () = permit.known() => permit.stranger().await,
                () = tokio::time::sleep(time) => {
                    self.cut("unauthenticated");
                    return std::future::pending().await;
                }
            }
        }
    }

    /// Returns `true` if `judge` would refuse its present identity. It has no effect.
    pub(super) fn would_end(&self, judge: &Judge<'_>) -> bool {
        self.basis().held_against(judge, &self.client).is_err()
    }

    /// Returns its identity, and the certificate of the database that its own chains to, if it has one.
    pub(super) fn standing(&self) -> (Identity, Option<Sha256Fingerprint>, Option<OffsetDateTime>) {
        let basis = self.basis();
        let trusted = basis.trust.admitted.as_ref().map(AdmittedCertificate::trusted);
        (basis.identity.clone(), trusted, basis.trust.valid_until())
    }

    /// The client of the connection.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// The address of the client.
    pub(super) fn address(&self) -> SocketAddr {
        self.client.address
    }

    fn cut(&self, reason: &'static str) {
        if !self.give(Order::Cut) {
            return;
        }
        tracing::info!(
            peer.address = %self.client.address,
            certificate.thumbprint = self
                .client
                .end_entity()
                .map(|certificate| certificate.thumbprint().to_string()),
            reason,
            "cutting a connection to a database"
        );
        metrics::counter!(telemetry::CONNECTIONS_CUT, "reason" => reason).increment(1);
    }

    fn basis(&self) -> MutexGuard<'_, Basis> {
        self.basis.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listed for Session {
    type Key = Infallible;

    fn entry(&self) -> &Entry<Infallible> {
        &self.entry
    }
}

impl Default for Sessions {
    fn default() -> Self {
        Self(ConnectionTable::new(telemetry::DATABASE_CONNECTIONS))
    }
}
