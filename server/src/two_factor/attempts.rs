//! How often codes may be tried: a stranger with a stolen certificate must not guess.

use std::collections::{HashMap, HashSet, VecDeque};

use certward::pki::Thumbprint;
use time::{Duration, OffsetDateTime};

use super::totp::{Step, TOLERANCE};

/// Recent attempts and used codes of each certificate.
#[derive(Debug, Default)]
pub(super) struct Attempts(HashMap<Thumbprint, Recent>);

#[derive(Debug, Default)]
struct Recent {
    at: VecDeque<OffsetDateTime>,
    /// Steps whose code has opened a session.
    used: HashSet<Step>,
}

impl Attempts {
    /// Counts an attempt; false when there were too many in the last minute.
    pub(super) fn begin(&mut self, thumbprint: Thumbprint, now: OffsetDateTime) -> bool {
        if self.0.len() >= FORGET_AT {
            self.0
                .retain(|_, recent| recent.at.back().is_some_and(|last| now - *last < FORGET_AFTER));
        }
        let recent = self.0.entry(thumbprint).or_default();
        while recent.at.front().is_some_and(|first| now - *first >= WINDOW) {
            recent.at.pop_front();
        }
        if recent.at.len() >= MAX_IN_WINDOW {
            return false;
        }
        recent.at.push_back(now);
        true
    }

    /// Marks the step's code as used; false when it was before.
    pub(super) fn use_code(&mut self, thumbprint: Thumbprint, step: Step, now: OffsetDateTime) -> bool {
        let recent = self.0.entry(thumbprint).or_default();
        let oldest = Step::at(now - Duration::seconds(30 * (TOLERANCE + 1)));
        recent.used.retain(|used| *used >= oldest);
        recent.used.insert(step)
    }
}

const WINDOW: Duration = Duration::MINUTE;
/// Five codes are good at a time, so that this is a chance of 1 in 20,000 a minute.
const MAX_IN_WINDOW: usize = 10;
/// Longer than any code is good.
const FORGET_AFTER: Duration = Duration::minutes(5);
const FORGET_AT: usize = 1024;
