//! Runs long computations on threads of their own, so that they do not block the other connections of a thread.

use std::panic::resume_unwind;

use tokio::sync::Semaphore;

/// Limits the number of concurrent computations of one kind. Kinds do not wait for each other.
#[derive(Debug)]
pub struct Lane(Semaphore);

impl Lane {
    const fn new(turns: usize) -> Self {
        Self(Semaphore::const_new(turns))
    }
}

/// Runs `work` on a thread of its own, once `lane` has a free place. The place is released when the work ends, even if
/// its request has been cancelled before.
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

/// Bodies of more bytes than this are processed on a thread of their own.
pub const LARGE: usize = 64 * 1024;

/// Processing of large bodies. At most two at once leave the other cores free.
pub static BODIES: Lane = Lane::new(2);

/// Listings of all open connections, or of all users' rights. Administrators request them rarely; one at a time takes
/// at most one core.
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
