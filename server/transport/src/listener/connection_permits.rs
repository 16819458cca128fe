//! Limits the open connections of a listener: one limit for all of them, and a lower one for strangers.
//!
//! A connection is a stranger's until its peer is admitted by a certificate, a password or a token. Strangers get a
//! part of the listener's connections, and each network a limited number of these. The oldest stranger is displaced by
//! a new connection: an honest client is known within milliseconds, and one that merely holds a connection is soon the
//! oldest.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::identity_counts::{Counted, IdentityCounts, IdentityKind};
use super::limits::Limits;
use certward_system::network::Network;
use certward_system::telemetry;

/// The open connections of one listener.
#[derive(Debug)]
pub struct ConnectionPermits {
    connections: usize,
    strangers: usize,
    strangers_of_network: usize,
    counts: Arc<IdentityCounts>,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    next_id: u64,
    open: usize,
    /// Strangers by age.
    strangers: BTreeMap<u64, Stranger>,
    /// Strangers by network.
    by_network: HashMap<Network, BTreeSet<u64>>,
}

#[derive(Debug)]
struct Stranger {
    network: Network,
    displaced: CancellationToken,
}

/// One open connection, until dropped.
#[derive(Debug)]
pub struct ConnectionPermit {
    permits: Arc<ConnectionPermits>,
    network: Network,
    displaced: CancellationToken,
    /// Its number among the strangers; it gets a new one each time that it becomes one.
    id: AtomicU64,
    is_known: AtomicBool,
    was_known: AtomicBool,
    counted: Counted,
    changed: Notify,
}

impl ConnectionPermits {
    /// Open connections are added to `counts`.
    pub fn new(limits: &Limits, counts: &Arc<IdentityCounts>) -> Arc<Self> {
        let strangers = limits.unauthenticated_connections.min(limits.connections / 2).max(1);
        Arc::new(Self {
            connections: limits.connections.max(1),
            strangers,
            strangers_of_network: limits.unauthenticated_connections_of_address.clamp(1, strangers),
            counts: Arc::clone(counts),
            table: Mutex::default(),
        })
    }

    /// A permit for a new connection, which is a stranger's at first; none if known peers hold all connections. Cancels
    /// `displaced` when the connection is displaced by a newer one.
    pub fn enter(self: &Arc<Self>, address: IpAddr, displaced: CancellationToken) -> Option<Arc<ConnectionPermit>> {
        let network = Network::of(address);
        let mut table = self.table();
        let is_full = table.open >= self.connections;
        self.make_room(&mut table, network, is_full);
        if table.open >= self.connections {
            return None;
        }
        table.open += 1;
        let id = table.add_stranger(network, displaced.clone());
        drop(table);
        Some(Arc::new(ConnectionPermit {
            permits: Arc::clone(self),
            network,
            displaced,
            id: AtomicU64::new(id),
            is_known: AtomicBool::new(false),
            was_known: AtomicBool::new(false),
            counted: Counted::new(Arc::clone(&self.counts)),
            changed: Notify::new(),
        }))
    }

    /// Displaces a stranger in favour of one in `network`, if the limit is reached.
    fn make_room(&self, table: &mut Table, network: Network, is_full: bool) {
        if table.by_network.get(&network).map_or(0, BTreeSet::len) >= self.strangers_of_network {
            table.displace_oldest_of(network);
        } else if table.strangers.len() >= self.strangers || is_full {
            table.displace_oldest();
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn add_stranger(&mut self, network: Network, displaced: CancellationToken) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.strangers.insert(id, Stranger { network, displaced });
        self.by_network.entry(network).or_default().insert(id);
        id
    }

    fn displace_oldest(&mut self) {
        if let Some((&oldest, _)) = self.strangers.first_key_value() {
            self.displace(oldest);
        }
    }

    fn displace_oldest_of(&mut self, network: Network) {
        let oldest = self.by_network.get(&network).and_then(BTreeSet::first);
        if let Some(oldest) = oldest.copied() {
            self.displace(oldest);
        }
    }

    /// Removes the connection from the counts, although its task has yet to end.
    fn displace(&mut self, id: u64) {
        if let Some(stranger) = self.remove_stranger(id) {
            self.open -= 1;
            stranger.displaced.cancel();
            metrics::counter!(telemetry::CONNECTIONS_REFUSED, "reason" => "displaced").increment(1);
        }
    }

    fn remove_stranger(&mut self, id: u64) -> Option<Stranger> {
        let stranger = self.strangers.remove(&id)?;
        if let Some(of_network) = self.by_network.get_mut(&stranger.network) {
            of_network.remove(&id);
            if of_network.is_empty() {
                self.by_network.remove(&stranger.network);
            }
        }
        Some(stranger)
    }
}

impl ConnectionPermit {
    /// The kind of identity by which the peer was admitted.
    pub fn identity(&self) -> IdentityKind {
        self.counted.kind()
    }

    /// Records that the peer was admitted by an identity of this kind: the connection is no longer a stranger's.
    pub fn become_known(&self, by: IdentityKind) {
        if self.is_known() {
            return self.counted.set(by);
        }
        let mut table = self.permits.table();
        if table.remove_stranger(self.id.load(Ordering::Relaxed)).is_some() {
            self.is_known.store(true, Ordering::Release);
            self.was_known.store(true, Ordering::Release);
            self.counted.set(by);
            drop(table);
            self.changed.notify_waiters();
        }
    }

    /// Records that the peer gave up its identity: the connection is a stranger's again, and the newest. At the limit
    /// for strangers, the oldest is displaced.
    pub fn become_stranger(&self) {
        if !self.is_known() {
            return;
        }
        let mut table = self.permits.table();
        // It is among the open connections already.
        self.permits.make_room(&mut table, self.network, false);
        let id = table.add_stranger(self.network, self.displaced.clone());
        self.id.store(id, Ordering::Relaxed);
        self.is_known.store(false, Ordering::Release);
        self.counted.set(IdentityKind::Unauthenticated);
        drop(table);
        self.changed.notify_waiters();
    }

    /// Returns `true` while the peer is known.
    pub fn is_known(&self) -> bool {
        self.is_known.load(Ordering::Acquire)
    }

    /// Returns `true` if the peer has been known at some time.
    pub fn was_known(&self) -> bool {
        self.was_known.load(Ordering::Acquire)
    }

    /// Waits until the peer is known.
    pub async fn known(&self) {
        self.until(true).await;
    }

    /// Waits until the peer is a stranger.
    pub async fn stranger(&self) {
        self.until(false).await;
    }

    async fn until(&self, is_known: bool) {
        loop {
            let mut notified = std::pin::pin!(self.changed.notified());
            // Before the question, so that an answer in between wakes.
            notified.as_mut().enable();
            if self.is_known() == is_known {
                return;
            }
            notified.await;
        }
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut table = self.permits.table();
        // One that was displaced does not count already.
        if self.is_known() || table.remove_stranger(self.id.load(Ordering::Relaxed)).is_some() {
            table.open -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Listener(Arc<ConnectionPermits>);

    struct Connection(Option<Arc<ConnectionPermit>>, CancellationToken);

    impl Listener {
        fn new(connections: usize, strangers: usize, of_address: usize) -> Self {
            let limits = Limits {
                connections,
                unauthenticated_connections: strangers,
                unauthenticated_connections_of_address: of_address,
                ..Limits::default()
            };
            Self(ConnectionPermits::new(&limits, &Arc::default()))
        }

        fn accept(&self, address: &str) -> Connection {
            let displaced = CancellationToken::new();
            Connection(self.0.enter(address.parse().unwrap(), displaced.clone()), displaced)
        }

        fn accept_known(&self, address: &str) -> Connection {
            let connection = self.accept(address);
            connection.0.as_ref().unwrap().become_known(IdentityKind::Certificate);
            connection
        }
    }

    impl Connection {
        fn is_open(&self) -> bool {
            self.0.is_some() && !self.1.is_cancelled()
        }
    }

    #[test]
    fn the_oldest_stranger_makes_room_and_nobody_who_is_known() {
        let listener = Listener::new(4, 2, 2);
        let known = listener.accept_known("192.0.2.1");
        let (first, second) = (listener.accept("192.0.2.2"), listener.accept("192.0.2.3"));
        let third = listener.accept("192.0.2.4");
        assert!(!first.is_open());
        assert!([&known, &second, &third].into_iter().all(Connection::is_open));
    }

    #[test]
    fn known_peers_may_hold_all_connections_and_then_a_new_one_is_refused() {
        let listener = Listener::new(4, 2, 2);
        let known: Vec<_> = (0..3).map(|_| listener.accept_known("192.0.2.1")).collect();
        let stranger = listener.accept("192.0.2.2");
        let fourth = listener.accept_known("192.0.2.1");
        assert!(!stranger.is_open());
        assert!(fourth.is_open() && known.iter().all(Connection::is_open));
        assert!(!listener.accept("192.0.2.1").is_open());
        drop(fourth);
        // The displaced stranger is given up after its place was taken: it must not count twice.
        drop(stranger);
        assert!(listener.accept("192.0.2.1").is_open());
        assert_eq!(listener.0.table().open, 3);
    }

    #[test]
    fn one_network_displaces_only_its_own_strangers_beyond_its_part() {
        let listener = Listener::new(100, 50, 2);
        let other = listener.accept("192.0.2.1");
        let flood: Vec<_> = (0..20).map(|_| listener.accept("192.0.2.2")).collect();
        assert!(other.is_open());
        assert_eq!(flood.iter().filter(|connection| connection.is_open()).count(), 2);
        let of_one_host: Vec<_> = (0..20)
            .map(|host| listener.accept(&format!("2001:db8::{host}")))
            .collect();
        assert_eq!(of_one_host.iter().filter(|connection| connection.is_open()).count(), 2);
        let mapped = listener.accept("::ffff:192.0.2.2");
        assert!(mapped.is_open());
        assert_eq!(flood.iter().filter(|connection| connection.is_open()).count(), 1);
    }

    #[test]
    fn known_peers_of_one_address_are_not_limited() {
        let listener = Listener::new(100, 50, 2);
        let known: Vec<_> = (0..50).map(|_| listener.accept_known("192.0.2.1")).collect();
        assert!(known.iter().all(Connection::is_open));
    }

    #[test]
    fn a_peer_that_gives_up_who_it_was_is_the_youngest_stranger() {
        let listener = Listener::new(100, 50, 2);
        let former = listener.accept_known("192.0.2.1");
        let (first, second) = (listener.accept("192.0.2.1"), listener.accept("192.0.2.1"));
        let permit = former.0.as_ref().unwrap();
        permit.become_stranger();
        assert!(!permit.is_known() && permit.was_known());
        // As many as there may be: it takes the place of the oldest.
        assert!(!first.is_open() && second.is_open() && former.is_open());
        assert_eq!(listener.0.table().open, 2);
        let (third, fourth) = (listener.accept("192.0.2.1"), listener.accept("192.0.2.1"));
        assert!(!second.is_open() && !former.is_open() && third.is_open() && fourth.is_open());
        // One that was displaced stays so.
        permit.become_known(IdentityKind::Password);
        assert!(!permit.is_known());
        drop((first, second, third, fourth, former));
        assert_eq!(listener.0.table().open, 0);
        let again = listener.accept_known("192.0.2.1");
        again.0.as_ref().unwrap().become_stranger();
        again.0.as_ref().unwrap().become_known(IdentityKind::Password);
        assert_eq!(listener.0.counts.get(IdentityKind::Password), 1);
        drop(again);
        assert!(IdentityKind::ALL.map(|kind| listener.0.counts.get(kind)) == [0; 6]);
        let table = listener.0.table();
        assert!(table.open == 0 && table.strangers.is_empty() && table.by_network.is_empty());
    }

    #[test]
    fn strangers_have_half_of_the_connections_at_most() {
        let listener = Listener::new(10, 1000, 1000);
        let strangers: Vec<_> = (0..20).map(|_| listener.accept("192.0.2.1")).collect();
        assert_eq!(strangers.iter().filter(|connection| connection.is_open()).count(), 5);
    }

    #[tokio::test]
    async fn whoever_waits_learns_that_the_peer_is_known() {
        let listener = Listener::new(4, 2, 2);
        let permit = listener.accept("192.0.2.1").0.unwrap();
        let waiting = tokio::spawn({
            let permit = Arc::clone(&permit);
            async move { permit.known().await }
        });
        tokio::task::yield_now().await;
        permit.become_known(IdentityKind::Token);
        waiting.await.unwrap();
        permit.known().await;
    }
}
