//! The open connections of one listener: by number, by key and by the end of their certificates, and the orders to them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Context;

use futures_util::task::AtomicWaker;
use time::OffsetDateTime;

/// The open connections of one listener.
#[derive(Debug)]
pub struct ConnectionTable<C: Listed> {
    index: Mutex<Index<C>>,
    /// The metric that counts them.
    gauge: &'static str,
}

/// A connection in a table, with what its product keeps with it.
pub trait Listed: Debug {
    /// The key by which connections are found.
    type Key: Copy + Ord + Debug;

    /// Its entry in the table.
    fn entry(&self) -> &Entry<Self::Key>;

    /// The time at which the connection was taken in.
    fn opened_at(&self) -> OffsetDateTime {
        self.entry().opened_at
    }

    /// The end of validity of the certificates that the connection rests on.
    fn valid_until(&self) -> Option<OffsetDateTime> {
        *self.entry().valid_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives an order and returns `true` when it is new.
    fn give(&self, order: Order) -> bool {
        let before = self.entry().order.fetch_max(order as u8, Ordering::AcqRel);
        self.entry().waker.wake();
        before < order as u8
    }

    /// Returns the order to the connection, and wakes the last caller's task when the order changes.
    fn poll_order(&self, context: &Context<'_>) -> Order {
        self.entry().waker.register(context.waker());
        self.order()
    }

    /// The order to the connection.
    fn order(&self) -> Order {
        match self.entry().order.load(Ordering::Acquire) {
            0 => Order::None,
            1 => Order::Finish,
            _ => Order::Cut,
        }
    }
}

#[derive(Debug)]
struct Index<C: Listed> {
    next_id: u64,
    by_id: BTreeMap<u64, Arc<C>>,
    by_key: BTreeSet<(C::Key, u64)>,
    by_expiry: BTreeSet<(OffsetDateTime, u64)>,
    /// The order that connections get when they are opened.
    standing_order: Order,
}

/// A connection's entry in the table.
#[derive(Debug)]
pub struct Entry<K> {
    id: u64,
    key: Option<K>,
    opened_at: OffsetDateTime,
    /// The key of the connection in the index by expiry.
    valid_until: Mutex<Option<OffsetDateTime>>,
    order: AtomicU8,
    waker: AtomicWaker,
}

/// The order to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Order {
    /// Nothing.
    #[default]
    None,
    /// To take no more requests, and to end when those under way are answered.
    Finish,
    /// To end at once.
    Cut,
}

/// Keeps a connection in its table until it is dropped.
#[derive(Debug)]
pub struct Open<C: Listed> {
    table: Arc<ConnectionTable<C>>,
    connection: Arc<C>,
}

impl<C: Listed> ConnectionTable<C> {
    /// An empty table, whose connections are counted by the metric `gauge`.
    pub fn new(gauge: &'static str) -> Arc<Self> {
        Arc::new(Self {
            index: Mutex::new(Index {
                next_id: 0,
                by_id: BTreeMap::new(),
                by_key: BTreeSet::new(),
                by_expiry: BTreeSet::new(),
                standing_order: Order::None,
            }),
            gauge,
        })
    }

    /// Takes in a connection, which `connection` makes with its entry.
    pub fn open(
        self: &Arc<Self>,
        key: Option<C::Key>,
        opened_at: OffsetDateTime,
        connection: impl FnOnce(Entry<C::Key>) -> C,
    ) -> Open<C> {
        let mut index = self.index();
        let id = index.next_id;
        index.next_id += 1;
        let connection = Arc::new(connection(Entry {
            id,
            key,
            opened_at,
            valid_until: Mutex::new(None),
            order: AtomicU8::new(index.standing_order as u8),
            waker: AtomicWaker::new(),
        }));
        index.by_key.extend(key.map(|key| (key, id)));
        index.by_id.insert(id, Arc::clone(&connection));
        drop(index);
        metrics::gauge!(self.gauge).increment(1.0);
        Open {
            table: Arc::clone(self),
            connection,
        }
    }

    /// All of them, the oldest first.
    pub fn all(&self) -> Vec<Arc<C>> {
        self.index().by_id.values().cloned().collect()
    }

    /// Those with one of these keys.
    pub fn with_keys(&self, keys: &[C::Key]) -> Vec<Arc<C>> {
        let index = self.index();
        let with = |key| index.by_key.range((key, 0)..=(key, u64::MAX));
        let ids = keys.iter().flat_map(|key| with(*key));
        ids.filter_map(|(_, id)| index.by_id.get(id).cloned()).collect()
    }

    /// Removes the connections from the index by expiry whose last second has passed at `now`, and returns them, and those
    /// whose last second it is.
    pub fn expired(&self, now: OffsetDateTime) -> (Vec<Arc<C>>, Vec<Arc<C>>) {
        let second = now.replace_nanosecond(0).unwrap_or(now);
        let mut index = self.index();
        let later = index.by_expiry.split_off(&(second, 0));
        let passed = std::mem::replace(&mut index.by_expiry, later);
        let find = |(_, id): &(_, u64)| index.by_id.get(id).cloned();
        (
            passed.iter().filter_map(find).collect(),
            index.by_expiry.range(..(now, 0)).filter_map(find).collect(),
        )
    }

    /// Schedules the expiry of a connection. If `valid_until` is unchanged there is nothing to do: the connection is
    /// scheduled already, or has passed the moment.
    pub fn set_expiry(&self, connection: &C, valid_until: Option<OffsetDateTime>) {
        self.index().set_expiry(connection.entry(), valid_until);
    }

    /// Gives an order to the connections that are opened from now on, and returns the others.
    pub fn order_from_now_on(&self, order: Order) -> Vec<Arc<C>> {
        let mut index = self.index();
        index.standing_order = index.standing_order.max(order);
        index.by_id.values().cloned().collect()
    }

    fn index(&self) -> MutexGuard<'_, Index<C>> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Listed> Index<C> {
    fn set_expiry(&mut self, entry: &Entry<C::Key>, valid_until: Option<OffsetDateTime>) {
        let mut scheduled = entry.valid_until.lock().unwrap_or_else(PoisonError::into_inner);
        if *scheduled == valid_until || !self.by_id.contains_key(&entry.id) {
            return;
        }
        if let Some(scheduled) = *scheduled {
            self.by_expiry.remove(&(scheduled, entry.id));
        }
        self.by_expiry
            .extend(valid_until.map(|valid_until| (valid_until, entry.id)));
        *scheduled = valid_until;
    }

    fn remove(&mut self, entry: &Entry<C::Key>) {
        self.set_expiry(entry, None);
        if let Some(key) = entry.key {
            self.by_key.remove(&(key, entry.id));
        }
        self.by_id.remove(&entry.id);
    }
}

impl<C: Listed> Open<C> {
    /// The connection.
    #[must_use]
    pub fn connection(&self) -> &Arc<C> {
        &self.connection
    }
}

impl<C: Listed> Drop for Open<C> {
    fn drop(&mut self) {
        self.table.index().remove(self.connection.entry());
        metrics::gauge!(self.table.gauge).decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    #[derive(Debug)]
    struct Connection(Entry<u8>);

    impl Listed for Connection {
        type Key = u8;

        fn entry(&self) -> &Entry<u8> {
            &self.0
        }
    }

    const NOW: OffsetDateTime = datetime!(2026-12-01 12:00 UTC);

    #[test]
    fn connection_expires_once_after_its_last_second() {
        let table = ConnectionTable::new("connections");
        let open = table.open(None, NOW, Connection);
        let connection = open.connection();
        table.set_expiry(connection, Some(NOW));
        let counts = |now| {
            let (passed, in_last_second) = table.expired(now);
            (passed.len(), in_last_second.len())
        };
        assert_eq!(counts(NOW), (0, 0));
        assert_eq!(counts(NOW + Duration::milliseconds(500)), (0, 1));
        assert_eq!(counts(NOW + Duration::seconds(1)), (1, 0));
        table.set_expiry(connection, Some(NOW));
        assert_eq!(counts(NOW + Duration::seconds(2)), (0, 0));
        table.set_expiry(connection, Some(NOW + Duration::seconds(3)));
        drop(open);
        assert_eq!(counts(NOW + Duration::seconds(4)), (0, 0));
    }

    #[test]
    fn connection_is_found_by_its_key_until_it_is_dropped() {
        let table = ConnectionTable::new("connections");
        let [first, second, _other] = [1, 1, 2].map(|key| table.open(Some(key), NOW, Connection));
        assert_eq!(table.with_keys(&[1, 3]).len(), 2);
        drop(first);
        assert!(Arc::ptr_eq(&table.with_keys(&[1])[0], second.connection()));
        assert_eq!(table.all().len(), 2);
    }

    #[test]
    fn connection_that_is_opened_after_an_order_to_all_has_it() {
        let table = ConnectionTable::new("connections");
        let before = table.open(None, NOW, Connection);
        assert_eq!(table.order_from_now_on(Order::Finish).len(), 1);
        assert_eq!(before.connection().order(), Order::None);
        assert!(before.connection().give(Order::Cut));
        assert!(!before.connection().give(Order::Finish));
        assert_eq!(before.connection().order(), Order::Cut);
        assert_eq!(table.open(None, NOW, Connection).connection().order(), Order::Finish);
    }
}
