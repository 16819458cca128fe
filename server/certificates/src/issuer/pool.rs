//! Keys made in advance.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::key::ClientKey;
use super::{IssuerError, KeyAlgorithm};

/// Ready keys, made by one thread of the lowest priority. Dropping the pool wipes them.
pub(super) struct KeyPool {
    shared: Arc<Shared>,
    /// Bounds the keys that are made at once for requests that found the pool empty.
    demand: Arc<Semaphore>,
}

struct Shared {
    algorithm: KeyAlgorithm,
    wanted: usize,
    state: Mutex<State>,
    /// A key was taken, or the pool is being dropped.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    ready: VecDeque<ClientKey>,
    stopped: bool,
}

impl KeyPool {
    pub(super) fn new(algorithm: KeyAlgorithm, wanted: usize) -> Self {
        let shared = Arc::new(Shared {
            algorithm,
            wanted,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        if wanted > 0 {
            let shared = Arc::clone(&shared);
            let started = thread::Builder::new()
                .name("key-pool".to_owned())
                .spawn(move || shared.refill());
            if let Err(error) = started {
                tracing::warn!(error = &error as &dyn std::error::Error, "no keys are made in advance");
            }
        }
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self {
            shared,
            demand: Arc::new(Semaphore::new(processors)),
        }
    }

    pub(super) fn ready(&self) -> usize {
        self.shared.lock().ready.len()
    }

    /// A ready key, or, when there is none, a new one.
    pub(super) async fn take(&self) -> Result<ClientKey, IssuerError> {
        if let Some(key) = self.shared.take() {
            return Ok(key);
        }
        let turn = Arc::clone(&self.demand)
            .acquire_owned()
            .await
            .map_err(|_| IssuerError::Stopped)?;
        // One may have become ready while others were served.
        if let Some(key) = self.shared.take() {
            return Ok(key);
        }
        let algorithm = self.shared.algorithm;
        let make = move || {
            // It ends with the work, also when the request is gone.
            let _turn = turn;
            ClientKey::generate(algorithm)
        };
        tokio::task::spawn_blocking(make)
            .await
            .unwrap_or(Err(IssuerError::Stopped))
    }
}

impl Shared {
    fn take(&self) -> Option<ClientKey> {
        let key = self.lock().ready.pop_front();
        if key.is_some() {
            self.changed.notify_one();
        }
        key
    }

    /// Keeps the pool full until it is dropped.
    fn refill(&self) {
        // Linux keeps a priority for each thread. Making keys must not slow down requests.
        let _ = rustix::process::setpriority_process(None, LOWEST_PRIORITY);
        loop {
            {
                let mut state = self.lock();
                while state.ready.len() >= self.wanted && !state.stopped {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                if state.stopped {
                    return;
                }
            }
            match ClientKey::generate(self.algorithm) {
                Ok(key) => self.lock().ready.push_back(key),
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "no key could be made in advance"
                    );
                    thread::sleep(AFTER_FAILURE);
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for KeyPool {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.stopped = true;
        state.ready.clear();
        drop(state);
        self.shared.changed.notify_all();
    }
}

impl std::fmt::Debug for KeyPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyPool")
            .field("algorithm", &self.shared.algorithm)
            .field("wanted", &self.shared.wanted)
            .finish_non_exhaustive()
    }
}

const LOWEST_PRIORITY: i32 = 19;
const AFTER_FAILURE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    async fn until(what: impl Fn() -> bool) {
        for _ in 0..1000 {
            if what() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it did not happen");
    }

    #[tokio::test]
    async fn the_pool_is_filled_and_filled_again() {
        let pool = KeyPool::new(KeyAlgorithm::EcdsaP256, 2);
        until(|| pool.ready() == 2).await;
        let (first, second) = (pool.take().await.unwrap(), pool.take().await.unwrap());
        assert_ne!(first.pkcs8(), second.pkcs8());
        until(|| pool.ready() == 2).await;
    }

    #[tokio::test]
    async fn an_empty_pool_makes_a_key_for_each_request() {
        let pool = KeyPool::new(KeyAlgorithm::EcdsaP256, 0);
        let (first, second) = tokio::join!(pool.take(), pool.take());
        assert_ne!(first.unwrap().pkcs8(), second.unwrap().pkcs8());
    }

    #[tokio::test]
    async fn the_thread_ends_with_the_pool() {
        let pool = KeyPool::new(KeyAlgorithm::EcdsaP256, 1);
        let shared = Arc::downgrade(&pool.shared);
        until(|| pool.ready() == 1).await;
        drop(pool);
        until(|| shared.strong_count() == 0).await;
    }
}
