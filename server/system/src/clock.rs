//! The time of day, behind a trait so that tests can set it.

use std::fmt::Debug;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Instant;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The server's source of wall-clock time. Validity periods use it; timers use tokio's monotonic clock.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The current instant, in UTC.
    fn now(&self) -> OffsetDateTime;

    /// The time since a fixed moment of this process, which is independent of the wall clock.
    fn elapsed(&self) -> std::time::Duration;
}

/// Wall-clock time for sessions, tokens and lock-outs. It never goes back, so that nothing that has ended becomes valid
/// again when the machine's clock is set back; it continues from the last value then.
#[derive(Debug)]
pub struct ForwardClock {
    clock: Arc<dyn Clock>,
    /// The last value, and [`Clock::elapsed`] at that moment.
    last: Mutex<(OffsetDateTime, std::time::Duration)>,
}

impl ForwardClock {
    /// Follows `clock` from now on.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let last = Mutex::new((clock.now(), clock.elapsed()));
        Self { clock, last }
    }

    /// The wall-clock time, or a later one after the wall clock has been set back.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = self.clock.elapsed();
        let passed = time::Duration::try_from(elapsed.saturating_sub(last.1)).unwrap_or_default();
        let now = self.clock.now().max(last.0.saturating_add(passed));
        *last = (now, elapsed);
        now
    }

    /// The underlying clock, which may be set back.
    #[must_use]
    pub fn wall(&self) -> &Arc<dyn Clock> {
        &self.clock
    }
}

/// Formats an instant as RFC 3339, in UTC.
pub fn rfc3339(instant: &OffsetDateTime) -> String {
    let utc = instant.to_offset(time::UtcOffset::UTC);
    // A year that RFC 3339 cannot write.
    utc.format(&Rfc3339).unwrap_or_else(|_| utc.to_string())
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks the system for the time"
    )]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn elapsed(&self) -> std::time::Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }
}

/// A clock that a test sets and advances.
#[cfg(any(test, feature = "test-util"))]
#[derive(Debug)]
pub struct ManualClock(Mutex<(OffsetDateTime, std::time::Duration)>);

#[cfg(any(test, feature = "test-util"))]
impl ManualClock {
    /// A clock that shows `now` until it is changed.
    #[must_use]
    pub fn at(now: OffsetDateTime) -> Self {
        Self(Mutex::new((now, std::time::Duration::ZERO)))
    }

    /// Sets the wall clock, forwards or backwards, without passing time.
    pub fn set(&self, now: OffsetDateTime) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0 = now;
    }

    /// Lets time pass.
    pub fn advance(&self, by: time::Duration) {
        let mut both = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        both.0 += by;
        both.1 += by.unsigned_abs();
    }
}

#[cfg(any(test, feature = "test-util"))]
impl Clock for ManualClock {
    fn now(&self) -> OffsetDateTime {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    fn elapsed(&self) -> std::time::Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_forward_clock_goes_on_when_the_wall_clock_is_set_back() {
        let noon = datetime!(2026-11-30 12:00 UTC);
        let wall = Arc::new(ManualClock::at(noon));
        let forward = ForwardClock::new(wall.clone());
        wall.advance(Duration::HOUR);
        // Nobody asked before it was set back: that an hour has passed counts all the same.
        wall.set(noon - Duration::DAY);
        assert_eq!(forward.now(), noon + Duration::HOUR);
        wall.advance(Duration::MINUTE);
        assert_eq!(forward.now(), noon + Duration::HOUR + Duration::MINUTE);
        wall.set(noon + Duration::DAY);
        assert_eq!(forward.now(), noon + Duration::DAY);
        wall.set(noon);
        assert_eq!(forward.now(), noon + Duration::DAY);
    }
}
