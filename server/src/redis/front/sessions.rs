//! The open connections to a database, each with its credentials, so that it is cut when they are not admitted any
//! more.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Context;
use std::time::Duration;

use certward_pki::Sha256Fingerprint;
use futures_util::task::AtomicWaker;
use time::OffsetDateTime;

use super::admission::{Admission, Client, Identity, Judge};
use crate::cluster::database::trust::{AdmittedClient, DatabaseTrust};
use crate::listener::identity_counts::IdentityKind;
use crate::telemetry;

/// The open connections to a database.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    index: Mutex<Index>,
}

#[derive(Debug, Default)]
struct Index {
    next_id: u64,
    by_id: BTreeMap<u64, Arc<Session>>,
    by_expiry: BTreeSet<(OffsetDateTime, u64)>,
    /// Order for all connections that are opened from now on.
    standing_order: Order,
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Session {
    id: u64,
    address: SocketAddr,
    opened_at: OffsetDateTime,
    client: Client,
    /// The basis of its admission.
    basis: Mutex<Basis>,
    order: AtomicU8,
    waker: AtomicWaker,
    /// The revision of the cluster at its last review.
    reviewed: AtomicU64,
}

#[derive(Debug)]
struct Basis {
    identity: Identity,
    /// The identity that it gets when the engine confirms it. Until then it is cut if either identity is not admitted.
    pending: Option<Identity>,
    trust: Arc<DatabaseTrust>,
    /// The certificate that admitted it, if the client has one.
    admitted: Option<AdmittedClient>,
}

/// Result of the review of a connection that is still admitted.
enum Held {
    /// With its present admission.
    AsBefore,
    /// With a new admission.
    Anew(Option<AdmittedClient>),
}

/// An order to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Order {
    /// No order.
    #[default]
    None,
    /// Accept no more commands, and end once those in progress are answered: the server stops.
    Finish,
    /// End at once.
    Cut,
}

/// Keeps a connection in the table until dropped.
#[derive(Debug)]
pub(super) struct OpenSession {
    sessions: Arc<Sessions>,
    session: Arc<Session>,
}

impl Sessions {
    /// Adds a connection that was admitted by `judge`. [`Self::review`] handles later changes.
    pub(super) fn open(
        self: &Arc<Self>,
        (address, opened_at): (SocketAddr, OffsetDateTime),
        client: Client,
        admission: Admission,
        trust: Arc<DatabaseTrust>,
    ) -> OpenSession {
        client.is_now(&admission.identity, false);
        let valid_until = admission.admitted.as_ref().and_then(AdmittedClient::valid_until);
        let mut index = self.index();
        let id = index.next_id;
        index.next_id += 1;
        let session = Arc::new(Session {
            id,
            address,
            opened_at,
            client,
            order: AtomicU8::new(index.standing_order as u8),
            waker: AtomicWaker::new(),
            reviewed: AtomicU64::new(0),
            basis: Mutex::new(Basis {
                identity: admission.identity,
                pending: None,
                trust,
                admitted: admission.admitted,
            }),
        });
        if let Some(valid_until) = valid_until {
            index.by_expiry.insert((valid_until, id));
        }
        index.by_id.insert(id, Arc::clone(&session));
        drop(index);
        metrics::gauge!(telemetry::DATABASE_CONNECTIONS).increment(1.0);
        OpenSession {
            sessions: Arc::clone(self),
            session,
        }
    }

    /// Cuts the connections whose identity `judge` does not admit.
    pub(super) fn review(&self, judge: &Judge<'_>) {
        self.all().iter().for_each(|session| self.look_at(session, judge));
    }

    /// All connections, the oldest first.
    pub(super) fn all(&self) -> Vec<Arc<Session>> {
        self.index().by_id.values().cloned().collect()
    }

    /// Cuts the connection if `judge` does not admit its identity.
    pub(super) fn look_at(&self, session: &Session, judge: &Judge<'_>) {
        let mut basis = session.basis();
        self.decide(session, &mut basis, judge);
        // Last: whoever finds that the connection was held against this revision must find it cut if it is.
        session.reviewed.fetch_max(judge.revision(), Ordering::AcqRel);
    }

    fn decide(&self, session: &Session, basis: &mut Basis, judge: &Judge<'_>) {
        match basis.held_against(judge, &session.client) {
            Ok(Held::AsBefore) => {}
            Ok(Held::Anew(admitted)) => {
                let before = basis.valid_until();
                basis.trust = Arc::clone(&judge.policy().trust);
                basis.admitted = admitted;
                self.index().move_expiry(session, before, basis.valid_until());
            }
            Err(reason) => session.cut(reason),
        }
    }

    /// Cuts the connections whose certificates have expired at `now`: the last second of validity has passed.
    pub(super) fn cut_expired(&self, now: OffsetDateTime) {
        let expired: Vec<_> = {
            let mut index = self.index();
            let second = now.replace_nanosecond(0).unwrap_or(now);
            let later = index.by_expiry.split_off(&(second, 0));
            let expired = std::mem::replace(&mut index.by_expiry, later);
            expired
                .iter()
                .filter_map(|(_, id)| index.by_id.get(id).cloned())
                .collect()
        };
        expired.iter().for_each(|session| session.cut("certificate_expired"));
    }

    /// Gives the order to all current and later connections.
    pub(super) fn tell_all(&self, order: Order, reason: &'static str) {
        let all: Vec<_> = {
            let mut index = self.index();
            index.standing_order = index.standing_order.max(order);
            index.by_id.values().cloned().collect()
        };
        for session in all {
            if order == Order::Cut {
                session.cut(reason);
            } else {
                session.tell(order);
            }
        }
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    fn move_expiry(&mut self, session: &Session, from: Option<OffsetDateTime>, to: Option<OffsetDateTime>) {
        if let Some(from) = from {
            self.by_expiry.remove(&(from, session.id));
        }
        if let Some(to) = to
            && self.by_id.contains_key(&session.id)
        {
            self.by_expiry.insert((to, session.id));
        }
    }
}

impl Basis {
    /// Checks that `judge` would admit the client with its present identity.
    ///
    /// # Errors
    ///
    /// The reason of a refusal, as a label for logs and metrics.
    fn held_against(&self, judge: &Judge<'_>, client: &Client) -> Result<Held, &'static str> {
        let is_as_before = Arc::ptr_eq(&self.trust, &judge.policy().trust) && self.is_in_date(judge.now());
        let held = if is_as_before {
            Held::AsBefore
        } else {
            Held::Anew(judge.trust(client).map_err(|refusal| refusal.reason())?)
        };
        let mut identities = [&self.identity].into_iter().chain(&self.pending);
        if identities.all(|identity| judge.confirms(identity, client)) {
            Ok(held)
        } else {
            Err("decision_changed")
        }
    }

    /// The last second of the certificate's validity, if it limits the connection.
    fn valid_until(&self) -> Option<OffsetDateTime> {
        self.admitted.as_ref().and_then(AdmittedClient::valid_until)
    }

    fn is_in_date(&self, now: OffsetDateTime) -> bool {
        self.valid_until()
            .is_none_or(|valid_until| now.unix_timestamp() <= valid_until.unix_timestamp())
    }
}

impl Session {
    /// Sets the identity that the connection gets if the engine confirms the next command.
    pub(super) fn may_become(&self, identity: Identity) {
        self.basis().pending = Some(identity);
    }

    /// Handles the engine's confirmation of a login or a reset.
    pub(super) fn settle(&self, is_done: bool, is_login: bool) {
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
        let trusted = basis.admitted.as_ref().map(AdmittedClient::trusted);
        (basis.identity.clone(), trusted, basis.valid_until())
    }

    /// The client of the connection.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// The time of its admission.
    pub(super) fn opened_at(&self) -> OffsetDateTime {
        self.opened_at
    }

    /// The address of the client.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the order to the connection, and wakes the last caller's task when the order changes.
    pub(super) fn poll_order(&self, context: &Context<'_>) -> Order {
        self.waker.register(context.waker());
        self.order()
    }

    /// The order to the connection.
    pub(super) fn order(&self) -> Order {
        match self.order.load(Ordering::Acquire) {
            0 => Order::None,
            1 => Order::Finish,
            _ => Order::Cut,
        }
    }

    /// Gives an order and returns `true` when it is new.
    fn tell(&self, order: Order) -> bool {
        let before = self.order.fetch_max(order as u8, Ordering::AcqRel);
        self.waker.wake();
        before < order as u8
    }

    fn cut(&self, reason: &'static str) {
        if !self.tell(Order::Cut) {
            return;
        }
        tracing::info!(
            peer.address = %self.address,
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

impl OpenSession {
    pub(super) fn session(&self) -> &Arc<Session> {
        &self.session
    }
}

impl Drop for OpenSession {
    fn drop(&mut self) {
        let valid_until = self.session.basis().valid_until();
        let mut index = self.sessions.index();
        index.by_id.remove(&self.session.id);
        index.move_expiry(&self.session, valid_until, None);
        drop(index);
        metrics::gauge!(telemetry::DATABASE_CONNECTIONS).decrement(1.0);
    }
}
