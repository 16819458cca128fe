//! The limits of one operation, which hold whatever the server does.

use std::time::Duration;

use tokio::time::Instant;

use super::error::Cause;

/// The limits of operations, as a builder sets them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// One request, from connecting to the last byte of its answer.
    pub(crate) request_timeout: Duration,
    /// One operation with all its requests and waits; `None` for [`DEFAULT_ROUNDS`] times `request_timeout`.
    pub(crate) operation_timeout: Option<Duration>,
    /// The body of one answer, in bytes.
    pub(crate) max_response_bytes: usize,
}

/// The remaining budget of one operation. Every attempt, wait and page of the operation is charged to the same budget,
/// so that no loop over the wire needs limits of its own.
#[derive(Debug)]
pub(crate) struct Budget {
    limits: Limits,
    /// Set when the operation gets its turn: waiting for other operations of the same client costs nothing.
    deadline: Option<Instant>,
    bytes_left: usize,
    retry_after_left: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(60),
            operation_timeout: None,
            max_response_bytes: 16 * 1024 * 1024,
        }
    }
}

impl Limits {
    /// The budget of one operation.
    pub(crate) fn budget(self) -> Budget {
        Budget {
            limits: self,
            deadline: None,
            bytes_left: self.max_response_bytes.saturating_mul(ANSWERS),
            retry_after_left: MAX_RETRY_AFTER,
        }
    }
}

impl Budget {
    /// Starts the clock, unless it runs already.
    pub(crate) fn start(&mut self) {
        let limits = self.limits;
        self.deadline.get_or_insert_with(|| {
            let timeout = limits
                .operation_timeout
                .unwrap_or_else(|| limits.request_timeout.saturating_mul(DEFAULT_ROUNDS));
            let now = Instant::now();
            // A timeout beyond what a clock holds is none; a year stands for that.
            now.checked_add(timeout).unwrap_or(now + A_YEAR)
        });
    }

    /// Returns the time limit of the next request; `None` when no time is left.
    pub(crate) fn request_timeout(&self) -> Option<Duration> {
        let left = self.time_left();
        (!left.is_zero()).then(|| left.min(self.limits.request_timeout))
    }

    /// Refuses an answer by the length that it announces, before anything of it is read.
    pub(crate) fn check_length(&self, announced: u64) -> Result<(), Cause> {
        let limit = self.limits.max_response_bytes;
        if announced <= limit as u64 {
            return Ok(());
        }
        Err(Cause::TooLarge(format!("the answer has more than {limit} bytes")))
    }

    /// Charges `more` bytes of an answer of which `before` were received already.
    pub(crate) fn receive(&mut self, before: usize, more: usize) -> Result<(), Cause> {
        self.check_length((before + more) as u64)?;
        let limits = self.limits;
        self.bytes_left = self.bytes_left.checked_sub(more).ok_or_else(|| {
            Cause::TooLarge(format!(
                "the answers to one operation have more than {} bytes together",
                limits.max_response_bytes.saturating_mul(ANSWERS)
            ))
        })?;
        Ok(())
    }

    /// The wait before a repetition: `jittered`, and not shorter than the server asks for as long as its wishes together
    /// stay below [`MAX_RETRY_AFTER`]. `None` when there is no time for the repetition.
    pub(crate) fn wait(&mut self, jittered: Duration, retry_after: Option<Duration>) -> Option<Duration> {
        let wait = match retry_after.filter(|asked| !asked.is_zero()) {
            Some(_) if self.retry_after_left.is_zero() => return None,
            Some(asked) => {
                let granted = asked.min(self.retry_after_left);
                self.retry_after_left -= granted;
                jittered.max(granted)
            }
            None => jittered,
        };
        (wait < self.time_left()).then_some(wait)
    }

    fn time_left(&self) -> Duration {
        self.deadline
            .map_or(A_YEAR, |deadline| deadline.saturating_duration_since(Instant::now()))
    }
}

/// The pages that a listing has had.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    count: u32,
    entries: usize,
    /// The number of successive pages without new entries.
    stale: u32,
}

impl Pages {
    /// Counts a page with so many entries, of which so many are new. A page with nothing new can be a shift
    /// under the reader's feet; two of them in a row are a server that repeats itself.
    pub(crate) fn add(&mut self, entries: usize, new: usize) -> Result<(), Cause> {
        self.stale = if new == 0 { self.stale + 1 } else { 0 };
        if self.stale > 1 {
            let problem = "the server repeats pages that it sent before, so the listing has no end";
            return Err(Cause::TooLarge(problem.to_owned()));
        }
        self.count += 1;
        self.entries = self.entries.saturating_add(entries);
        if self.count > MAX_PAGES || self.entries > MAX_ENTRIES {
            let problem = format!("the listing does not end within {MAX_PAGES} pages and {MAX_ENTRIES} entries");
            return Err(Cause::TooLarge(problem));
        }
        Ok(())
    }
}

/// The default time of an operation in times of one request: the first attempt and two repetitions in full length.
const DEFAULT_ROUNDS: u32 = 3;
/// The bytes that one operation reads at most, in largest answers.
const ANSWERS: usize = 4;
/// The longest wait that a server can ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);
/// Pages of 1,000 entries and more are asked for.
const MAX_PAGES: u32 = 200;
const MAX_ENTRIES: usize = 200_000;
const A_YEAR: Duration = Duration::from_secs(365 * 86_400);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_that_the_server_asks_for_are_bounded_together() {
        let second = Duration::from_secs;
        let mut budget = Limits::default().budget();
        budget.start();
        assert_eq!(budget.wait(second(1), None), Some(second(1)));
        assert_eq!(budget.wait(second(1), Some(second(20))), Some(second(20)));
        assert_eq!(budget.wait(second(1), Some(second(0))), Some(second(1)));
        assert_eq!(budget.wait(second(1), Some(second(86_400))), Some(second(40)));
        assert_eq!(budget.wait(second(1), Some(second(5))), None);
        assert_eq!(budget.wait(second(1), None), Some(second(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn no_wait_and_no_request_outlives_the_operation() {
        let second = Duration::from_secs;
        let limits = Limits {
            operation_timeout: Some(second(70)),
            ..Limits::default()
        };
        let mut budget = limits.budget();
        budget.start();
        assert_eq!(budget.request_timeout(), Some(second(60)));
        tokio::time::advance(second(60)).await;
        budget.start();
        assert_eq!(budget.request_timeout(), Some(second(10)));
        assert_eq!(budget.wait(second(11), None), None);
        assert_eq!(budget.wait(second(1), Some(second(30))), None);
        tokio::time::advance(second(10)).await;
        assert_eq!(budget.request_timeout(), None);
    }

    #[test]
    fn answers_of_one_operation_are_bounded_alone_and_together() {
        let limits = Limits {
            max_response_bytes: 100,
            ..Limits::default()
        };
        let mut budget = limits.budget();
        for _ in 0..ANSWERS {
            assert!(budget.check_length(101).is_err());
            assert!(budget.receive(0, 60).is_ok() && budget.receive(60, 40).is_ok());
            assert!(budget.receive(100, 1).is_err());
        }
        assert!(budget.receive(0, 1).is_err());
        assert!(budget.receive(0, 0).is_ok());
    }

    #[test]
    fn listings_end_when_pages_repeat_and_when_there_are_too_many() {
        let mut pages = Pages::default();
        let mut page = |entries, new| spend(&mut pages, entries, new);
        for (entries, new) in [(10, 10), (1, 0), (10, 9), (10, 0)] {
            assert!(page(entries, new).is_ok());
        }
        assert!(page(10, 0).unwrap_err().contains("repeats pages"));

        let mut pages = Pages::default();
        let many = (0..).find_map(|_| spend(&mut pages, 10, 10).err());
        assert!(many.unwrap().contains("does not end within 200 pages"));
        assert!(spend(&mut Pages::default(), MAX_ENTRIES + 1, 1).is_err());
    }

    fn spend(pages: &mut Pages, entries: usize, new: usize) -> Result<(), String> {
        match pages.add(entries, new) {
            Ok(()) => Ok(()),
            Err(Cause::TooLarge(problem)) => Err(problem),
            Err(other) => panic!("{other:?}"),
        }
    }
}
