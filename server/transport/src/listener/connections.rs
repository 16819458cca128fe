//! The table of open connections, for closing those whose certificate is no longer trusted.
//!
//! The product decides on every request separately; this table covers connections without requests. A connection counts
//! as admitted once its certificate was trusted while it was open. One that never was stays open and gets refusals.

use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use certward_pki::Thumbprint;
use time::OffsetDateTime;

use super::connection_table::{ConnectionTable, Entry, Listed, Open, Order};
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
    table: Arc<ConnectionTable<OpenConnection>>,
}

/// One open connection.
#[derive(Debug)]
pub struct OpenConnection {
    entry: Entry<Thumbprint>,
    peer: Arc<Peer>,
    admitted: Mutex<bool>,
    /// True if the connection has been reviewed since its peer became known.
    reviewed_as_known: AtomicBool,
}

/// Keeps a connection in the table until dropped.
#[derive(Debug)]
pub struct OpenGuard {
    connections: Arc<OpenConnections>,
    open: Open<OpenConnection>,
}

impl OpenConnections {
    /// Creates an empty table, whose connections `reviewer` reviews.
    #[must_use]
    pub fn new(reviewer: Arc<dyn TrustReview>, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            reviewer,
            clock,
            table: ConnectionTable::new(certward_system::telemetry::OPEN_CONNECTIONS),
        })
    }

    /// Adds a connection after its handshake.
    pub fn open(self: &Arc<Self>, peer: Arc<Peer>) -> OpenGuard {
        let thumbprint = peer.certificate().map(|certificate| certificate.thumbprint());
        let open = self.table.open(thumbprint, self.clock.now(), |entry| OpenConnection {
            entry,
            peer,
            admitted: Mutex::new(false),
            reviewed_as_known: AtomicBool::new(false),
        });
        // After it is in the table: a change of trust in between finds it there.
        self.recheck(open.connection());
        OpenGuard {
            connections: Arc::clone(self),
            open,
        }
    }

    /// All connections, the oldest first.
    pub fn all(&self) -> Vec<Arc<OpenConnection>> {
        self.table.all()
    }

    /// Reviews the connections with these certificates, and ends those that are no longer trusted.
    pub fn review(&self, thumbprints: &[Thumbprint]) {
        let affected = self.table.with_keys(thumbprints);
        affected.iter().for_each(|connection| self.recheck(connection));
    }

    /// Ends all connections that are no longer trusted. Strangers have no trust to lose, and must not delay the review
    /// of others: a stranger that a later request admits is reviewed after that request.
    pub fn review_all(&self) {
        let all = self.table.all();
        let known = all.iter().filter(|connection| !connection.peer.is_stranger());
        known.for_each(|connection| self.recheck(connection));
    }

    /// Reviews the connection if its peer has become known since its last review: a change of trust between the
    /// decision on the request and this moment would otherwise be missed.
    pub fn review_if_newly_known(&self, connection: &OpenConnection) {
        if !connection.reviewed_as_known.load(Ordering::Acquire) && !connection.peer.is_stranger() {
            self.recheck(connection);
        }
    }

    /// Ends the connections whose certificates have expired at `now`. The APIs differ in whether the last second is
    /// included, so each connection is reviewed during that second and once after it.
    pub fn review_expired(&self, now: OffsetDateTime) {
        let (passed, in_last_second) = self.table.expired(now);
        let expired = passed.iter().chain(&in_last_second);
        expired.for_each(|connection| self.recheck(connection));
    }

    /// Ends all connections, each after its current requests.
    pub fn end_all(&self) {
        let all = self.table.order_from_now_on(Order::Finish);
        all.iter().for_each(|connection| connection.end());
    }

    /// Reviews the connection, and schedules its next review.
    fn recheck(&self, connection: &OpenConnection) {
        // Before the review: what becomes known during it is reviewed again.
        if !connection.peer.is_stranger() {
            connection.reviewed_as_known.store(true, Ordering::Release);
        }
        connection.review(&*self.reviewer);
        let valid_until = self.reviewer.valid_until(&connection.peer);
        self.table.set_expiry(connection, valid_until);
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
        self.give(Order::Finish);
    }

    /// Ready once the connection must end. Wakes the last caller's task.
    pub fn poll_must_end(&self, context: &mut Context<'_>) -> Poll<()> {
        match self.poll_order(context) {
            Order::None => Poll::Pending,
            Order::Finish | Order::Cut => Poll::Ready(()),
        }
    }

    /// The peer of the connection.
    pub fn peer(&self) -> &Arc<Peer> {
        &self.peer
    }
}

impl Listed for OpenConnection {
    type Key = Thumbprint;

    fn entry(&self) -> &Entry<Thumbprint> {
        &self.entry
    }
}

impl OpenGuard {
    /// The connection.
    #[must_use]
    pub fn connection(&self) -> &Arc<OpenConnection> {
        self.open.connection()
    }

    /// The table that the connection is in.
    #[must_use]
    pub fn connections(&self) -> &Arc<OpenConnections> {
        &self.connections
    }
}
