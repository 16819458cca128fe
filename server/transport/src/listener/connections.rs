//! The open connections, so that those whose certificate loses its trust can be closed.
//!
//! Every request is decided anew by the product; this is for the connections that make none. A connection counts
//! as admitted once its certificate was trusted while it was open. One that never was stays open and gets refusals.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use certward_pki::Thumbprint;
use futures_util::task::AtomicWaker;
use time::OffsetDateTime;

use super::identity_counts::IdentityKind;
use super::peer::Peer;
use certward_system::clock::Clock;

/// Decides whether the certificates of connections are trusted; each of the two APIs has its own rules.
pub trait TrustReview: Debug + Send + Sync {
    /// Decides whether the peer's certificate is trusted now.
    fn standing(&self, peer: &Peer) -> Standing;

    /// The end of the period in which all certificates of an admitted peer are valid.
    fn valid_until(&self, peer: &Peer) -> Option<OffsetDateTime> {
        peer.certificate().map(|certificate| certificate.validity().not_after)
    }
}

/// The standing of a peer's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The certificate admits its holder.
    Admitted,
    /// The certificate is refused for this reason: one word for logs and metrics.
    Refused(&'static str),
}

/// The open connections of one listener.
#[derive(Debug)]
pub struct OpenConnections {
    reviewer: Arc<dyn TrustReview>,
    clock: Arc<dyn Clock>,
    index: Mutex<Index>,
    /// Set when the server stops: a handshake that ends later opens a connection that ends at once.
    stopping: AtomicBool,
}

#[derive(Debug, Default)]
struct Index {
    next_id: u64,
    by_id: BTreeMap<u64, Arc<OpenConnection>>,
    by_thumbprint: BTreeSet<(Thumbprint, u64)>,
    by_expiry: BTreeSet<(OffsetDateTime, u64)>,
}

/// One open connection.
#[derive(Debug)]
pub struct OpenConnection {
    id: u64,
    peer: Arc<Peer>,
    opened_at: OffsetDateTime,
    /// The key of the connection in the index by expiry.
    valid_until: Mutex<Option<OffsetDateTime>>,
    admitted: Mutex<bool>,
    /// True when the connection has been reviewed since its peer became known.
    reviewed_as_known: AtomicBool,
    must_end: AtomicBool,
    waker: AtomicWaker,
}

/// Keeps a connection among the open ones until it is dropped.
#[derive(Debug)]
pub struct OpenGuard {
    connections: Arc<OpenConnections>,
    connection: Arc<OpenConnection>,
}

impl OpenConnections {
    /// Creates an empty table, whose connections `reviewer` judges.
    #[must_use]
    pub fn new(reviewer: Arc<dyn TrustReview>, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            reviewer,
            clock,
            index: Mutex::default(),
            stopping: AtomicBool::new(false),
        })
    }

    /// Takes in a connection whose handshake is done.
    pub fn open(self: &Arc<Self>, peer: Arc<Peer>) -> OpenGuard {
        let opened_at = self.clock.now();
        let connection = {
            let mut index = self.index();
            let id = index.next_id;
            index.next_id += 1;
            let connection = Arc::new(OpenConnection {
                id,
                peer,
                opened_at,
                valid_until: Mutex::new(None),
                admitted: Mutex::new(false),
                reviewed_as_known: AtomicBool::new(false),
                must_end: AtomicBool::new(false),
                waker: AtomicWaker::new(),
            });
            index.insert(&connection);
            connection
        };
        // After it is in the index: a change of trust in between finds it there.
        self.look_at(&connection);
        if self.stopping.load(Ordering::SeqCst) {
            connection.end();
        }
        metrics::gauge!(certward_system::telemetry::OPEN_CONNECTIONS).increment(1.0);
        OpenGuard {
            connections: Arc::clone(self),
            connection,
        }
    }

    /// All of them, the oldest first.
    pub fn all(&self) -> Vec<Arc<OpenConnection>> {
        self.index().by_id.values().cloned().collect()
    }

    /// Ends the connections of these certificates that have lost their trust.
    pub fn review(&self, thumbprints: &[Thumbprint]) {
        let affected: Vec<_> = {
            let index = self.index();
            let with = |thumbprint| index.by_thumbprint.range((thumbprint, 0)..=(thumbprint, u64::MAX));
            let ids = thumbprints.iter().flat_map(|thumbprint| with(*thumbprint));
            ids.filter_map(|(_, id)| index.by_id.get(id).cloned()).collect()
        };
        affected.iter().for_each(|connection| self.look_at(connection));
    }

    /// Ends every connection that has lost its trust. Strangers have none, and must not hold up the others: who of them
    /// is let in by a later request is reviewed after it.
    pub fn review_all(&self) {
        let known: Vec<_> = self
            .index()
            .by_id
            .values()
            .filter(|connection| !connection.peer.is_stranger())
            .cloned()
            .collect();
        known.iter().for_each(|connection| self.look_at(connection));
    }

    /// Reviews the connection if its peer has become known since it was reviewed: a change of trust between the decision
    /// about its request and this moment has passed it by.
    pub fn review_if_newly_known(&self, connection: &OpenConnection) {
        if !connection.reviewed_as_known.load(Ordering::Acquire) && !connection.peer.is_stranger() {
            self.look_at(connection);
        }
    }

    /// Ends the connections whose certificates have expired at `now`. The APIs differ in whether the last second counts to
    /// its end, so that each connection is reviewed during that second and once after it.
    pub fn review_expired(&self, now: OffsetDateTime) {
        let second = now.replace_nanosecond(0).unwrap_or(now);
        let expired: Vec<_> = {
            let mut index = self.index();
            let later = index.by_expiry.split_off(&(second, 0));
            let passed = std::mem::replace(&mut index.by_expiry, later);
            passed
                .iter()
                .chain(index.by_expiry.range(..(now, 0)))
                .filter_map(|(_, id)| index.by_id.get(id).cloned())
                .collect()
        };
        expired.iter().for_each(|connection| self.look_at(connection));
    }

    /// Ends all of them, each after the requests it is working on.
    pub fn end_all(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.index().by_id.values().for_each(|connection| connection.end());
    }

    /// Reviews the connection, and keeps it under the moment at which it must be reviewed again.
    fn look_at(&self, connection: &OpenConnection) {
        // Before the review: what becomes known during it is reviewed again.
        if !connection.peer.is_stranger() {
            connection.reviewed_as_known.store(true, Ordering::Release);
        }
        connection.review(&*self.reviewer);
        let valid_until = self.reviewer.valid_until(&connection.peer);
        self.index().set_expiry(connection, valid_until);
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    fn insert(&mut self, connection: &Arc<OpenConnection>) {
        if let Some(certificate) = connection.peer.certificate() {
            self.by_thumbprint.insert((certificate.thumbprint(), connection.id));
        }
        self.by_id.insert(connection.id, Arc::clone(connection));
    }

    fn remove(&mut self, connection: &OpenConnection) {
        if let Some(certificate) = connection.peer.certificate() {
            self.by_thumbprint.remove(&(certificate.thumbprint(), connection.id));
        }
        self.set_expiry(connection, None);
        self.by_id.remove(&connection.id);
    }

    /// A connection that is looked at again at the same moment has passed it, and is not looked at for it once more.
    fn set_expiry(&mut self, connection: &OpenConnection, valid_until: Option<OffsetDateTime>) {
        let mut kept = connection.valid_until.lock().unwrap_or_else(PoisonError::into_inner);
        if *kept == valid_until || !self.by_id.contains_key(&connection.id) {
            return;
        }
        if let Some(kept) = *kept {
            self.by_expiry.remove(&(kept, connection.id));
        }
        if let Some(valid_until) = valid_until {
            self.by_expiry.insert((valid_until, connection.id));
        }
        *kept = valid_until;
    }
}

impl OpenConnection {
    /// Notes whether the certificate is trusted now, and ends the connection when it was and is no longer.
    fn review(&self, reviewer: &dyn TrustReview) {
        // Held over the decision: of two reviews at once, the later decision is the one that counts.
        let mut admitted = self.admitted.lock().unwrap_or_else(PoisonError::into_inner);
        match reviewer.standing(&self.peer) {
            Standing::Admitted => {
                *admitted = true;
                // Whoever has been let in by something else since stays that.
                if self.peer.is_stranger() {
                    self.peer.become_known(IdentityKind::Certificate);
                }
            }
            Standing::Refused(reason) if *admitted => {
                tracing::info!(
                    peer.address = %self.peer.address(),
                    peer.thumbprint = self.peer.certificate().map(|certificate| certificate.thumbprint().to_string()),
                    refusal.reason = reason,
                    "ending a connection whose certificate is no longer trusted"
                );
                metrics::counter!(certward_system::telemetry::CONNECTIONS_CUT, "reason" => reason).increment(1);
                self.end();
            }
            Standing::Refused(_) => {}
        }
    }

    fn end(&self) {
        self.must_end.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Ready once the connection must end. Wakes the task that asked last.
    pub fn poll_must_end(&self, context: &mut Context<'_>) -> Poll<()> {
        self.waker.register(context.waker());
        if self.must_end.load(Ordering::Acquire) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl OpenConnection {
    /// The peer of the connection.
    pub fn peer(&self) -> &Arc<Peer> {
        &self.peer
    }

    /// The time at which the handshake was completed.
    pub fn opened_at(&self) -> OffsetDateTime {
        self.opened_at
    }

    /// The end of validity of the peer's certificate and of the issuers above it.
    pub fn valid_until(&self) -> Option<OffsetDateTime> {
        *self.valid_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenGuard {
    /// The connection.
    #[must_use]
    pub fn connection(&self) -> &Arc<OpenConnection> {
        &self.connection
    }

    /// The table that the connection is in.
    #[must_use]
    pub fn connections(&self) -> &Arc<OpenConnections> {
        &self.connections
    }
}

impl Drop for OpenGuard {
    fn drop(&mut self) {
        self.connections.index().remove(&self.connection);
        metrics::gauge!(certward_system::telemetry::OPEN_CONNECTIONS).decrement(1.0);
    }
}
