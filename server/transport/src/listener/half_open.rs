//! Limits the number of connections that have not finished their handshake.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Connections before the end of their handshake, up to a fixed number: a further one displaces the oldest.
///
/// The oldest is displaced rather than the newest refused, because an honest client finishes within milliseconds, and
/// one that merely holds its place stays until its deadline.
#[derive(Debug)]
pub(super) struct HalfOpen {
    capacity: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    next_id: u64,
    by_age: BTreeMap<u64, oneshot::Sender<()>>,
}

/// A place among the half-open connections, released when dropped.
#[derive(Debug)]
pub struct HandshakePermit {
    half_open: Arc<HalfOpen>,
    id: u64,
    displaced: oneshot::Receiver<()>,
}

impl HalfOpen {
    pub(super) fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Self {
            capacity: capacity.max(1),
            waiting: Mutex::default(),
        })
    }

    /// A place for a new connection.
    pub(super) fn enter(self: &Arc<Self>) -> HandshakePermit {
        let (sender, displaced) = oneshot::channel();
        let mut waiting = self.waiting();
        if waiting.by_age.len() >= self.capacity {
            waiting.by_age.pop_first();
        }
        let id = waiting.next_id;
        waiting.next_id += 1;
        waiting.by_age.insert(id, sender);
        drop(waiting);
        HandshakePermit {
            half_open: Arc::clone(self),
            id,
            displaced,
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HandshakePermit {
    /// Waits until a newer connection has displaced this one.
    pub(super) async fn displaced(&mut self) {
        // The sender is never used, only dropped.
        let _ = (&mut self.displaced).await;
    }
}

impl Drop for HandshakePermit {
    fn drop(&mut self) {
        self.half_open.waiting().by_age.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_connection_too_many_displaces_the_oldest() {
        let half_open = HalfOpen::new(2);
        let (mut first, mut second) = (half_open.enter(), half_open.enter());
        let mut third = half_open.enter();
        first.displaced().await;
        assert!(
            second
                .displaced
                .try_recv()
                .is_err_and(|error| error == oneshot::error::TryRecvError::Empty)
        );
        assert!(
            third
                .displaced
                .try_recv()
                .is_err_and(|error| error == oneshot::error::TryRecvError::Empty)
        );
    }

    #[test]
    fn a_place_given_back_is_free_again() {
        let half_open = HalfOpen::new(1);
        drop(half_open.enter());
        let mut next = half_open.enter();
        assert!(
            next.displaced
                .try_recv()
                .is_err_and(|error| error == oneshot::error::TryRecvError::Empty)
        );
        assert_eq!(half_open.waiting().by_age.len(), 1);
    }
}
