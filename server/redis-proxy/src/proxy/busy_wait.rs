//! Decides whether a thread polls for an engine's reply before it sleeps.
//!
//! Waking a thread takes longer than most of Redis's commands: with one client that sends one command at a time it is a
//! sixth of the total time. While a single connection is active on a thread, the thread therefore polls briefly for the
//! reply. With a second active connection it would delay that one, so it sleeps; and after replies that did not arrive
//! in time it sleeps too, for longer the more of them there were.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The decision for one connection.
#[derive(Debug)]
pub(super) struct BusyWait {
    id: u64,
    /// A command was sent, and its reply has not been polled for.
    asked: bool,
    /// Number of further replies that are not polled for.
    skipped: u32,
    /// Number of replies to skip after the next one that is late.
    penalty: u32,
}

impl BusyWait {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            asked: false,
            skipped: 0,
            penalty: 1,
        }
    }

    /// Records that a command was sent to the engine.
    pub(super) fn asked(&mut self) {
        self.asked = true;
        let (id, times) = LAST.get();
        LAST.set((self.id, if id == self.id { times.saturating_add(1) } else { 0 }));
    }

    /// The deadline for polling for the reply; none if polling is not worthwhile.
    pub(super) fn begin(&mut self) -> Option<Instant> {
        let is_due = std::mem::take(&mut self.asked) && self.is_worth_it();
        is_due.then(|| Instant::now() + LONGEST)
    }

    /// Records that the reply arrived in time.
    pub(super) fn was_answered(&mut self) {
        self.penalty = 1;
    }

    /// Records that it did not.
    pub(super) fn was_in_vain(&mut self) {
        self.skipped = self.penalty;
        self.penalty = (self.penalty * 2).min(MOST_SKIPPED);
    }

    fn is_worth_it(&mut self) -> bool {
        let (id, times) = LAST.get();
        if id != self.id || times < ALONE {
            return false;
        }
        let is_due = self.skipped == 0;
        self.skipped = self.skipped.saturating_sub(1);
        is_due
    }
}

thread_local! {
    /// The connection of this thread that sent the last command, and its number of commands since another one's.
    static LAST: Cell<(u64, u32)> = const { Cell::new((u64::MAX, 0)) };
}

/// After this many commands without another connection's, a connection counts as the only active one.
const ALONE: u32 = 16;
/// The time that Redis needs for most commands, including its own wake-up.
const LONGEST: Duration = Duration::from_micros(50);
/// At most one reply in about a thousand is polled for in vain.
const MOST_SKIPPED: u32 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(connection: &mut BusyWait, is_there: bool) -> bool {
        connection.asked();
        let is_begun = connection.begin().is_some();
        match (is_begun, is_there) {
            (true, true) => connection.was_answered(),
            (true, false) => connection.was_in_vain(),
            (false, _) => {}
        }
        is_begun
    }

    fn count(connection: &mut BusyWait, times: u32, is_there: bool) -> usize {
        (0..times).filter(|_| asks(connection, is_there)).count()
    }

    #[test]
    fn a_connection_is_waited_for_when_it_is_alone_at_work() {
        let (mut one, mut other) = (BusyWait::new(), BusyWait::new());
        assert_eq!(count(&mut one, ALONE, true), 0);
        assert_eq!(count(&mut one, 100, true), 100);
        assert!(!asks(&mut other, true));
        assert_eq!(count(&mut one, ALONE, true), 0);
        assert!(asks(&mut one, true));
    }

    #[test]
    fn answers_that_are_never_there_in_time_are_hardly_waited_for() {
        let mut slow = BusyWait::new();
        count(&mut slow, ALONE, false);
        assert_eq!(count(&mut slow, 2047, false), 11);
        assert_eq!(count(&mut slow, 10 * (MOST_SKIPPED + 1), false), 10);
        assert!(count(&mut slow, MOST_SKIPPED + 1, true) > 0);
        assert_eq!(count(&mut slow, 100, true), 100);
    }

    #[test]
    fn nothing_is_waited_for_when_nothing_was_asked() {
        let mut connection = BusyWait::new();
        count(&mut connection, 2 * ALONE, true);
        assert_eq!(connection.begin(), None);
    }
}
