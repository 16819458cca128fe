//! Waiting for the end of a removal that the cluster works off by itself.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// The pauses between two questions whether the object is gone: growing ones.
pub(crate) struct Pauses {
    deadline: Instant,
    next: Duration,
}

impl Pauses {
    /// Begins now, for so long in all.
    pub(crate) fn lasting(timeout: Duration) -> Self {
        let now = Instant::now();
        Self {
            // Beyond what a clock holds is for ever; a year is that here.
            deadline: now
                .checked_add(timeout)
                .unwrap_or(now + Duration::from_secs(365 * 86_400)),
            next: FIRST_PAUSE,
        }
    }

    /// Waits before the next question; `false`, at once, when the time is over.
    pub(crate) async fn wait(&mut self) -> bool {
        let pause = self.next;
        if Instant::now() + pause > self.deadline {
            return false;
        }
        self.next = (pause * 2).min(LONGEST_PAUSE);
        sleep(pause).await;
        true
    }
}

/// A deletion takes seconds at most when the cluster is well (`docs/contracts/redis-enterprise.md#users`).
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_and_end_with_the_time() {
        let start = Instant::now();
        let mut pauses = Pauses::lasting(TIMEOUT);
        assert!(pauses.wait().await);
        assert_eq!(start.elapsed().as_millis(), FIRST_PAUSE.as_millis());
        let mut count = 1;
        while pauses.wait().await {
            count += 1;
        }
        assert!(start.elapsed() <= TIMEOUT && start.elapsed() > TIMEOUT - LONGEST_PAUSE);
        assert!((30..40).contains(&count), "{count}");
    }
}
