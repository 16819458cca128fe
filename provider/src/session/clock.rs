//! The time of day, behind a trait so that tests can set it.

use std::fmt::Debug;

use time::OffsetDateTime;

/// The source of the time.
///
/// It is asked when something is to be added, when an object is read, and to foresee whether the provider could still log
/// in after a change. No planned value comes from it: a plan must not change because the clock went on between planning
/// and applying.
pub(crate) trait Clock: Debug + Send + Sync + 'static {
    /// The current instant, in UTC.
    fn now(&self) -> OffsetDateTime;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks the system for the time"
    )]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}
