//! A queue in which no key's work has to wait for all the work of another key.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::password::HasherBusy;

/// Limits concurrent work and queues the rest. Keys in the queue take turns, one piece of work each; if the queue is
/// full, the key with the most queued work loses its latest.
#[derive(Debug)]
pub(super) struct FairQueue<K> {
    at_once: usize,
    most_waiting: usize,
    state: Mutex<State<K>>,
}

#[derive(Debug)]
struct State<K> {
    working: usize,
    waiting: usize,
    /// Queued work by key; no queue is empty.
    by_key: HashMap<K, VecDeque<oneshot::Sender<()>>>,
    /// The keys of `by_key`, in order of their turns.
    order: VecDeque<K>,
}

/// The right to work, until dropped.
#[derive(Debug)]
pub(super) struct Turn<K: Copy + Eq + Hash>(Arc<FairQueue<K>>);

impl<K: Copy + Eq + Hash> FairQueue<K> {
    pub(super) fn new(at_once: usize, most_waiting: usize) -> Arc<Self> {
        Arc::new(Self {
            at_once,
            most_waiting,
            state: Mutex::new(State {
                working: 0,
                waiting: 0,
                by_key: HashMap::new(),
                order: VecDeque::new(),
            }),
        })
    }

    /// Waits for a turn.
    ///
    /// # Errors
    ///
    /// [`HasherBusy`] if the queue is full, or the work has been displaced from it.
    pub(super) async fn turn(self: &Arc<Self>, key: K) -> Result<Turn<K>, HasherBusy> {
        let waiting = {
            let mut state = self.state();
            if state.working < self.at_once {
                state.working += 1;
                None
            } else {
                if state.waiting >= self.most_waiting {
                    state.make_room_for(key)?;
                }
                Some(Waiting {
                    receiver: state.wait(key),
                    queue: self,
                })
            }
        };
        if let Some(mut waiting) = waiting {
            (&mut waiting.receiver).await.map_err(|_| HasherBusy)?;
        }
        Ok(Turn(Arc::clone(self)))
    }

    /// Hands a finished turn to the next in the queue.
    fn pass_on(&self) {
        let mut state = self.state();
        loop {
            let Some(next) = state.next() else {
                state.working -= 1;
                return;
            };
            // Whoever has hung up takes no turn.
            if next.send(()).is_ok() {
                return;
            }
        }
    }

    /// Returns `true` if work would begin at once.
    #[cfg(test)]
    pub(super) fn turn_is_free(&self) -> bool {
        self.state().working < self.at_once
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Copy + Eq + Hash> State<K> {
    fn wait(&mut self, key: K) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let of_key = self.by_key.entry(key).or_default();
        if of_key.is_empty() {
            self.order.push_back(key);
        }
        of_key.push_back(sender);
        self.waiting += 1;
        receiver
    }

    fn next(&mut self) -> Option<oneshot::Sender<()>> {
        let key = self.order.pop_front()?;
        let of_key = self.by_key.get_mut(&key)?;
        let next = of_key.pop_front()?;
        self.waiting -= 1;
        if of_key.is_empty() {
            self.by_key.remove(&key);
        } else {
            self.order.push_back(key);
        }
        Some(next)
    }

    /// Displaces the latest work of the key with the most queued work, if that is more than `key` would have.
    fn make_room_for(&mut self, key: K) -> Result<(), HasherBusy> {
        let own = self.by_key.get(&key).map_or(0, VecDeque::len);
        let most = self.by_key.values_mut().max_by_key(|of_key| of_key.len());
        let most = most.filter(|most| most.len() > own + 1).ok_or(HasherBusy)?;
        most.pop_back();
        self.waiting -= 1;
        Ok(())
    }
}

/// A place in the queue. If it is dropped, its turn is handed on.
struct Waiting<'a, K: Copy + Eq + Hash> {
    receiver: oneshot::Receiver<()>,
    queue: &'a FairQueue<K>,
}

impl<K: Copy + Eq + Hash> Drop for Waiting<'_, K> {
    fn drop(&mut self) {
        self.receiver.close();
        if self.receiver.try_recv().is_ok() {
            self.queue.pass_on();
        }
    }
}

impl<K: Copy + Eq + Hash> Drop for Turn<K> {
    fn drop(&mut self) {
        self.0.pass_on();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Requests a turn in a task, and runs the task as far as possible.
    async fn ask(queue: &Arc<FairQueue<u8>>, key: u8) -> tokio::task::JoinHandle<Result<Turn<u8>, HasherBusy>> {
        let queue = Arc::clone(queue);
        let asked = tokio::spawn(async move { queue.turn(key).await });
        tokio::task::yield_now().await;
        asked
    }

    async fn has_turn(asked: &mut tokio::task::JoinHandle<Result<Turn<u8>, HasherBusy>>) -> bool {
        tokio::time::timeout(Duration::from_millis(1), asked).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_wait_take_turns_whatever_one_of_them_has_waiting() {
        let queue = FairQueue::new(1, 10);
        let first = queue.turn(1).await.unwrap();
        let mut flood = Vec::new();
        for _ in 0..5 {
            flood.push(ask(&queue, 1).await);
        }
        let other = ask(&queue, 2).await;
        drop(first);
        let second = flood.remove(0).await.unwrap().unwrap();
        drop(second);
        let turn = other.await.unwrap().unwrap();
        assert!(!has_turn(&mut flood[0]).await);
        drop(turn);
        assert!(has_turn(&mut flood[0]).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_queue_turns_away_whoever_has_the_most_waiting() {
        let queue = FairQueue::new(1, 4);
        let working = queue.turn(1).await.unwrap();
        let mut flood = Vec::new();
        for _ in 0..4 {
            flood.push(ask(&queue, 1).await);
        }
        assert_eq!(queue.turn(1).await.map(drop), Err(HasherBusy));
        let other = ask(&queue, 2).await;
        let latest = flood.pop().unwrap().await.unwrap();
        assert_eq!(latest.map(drop), Err(HasherBusy));
        drop(working);
        drop(flood.remove(0).await.unwrap().unwrap());
        drop(other.await.unwrap().unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_of_somebody_who_has_hung_up_goes_to_the_next() {
        let queue = FairQueue::new(1, 4);
        let working = queue.turn(1).await.unwrap();
        let gone = ask(&queue, 2).await;
        let next = ask(&queue, 3).await;
        gone.abort();
        tokio::task::yield_now().await;
        drop(working);
        drop(next.await.unwrap().unwrap());
        assert_eq!(queue.state().working, 0);
        assert_eq!(queue.state().waiting, 0);
    }
}
