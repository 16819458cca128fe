//! Tracks the activity of a connection and computes its next deadline.
//!
//! One timer per connection is enough: the stream and the requests record events, and the connection's task computes
//! the next deadline from these records when it wakes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// The recorded activity of one connection.
#[derive(Debug)]
pub(super) struct Activity {
    opened: Instant,
    header_deadline_applies: bool,
    requests: AtomicU32,
    /// True if bytes have been received since the last request began.
    received: AtomicBool,
    /// Milliseconds after `opened`, like the next two fields; 0 means that the state does not hold now.
    idle_since: AtomicU64,
    header_since: AtomicU64,
    stalled_since: AtomicU64,
}

/// The deadline that a connection has missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    /// No request arrived in time: the first one of a stranger, or the next one of a known peer.
    Idle,
    /// The header of a request was not completed in time.
    Header,
    /// The peer does not read the sent bytes.
    Write,
}

/// The time limits of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadlines {
    pub(super) idle: Duration,
    pub(super) header: Duration,
    pub(super) write: Duration,
}

/// Marks a request as in progress until it is dropped.
#[derive(Debug)]
pub(super) struct RequestGuard(Arc<Activity>);

impl Activity {
    /// `header_deadline_applies`: in HTTP/1.1 bytes outside a request are the beginning of the next one; in HTTP/2 they
    /// are mostly not, so there the time without a request counts.
    pub(super) fn new(header_deadline_applies: bool) -> Arc<Self> {
        Arc::new(Self {
            opened: Instant::now(),
            header_deadline_applies,
            requests: AtomicU32::new(0),
            received: AtomicBool::new(false),
            idle_since: AtomicU64::new(0),
            header_since: AtomicU64::new(0),
            stalled_since: AtomicU64::new(0),
        })
    }

    /// Records that bytes were received.
    pub(super) fn received(&self) {
        self.received.store(true, Ordering::Relaxed);
        if self.header_deadline_applies
            && self.requests.load(Ordering::Relaxed) == 0
            && self.header_since.load(Ordering::Relaxed) == 0
        {
            self.header_since.store(self.now(), Ordering::Relaxed);
        }
    }

    /// Records an attempt to send: `progress` is true if bytes were sent.
    pub(super) fn wrote(&self, progress: bool) {
        let stalled = self.stalled_since.load(Ordering::Relaxed) != 0;
        if progress && stalled {
            self.stalled_since.store(0, Ordering::Relaxed);
        } else if !progress && !stalled {
            self.stalled_since.store(self.now(), Ordering::Relaxed);
        }
    }

    /// Records that a request's header is complete.
    pub(super) fn request(self: &Arc<Self>) -> RequestGuard {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.header_since.store(0, Ordering::Relaxed);
        RequestGuard(Arc::clone(self))
    }

    /// Returns `true` if the request that begins was received together with the one before it. Call it once for each
    /// request.
    pub(super) fn is_pipelined(&self) -> bool {
        !self.received.swap(false, Ordering::Relaxed)
    }

    /// Returns `true` while a request is in progress.
    pub(super) fn is_busy(&self) -> bool {
        self.requests.load(Ordering::Acquire) > 0
    }

    /// Returns the next deadline and its kind; none while a request is in progress. A stranger must send a header
    /// within the limit for headers, counted from the handshake or the last response.
    pub(super) fn deadline(&self, allowed: &Deadlines, is_stranger: bool) -> Option<(Instant, Overdue)> {
        let after =
            |since: &AtomicU64, allowed| self.opened + Duration::from_millis(since.load(Ordering::Relaxed)) + allowed;
        let is_set = |since: &AtomicU64| since.load(Ordering::Relaxed) != 0;
        let stall = is_set(&self.stalled_since).then(|| (after(&self.stalled_since, allowed.write), Overdue::Write));
        let wait = if self.is_busy() {
            None
        } else if is_set(&self.header_since) {
            Some((after(&self.header_since, allowed.header), Overdue::Header))
        } else {
            let idle = if is_stranger {
                allowed.header.min(allowed.idle)
            } else {
                allowed.idle
            };
            Some((after(&self.idle_since, idle), Overdue::Idle))
        };
        [stall, wait]
            .into_iter()
            .flatten()
            .min_by_key(|(deadline, _)| *deadline)
    }

    /// The current time in milliseconds after `opened`; never 0, which means that a state does not hold.
    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis())
            .unwrap_or(u64::MAX)
            .max(1)
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        self.0.idle_since.store(self.0.now(), Ordering::Relaxed);
        self.0.requests.fetch_sub(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: Deadlines = Deadlines {
        idle: Duration::from_secs(600),
        header: Duration::from_secs(10),
        write: Duration::from_secs(30),
    };

    fn overdue(activity: &Activity) -> Option<(u64, Overdue)> {
        overdue_of(activity, false)
    }

    fn overdue_of(activity: &Activity, is_stranger: bool) -> Option<(u64, Overdue)> {
        activity
            .deadline(&ALLOWED, is_stranger)
            .map(|(at, what)| ((at - activity.opened).as_secs(), what))
    }

    #[tokio::test(start_paused = true)]
    async fn the_header_has_its_deadline_from_its_first_byte_on() {
        let activity = Activity::new(true);
        assert_eq!(overdue(&activity), Some((600, Overdue::Idle)));
        tokio::time::advance(Duration::from_secs(100)).await;
        activity.received();
        tokio::time::advance(Duration::from_secs(5)).await;
        activity.received();
        assert_eq!(overdue(&activity), Some((110, Overdue::Header)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stranger_is_overdue_when_no_header_comes_within_the_time_for_one() {
        let activity = Activity::new(true);
        assert_eq!(overdue_of(&activity, true), Some((10, Overdue::Idle)));
        tokio::time::advance(Duration::from_secs(5)).await;
        drop(activity.request());
        assert_eq!(overdue_of(&activity, true), Some((15, Overdue::Idle)));
        assert_eq!(overdue_of(&activity, false), Some((605, Overdue::Idle)));
    }

    #[test]
    fn a_request_is_pipelined_when_nothing_was_received_since_the_last() {
        let activity = Activity::new(true);
        activity.received();
        assert!(!activity.is_pipelined());
        assert!(activity.is_pipelined());
        activity.received();
        assert!(!activity.is_pipelined());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_never_overdue_while_it_works_on_a_request() {
        let activity = Activity::new(true);
        activity.received();
        let request = activity.request();
        assert_eq!(overdue(&activity), None);
        tokio::time::advance(Duration::from_secs(50)).await;
        drop(request);
        assert_eq!(overdue(&activity), Some((650, Overdue::Idle)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_nothing_is_overdue_even_during_a_request() {
        let activity = Activity::new(true);
        let _request = activity.request();
        tokio::time::advance(Duration::from_secs(1)).await;
        activity.wrote(false);
        activity.wrote(false);
        assert_eq!(overdue(&activity), Some((31, Overdue::Write)));
        activity.wrote(true);
        assert_eq!(overdue(&activity), None);
    }
}
