//! The queue of refusals before the store: bounded, written in batches, and never awaited by a request.

use std::collections::HashMap;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};

use super::strangers::Strangers;
use super::{Actor, AuditRecord, Outcome};
use crate::Store;
use certward_system::clock::Clock;
use certward_system::network::Network;

/// Refusals on their way into the store.
#[derive(Debug, Clone)]
pub(super) struct RefusalQueue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    waiting: Mutex<Waiting>,
    strangers: Mutex<Strangers>,
    arrived: Arc<Notify>,
    /// A caller waits for a flush.
    hurry: Arc<Notify>,
    dropped: Arc<AtomicU64>,
    store: Store,
}

#[derive(Debug, Default)]
struct Waiting {
    records: Vec<AuditRecord>,
    /// The index in `records` of each different refusal.
    places: HashMap<(Actor, String, String, Outcome), usize>,
    flushes: Vec<oneshot::Sender<()>>,
}

/// Records that are not in the store yet, because it cannot be written.
#[derive(Debug, Default)]
struct Backlog {
    records: Vec<AuditRecord>,
    /// True while records wait for the store to become writable.
    is_held_up: bool,
}

impl RefusalQueue {
    pub(super) fn start(store: Store, clock: Arc<dyn Clock>, appended: Arc<Notify>) -> Self {
        let shared = Arc::new(Shared {
            waiting: Mutex::default(),
            strangers: Mutex::new(Strangers::new(Instant::now())),
            arrived: Arc::new(Notify::new()),
            hurry: Arc::new(Notify::new()),
            dropped: Arc::new(AtomicU64::new(0)),
            store: store.clone(),
        });
        // The task holds no strong reference, so that it ends when the last queue is gone.
        let weak = Arc::downgrade(&shared);
        let (arrived, hurry) = (Arc::clone(&shared.arrived), Arc::clone(&shared.hurry));
        let dropped = Arc::clone(&shared.dropped);
        tokio::spawn(async move {
            let mut told = 0;
            let mut backlog = Backlog::default();
            // When the counts of strangers were recorded.
            let mut counted = Instant::now();
            loop {
                // The timeout is for counts when nothing else arrives, and for a store that is tried again.
                let idle = if backlog.is_held_up {
                    BATCH_INTERVAL
                } else {
                    COUNT_INTERVAL
                };
                let _ = tokio::time::timeout(idle, arrived.notified()).await;
                let Some(shared) = weak.upgrade() else {
                    break;
                };
                let is_writable = store.health().is_writable();
                let (mut records, flushes) = shared.take(is_writable);
                backlog.is_held_up |= !is_writable;
                if is_writable && (counted.elapsed() >= COUNT_INTERVAL || !flushes.is_empty()) {
                    counted = Instant::now();
                    let left_out = shared.strangers().left_out();
                    records.extend(left_out.into_iter().map(|(network, count)| AuditRecord {
                        at: clock.now(),
                        actor: Actor::server(),
                        action: "record_refusals".into(),
                        target: network.map_or_else(|| "strangers".to_owned(), |network| network.to_string()),
                        outcome: Outcome::Refused("more refusals of strangers than are recorded".into()),
                        occurrences: count,
                    }));
                }
                drop(shared);
                let lost = dropped.load(Ordering::Relaxed);
                if is_writable && lost > told {
                    records.push(AuditRecord {
                        at: clock.now(),
                        actor: Actor::server(),
                        action: "record_refusals".into(),
                        target: "audit".to_owned(),
                        outcome: Outcome::Refused("more refusals than can be recorded".into()),
                        occurrences: lost - told,
                    });
                    told = lost;
                }
                if is_writable && backlog.record(records, &store, &dropped).await {
                    appended.notify_one();
                }
                for flush in flushes {
                    // An error means that nobody waits any more.
                    let _ = flush.send(());
                }
                // Refusals collect meanwhile, and changes have the store to themselves. A flush need not wait.
                let _ = tokio::time::timeout(BATCH_INTERVAL, hurry.notified()).await;
            }
        });
        Self(shared)
    }

    pub(super) fn push(&self, record: AuditRecord) {
        {
            let mut waiting = self.0.lock();
            let key = (
                record.actor.clone(),
                record.action.to_string(),
                record.target.clone(),
                record.outcome.clone(),
            );
            let Waiting { records, places, .. } = &mut *waiting;
            match places.get(&key) {
                Some(&place) => records[place].occurrences += record.occurrences,
                None if record.actor.is_stranger() && !self.0.takes_of_a_stranger(&record, records.len()) => {}
                None if records.len() < MAX_WAITING => {
                    places.insert(key, records.len());
                    records.push(record);
                }
                None => {
                    self.0.dropped.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        self.0.arrived.notify_one();
    }

    pub(super) async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        self.0.lock().flushes.push(done);
        self.0.arrived.notify_one();
        self.0.hurry.notify_one();
        tokio::select! {
            // An error means that the task is gone, with the runtime.
            _ = wait => {}
            // A store that cannot be written holds nobody up.
            () = self.0.refused_for_a_while() => {}
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }
}

impl Backlog {
    /// Records the backlog and then `records`. Returns whether anything was recorded.
    async fn record(&mut self, records: Vec<AuditRecord>, store: &Store, dropped: &AtomicU64) -> bool {
        self.records.extend(records);
        let excess = self.records.len().saturating_sub(MAX_BACKLOG);
        self.records.truncate(MAX_BACKLOG);
        dropped.fetch_add(excess as u64, Ordering::Relaxed);
        let is_something = !self.records.is_empty();
        if is_something && let Err(error) = store.record(&self.records).await {
            if !mem::replace(&mut self.is_held_up, true) {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "refusals cannot be recorded at present; they are kept, and recorded later"
                );
            }
            return false;
        }
        self.records.clear();
        if mem::take(&mut self.is_held_up) {
            tracing::info!(
                refusals.dropped = dropped.load(Ordering::Relaxed),
                "refusals are recorded again"
            );
        }
        is_something
    }
}

impl Shared {
    /// Takes the records to write, and the senders for pending flushes. While the store refuses writes, the records
    /// stay in the queue, where equal ones are counted as one.
    fn take(&self, is_writable: bool) -> (Vec<AuditRecord>, Vec<oneshot::Sender<()>>) {
        let mut waiting = self.lock();
        if !is_writable {
            return (Vec::new(), mem::take(&mut waiting.flushes));
        }
        let Waiting { records, flushes, .. } = mem::take(&mut *waiting);
        (records, flushes)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn strangers(&self) -> std::sync::MutexGuard<'_, Strangers> {
        self.strangers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn refused_for_a_while(&self) {
        let mut health = self.store.health_changes();
        if health.wait_for(|health| !health.is_writable()).await.is_ok() {
            tokio::time::sleep(BATCH_INTERVAL).await;
        }
    }

    /// Returns `true` if a stranger's refusal may be recorded while `waiting` records are queued. Otherwise it is
    /// counted.
    fn takes_of_a_stranger(&self, record: &AuditRecord, waiting: usize) -> bool {
        let address = record.actor.address.as_deref().and_then(|address| address.parse().ok());
        let network = address.map(Network::of);
        let mut strangers = self.strangers();
        if waiting < MAX_WAITING - KEPT_FREE {
            return strangers.take(network, Instant::now());
        }
        strangers.leave_out(network);
        false
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Wakes the task, which then sees that the queue is gone.
        self.arrived.notify_one();
        self.hurry.notify_one();
    }
}

/// Different refusals in one batch, about 500 bytes each at most. A larger flood per second from ever new certificates
/// or addresses is counted and not listed, so that it cannot fill the disk.
const MAX_WAITING: usize = 256;
/// Records that are kept while the store cannot be written: those in progress when it failed, and one batch more.
const MAX_BACKLOG: usize = 2 * MAX_WAITING;
/// Records of a batch that are reserved for callers who were admitted.
const KEPT_FREE: usize = 128;
const BATCH_INTERVAL: Duration = Duration::from_secs(1);
/// The interval at which the number of omitted refusals of strangers is recorded.
const COUNT_INTERVAL: Duration = Duration::from_secs(60);
