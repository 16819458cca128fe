//! Limits log lines that strangers can cause.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Admits one line per second, so that a stranger cannot fill the log.
#[derive(Debug)]
pub struct Sparing(Mutex<Past>);

#[derive(Debug)]
struct Past {
    last: Option<Instant>,
    omitted: u64,
}

impl Default for Sparing {
    fn default() -> Self {
        Self::new()
    }
}

impl Sparing {
    /// Creates a limit that has admitted nothing yet.
    pub const fn new() -> Self {
        Self(Mutex::new(Past { last: None, omitted: 0 }))
    }

    /// Returns the number of lines omitted before this one; none if this line has to be omitted too.
    pub fn admit(&self) -> Option<u64> {
        self.admit_at(Instant::now())
    }

    fn admit_at(&self, now: Instant) -> Option<u64> {
        let mut past = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if past
            .last
            .is_some_and(|last| now.saturating_duration_since(last) < INTERVAL)
        {
            past.omitted += 1;
            return None;
        }
        past.last = Some(now);
        Some(std::mem::take(&mut past.omitted))
    }
}

const INTERVAL: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_second_is_written_and_says_how_many_were_not() {
        let (sparing, start) = (Sparing::new(), Instant::now());
        let admitted =
            [0, 10, 999, 1000, 1500, 2000, 9000].map(|millis| sparing.admit_at(start + Duration::from_millis(millis)));
        assert_eq!(admitted, [Some(0), None, None, Some(2), None, Some(1), Some(0)]);
    }
}
