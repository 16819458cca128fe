//! What is repeated, how often, and after which wait.

use std::time::Duration;

use super::error::{Cause, Error};

/// How often and after which wait a request is repeated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryPolicy {
    pub(crate) max_retries: u32,
    pub(crate) min_wait: Duration,
    pub(crate) max_wait: Duration,
}

/// Which failures of a request leave it safe to send again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Reads: after every failure that may pass.
    Read,
    /// Writes that name what they change, so that a second one changes nothing more: when nothing was sent, and when
    /// the server said that it did nothing (429, 503, Redis Enterprise's 409 `busy`).
    NaturalKey,
    /// Writes that make something new each time: only when nothing was sent.
    Once,
}

impl Repeat {
    pub(crate) fn allows(self, error: &Error) -> bool {
        match (self, error.cause()) {
            (_, Cause::Connect) => true,
            (Self::Read, _) => error.is_retryable(),
            (Self::NaturalKey, Cause::Answer(answer)) => matches!(answer.status, 429 | 503) || answer.is_busy(),
            _ => false,
        }
    }
}

impl RetryPolicy {
    /// The wait before repetition `number` (from 0): anything from nothing to `min_wait` doubled `number` times, at most
    /// `max_wait`. The budget of the operation adds what the server asks for.
    pub(crate) fn wait(&self, number: u32) -> Duration {
        let ceiling = self
            .min_wait
            .saturating_mul(2u32.saturating_pow(number.min(16)))
            .min(self.max_wait);
        // Full jitter, so that clients that failed together do not come back together.
        ceiling.mul_f64(fastrand::f64())
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_retries: 4,
            min_wait: Duration::from_millis(200),
            max_wait: Duration::from_secs(10),
        }
    }
}

/// `Retry-After` in seconds (RFC 9110 10.2.3). Its date form is not read: it would need the server's clock.
pub(crate) fn retry_after(headers: &http::HeaderMap) -> Option<Duration> {
    headers
        .get(http::header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()
        .map(Duration::from_secs)
}

/// More repetitions than this are a storm.
pub(crate) const MAX_RETRIES: u32 = 10;

#[cfg(test)]
mod tests {
    use super::super::error::Answer;
    use super::*;

    fn answer(status: u16) -> Error {
        Error::new(
            "step",
            Cause::Answer(Answer {
                status,
                error_type: None,
                message: None,
            }),
        )
    }

    #[test]
    fn what_may_have_been_done_is_repeated_only_when_that_is_safe() {
        let connect = || Error::new("step", Cause::Connect);
        let broken = || Error::new("step", Cause::Broken);
        for (repeat, error, allowed) in [
            (Repeat::Once, connect(), true),
            (Repeat::Once, broken(), false),
            (Repeat::Once, answer(503), false),
            (Repeat::NaturalKey, connect(), true),
            (Repeat::NaturalKey, broken(), false),
            (Repeat::NaturalKey, answer(503), true),
            (Repeat::NaturalKey, answer(500), false),
            (Repeat::Read, broken(), true),
            (Repeat::Read, answer(408), true),
            (Repeat::Read, answer(429), true),
            (Repeat::Read, answer(500), false),
            (Repeat::Read, answer(403), false),
            (Repeat::Read, Error::new("step", Cause::Tls(String::new())), false),
        ] {
            assert_eq!(repeat.allows(&error), allowed, "{repeat:?} {error:?}");
        }
    }

    #[test]
    fn waits_grow_to_their_limit() {
        let policy = RetryPolicy::default();
        for number in 0..40 {
            assert!(policy.wait(number) <= policy.max_wait);
        }
        assert!(policy.wait(0) <= policy.min_wait);
    }
}
