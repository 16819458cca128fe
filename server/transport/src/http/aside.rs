//! Work that takes long, and would hold up the other connections of its thread.

use std::panic::resume_unwind;

use tokio::sync::Semaphore;

/// A number of turns at one kind of long work. Kinds do not wait for each other.
#[derive(Debug)]
pub struct Lane(Semaphore);

impl Lane {
    const fn new(turns: usize) -> Self {
        Self(Semaphore::const_new(turns))
    }
}

/// Does `work` on a thread of its own, when a turn is free in `lane`. The turn ends with the work, even if its request has
/// ended before.
pub async fn aside<T: Send + 'static>(lane: &'static Lane, work: impl FnOnce() -> T + Send + 'static) -> T {
    let turn = lane.0.acquire().await;
    let done = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(turn);
        done
    });
    match done.await {
        Ok(done) => done,
        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
        // The runtime ends, and every request on it.
        Err(_) => std::future::pending().await,
    }
}

/// A body of more bytes than this is worth a thread of its own.
pub const LARGE: usize = 64 * 1024;

/// Reading large bodies. Two at once leave the other cores free, however many come.
pub static BODIES: Lane = Lane::new(2);

/// Looking through every open connection, or through every user's rights. Administrators ask for it now and then; one at a
/// time takes at most one core.
pub static LISTINGS: Lane = Lane::new(1);

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn full_lane_holds_up_no_other_lane_and_not_the_thread_that_serves() {
        static LISTINGS: Lane = Lane::new(1);
        static BODIES: Lane = Lane::new(2);
        let (finish, finished) = mpsc::channel::<()>();
        let slow = tokio::spawn(aside(&LISTINGS, move || finished.recv()));
        let waiting = tokio::spawn(aside(&LISTINGS, || "second"));
        let body = tokio::time::timeout(Duration::from_secs(10), aside(&BODIES, || "body"));
        assert_eq!(body.await.unwrap(), "body");
        assert!(!waiting.is_finished());
        finish.send(()).unwrap();
        assert_eq!(waiting.await.unwrap(), "second");
        slow.await.unwrap().unwrap();
    }
}
