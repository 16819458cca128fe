//! Retries: conditions, number and delays.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::error::{Cause, Error, ErrorKind};

/// Number and delays of a request's retries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryPolicy {
    pub(crate) max_retries: u32,
    pub(crate) min_wait: Duration,
    pub(crate) max_wait: Duration,
}

/// Failures after which a request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Reads: after every failure that may be temporary.
    Read,
    /// Writes that name what they change, so that a second one changes nothing more: when nothing was sent, and when
    /// the server said that it did nothing (429, 503, Redis Enterprise's 409 `busy`).
    NaturalKey,
    /// Writes that make something new each time: only when nothing was sent.
    Once,
}

/// The next step after a failure at one endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Return the error.
    GiveUp,
    /// Try another endpoint; this one will fail in the same way again.
    OtherEndpoint,
    /// Try the other endpoints, then this one again after a delay.
    Wait,
}

impl Repeat {
    pub(crate) fn after(self, error: &Error) -> Next {
        let safe = match (self, error.cause()) {
            _ if error.is_unsent() => true,
            (Self::Read, _) => error.is_retryable() || error.is_tls(),
            (Self::NaturalKey, Cause::Answer(answer)) => {
                matches!(answer.status, 429 | 503) || answer.kind == ErrorKind::Busy
            }
            _ => false,
        };
        match (safe, error.is_retryable()) {
            (false, _) => Next::GiveUp,
            (true, false) => Next::OtherEndpoint,
            (true, true) => Next::Wait,
        }
    }
}

impl RetryPolicy {
    /// The wait before repetition `number` (from 0): `min_wait` doubled `number` times, at most `max_wait`, less a random
    /// part of up to a half. The budget of the operation adds what the server asks for.
    pub(crate) fn wait(&self, number: u32) -> Duration {
        // Random, so that clients that failed together do not come back together; not down to nothing, so that all the
        // waits together outlast the restart of a node.
        self.longest_wait(number).mul_f64(0.5 + fastrand::f64() / 2.0)
    }

    fn longest_wait(&self, number: u32) -> Duration {
        self.min_wait
            .saturating_mul(2u32.saturating_pow(number.min(16)))
            .min(self.max_wait)
    }

    /// Maximum time for retries while no endpoint of a cluster responds.
    pub(crate) fn patience(&self) -> Duration {
        (0..self.max_retries)
            .fold(Duration::ZERO, |sum, number| {
                sum.saturating_add(self.longest_wait(number))
            })
            .max(LEAST_PATIENCE)
    }
}

impl Default for RetryPolicy {
    /// Waits of 13 s to 26 s in all: a node's restart takes about 10 s.
    fn default() -> Self {
        Self {
            max_retries: 9,
            min_wait: Duration::from_millis(200),
            max_wait: Duration::from_secs(5),
        }
    }
}

/// Since when the cluster has answered nothing, for all operations of a client together: a hundred of them do not wait
/// one after the other for a cluster that is gone.
#[derive(Debug, Default)]
pub(crate) struct Outage(Mutex<Option<(Instant, Instant)>>);

impl Outage {
    /// Notes that no endpoint could be asked now; says for how long that has been so.
    pub(crate) fn note(&self) -> Duration {
        let mut outage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let since = match *outage {
            Some((since, last)) if now.duration_since(last) < FORGOTTEN_AFTER => since,
            _ => now,
        };
        *outage = Some((since, now));
        now.duration_since(since)
    }

    /// Notes an answer.
    pub(crate) fn end(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
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
pub(crate) const MAX_RETRIES: u32 = 20;
/// Endpoints that do not even refuse connections take `connect_timeout` for each attempt; their repetitions end after
/// this time.
const LEAST_PATIENCE: Duration = Duration::from_secs(30);
/// An outage that nobody has seen for so long says nothing about now.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::super::error::{Answer, TlsFailure};
    use super::*;

    fn answer(status: u16) -> Error {
        Error::new("step", Cause::Answer(Answer::of_status(status)))
    }

    #[test]
    fn what_may_have_been_done_is_repeated_only_when_that_is_safe() {
        let connect = || Error::new("step", Cause::Connect(String::new()));
        let broken = || Error::new("step", Cause::Broken(String::new()));
        let unreachable = || Error::new("step", Cause::Unreachable(String::new()));
        let tls = |after_handshake| {
            let failure = TlsFailure {
                explanation: String::new(),
                client_certificate: after_handshake,
                after_handshake,
            };
            Error::new("step", Cause::Tls(failure))
        };
        for (repeat, error, next) in [
            (Repeat::Once, connect(), Next::Wait),
            (Repeat::Once, unreachable(), Next::OtherEndpoint),
            (Repeat::Once, tls(false), Next::OtherEndpoint),
            (Repeat::Once, tls(true), Next::GiveUp),
            (Repeat::Once, broken(), Next::GiveUp),
            (Repeat::Once, answer(503), Next::GiveUp),
            (Repeat::NaturalKey, connect(), Next::Wait),
            (Repeat::NaturalKey, tls(false), Next::OtherEndpoint),
            (Repeat::NaturalKey, tls(true), Next::GiveUp),
            (Repeat::NaturalKey, broken(), Next::GiveUp),
            (Repeat::NaturalKey, answer(503), Next::Wait),
            (Repeat::NaturalKey, answer(500), Next::GiveUp),
            (Repeat::Read, broken(), Next::Wait),
            (Repeat::Read, answer(408), Next::Wait),
            (Repeat::Read, answer(429), Next::Wait),
            (Repeat::Read, answer(500), Next::GiveUp),
            (Repeat::Read, answer(401), Next::GiveUp),
            (Repeat::Read, answer(403), Next::GiveUp),
            (Repeat::Read, unreachable(), Next::OtherEndpoint),
            (Repeat::Read, tls(false), Next::OtherEndpoint),
            (Repeat::Read, tls(true), Next::OtherEndpoint),
        ] {
            assert_eq!(repeat.after(&error), next, "{repeat:?} {error:?}");
        }
    }

    #[test]
    fn waits_grow_to_their_limit() {
        let policy = RetryPolicy::default();
        for number in 0..40 {
            let (wait, longest) = (policy.wait(number), policy.longest_wait(number));
            assert!(wait <= longest && wait >= longest / 2 && longest <= policy.max_wait);
        }
        assert!(policy.wait(0) <= policy.min_wait);
        assert!(policy.patience() <= Duration::from_secs(30));
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_lasts_from_its_first_failure_to_an_answer_or_until_it_is_forgotten() {
        let outage = Outage::default();
        let second = Duration::from_secs;
        assert_eq!(outage.note(), Duration::ZERO);
        tokio::time::advance(second(20)).await;
        assert_eq!(outage.note(), second(20));
        tokio::time::advance(second(20)).await;
        assert_eq!(outage.note(), second(40));
        outage.end();
        assert_eq!(outage.note(), Duration::ZERO);
        tokio::time::advance(second(31)).await;
        assert_eq!(outage.note(), Duration::ZERO);
    }
}
