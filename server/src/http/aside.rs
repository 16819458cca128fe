//! Work on a large body, which would hold up the other connections of its thread.

use std::panic::resume_unwind;

use tokio::sync::Semaphore;

/// Does `work` on a thread of its own, when a turn is free. The turn ends with the work, whether or not anybody still waits
/// for it.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let turn = TURNS.acquire().await;
    let done = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(turn);
        done
    });
    match done.await {
        Ok(done) => done,
        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
        // The runtime ends, and whoever waits with it.
        Err(_) => std::future::pending().await,
    }
}

/// A body of more bytes than this is worth a thread of its own.
pub(crate) const LARGE: usize = 64 * 1024;

/// Two large bodies are worked on at once, so that however many come leave the cores to others.
static TURNS: Semaphore = Semaphore::const_new(2);
