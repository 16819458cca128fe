//! The table of open connections, for closing those whose certificate is no longer trusted.
//!
//! The product decides on every request separately; this table covers connections without requests. A connection counts
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

/// Reviews the certificates of connections; each of the two APIs has its own rules.
pub trait TrustReview: Debug + Send + Sync {
    /// Decides if the peer's certificate is trusted now.
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
    /// The certificate is refused for this reason: a label for logs and metrics.
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
    /// Key of the connection in the index by expiry.
    valid_until: Mutex<Option<OffsetDateTime>>,
    admitted: Mutex<bool>,
    /// True if the connection has been reviewed since its peer became known.
    reviewed_as_known: AtomicBool,
    must_end: AtomicBool,
    waker: AtomicWaker,
}

/// Keeps a connection in the table until dropped.
#[derive(Debug)]
pub struct OpenGuard {
    connections: Arc<OpenConnections>,
    connection: Arc<OpenConnection>,
}

impl OpenConnections {
    /// Creates an empty table, whose connections `reviewer` reviews.
    #[must_use]
    pub fn new(reviewer: Arc<dyn TrustReview>, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            reviewer,
            clock,
            index: Mutex::default(),
            stopping: AtomicBool::new(false),
        })
    }

    /// Adds a connection after its handshake.
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

    /// All connections, the oldest first.
    pub fn all(&self) -> Vec<Arc<OpenConnection>> {
        self.index().by_id.values().cloned().collect()
    }

    /// Reviews the connections with these certificates, and ends those that are no longer trusted.
    pub fn review(&self, thumbprints: &[Thumbprint]) {
        let affected: Vec<_> = {
            let index = self.index();
            let with = |thumbprint| index.by_thumbprint.range((thumbprint, 0)..=(thumbprint, u64::MAX));
            let ids = thumbprints.iter().flat_map(|thumbprint| with(*thumbprint));
            ids.filter_map(|(_, id)| index.by_id.get(id).cloned()).collect()
        };
        affected.iter().for_each(|connection| self.look_at(connection));
    }

    /// Ends all connections that are no longer trusted. Strangers have no trust to lose, and must not delay the review
    /// of others: a stranger that a later request admits is reviewed after that request.
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

    /// Reviews the connection if its peer has become known since its last review: a change of trust between the
    /// decision on the request and this moment would otherwise be missed.
    pub fn review_if_newly_known(&self, connection: &OpenConnection) {
        if !connection.reviewed_as_known.load(Ordering::Acquire) && !connection.peer.is_stranger() {
            self.look_at(connection);
        }
    }

    /// Ends the connections whose certificates have expired at `now`. The APIs differ in whether the last second is
    /// included, so each connection is reviewed during that second and once after it.
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

    /// Ends all connections, each after its current requests.
    pub fn end_all(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.index().by_id.values().for_each(|connection| connection.end());
    }

    /// Reviews the connection, and schedules its next review.
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

    /// If `valid_until` is unchanged there is nothing to do: the entry is scheduled already, or was just removed.
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
    /// Records if the certificate is trusted now, and ends the connection if it was and is no longer.
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

    /// Ready once the connection must end. Wakes the last caller's task.
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
