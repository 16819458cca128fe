//! The time of day, behind a trait so that tests can set it.

use std::fmt::Debug;

use time::OffsetDateTime;

/// Where the server takes the wall-clock time from. Validity periods follow it; timers use tokio's monotonic clock.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The present instant, in UTC.
    fn now(&self) -> OffsetDateTime;
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
}

/// A clock that a test sets and advances.
#[cfg(any(test, feature = "test-util"))]
#[derive(Debug)]
pub struct ManualClock(std::sync::Mutex<OffsetDateTime>);

#[cfg(any(test, feature = "test-util"))]
impl ManualClock {
    /// A clock that stands at `now` until it is moved.
    #[must_use]
    pub fn at(now: OffsetDateTime) -> Self {
        Self(std::sync::Mutex::new(now))
    }

    /// Moves the clock to `now`, forwards or backwards.
    pub fn set(&self, now: OffsetDateTime) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = now;
    }

    /// Moves the clock forwards.
    pub fn advance(&self, by: time::Duration) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += by;
    }
}

#[cfg(any(test, feature = "test-util"))]
impl Clock for ManualClock {
    fn now(&self) -> OffsetDateTime {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
