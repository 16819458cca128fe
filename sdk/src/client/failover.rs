//! Failover between endpoints, and retries of all of them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use url::Url;

use super::budget::Budget;
use super::error::{Cause, Error};
use super::retry::{Next, Outage, Repeat, RetryPolicy};

/// One request that can be sent to any endpoint.
pub(crate) trait Attempt {
    type Answer;

    /// Sends it to the endpoint of this index.
    fn send(
        &self,
        endpoint: usize,
        timeout: Duration,
        budget: &mut Budget,
    ) -> impl Future<Output = Result<Self::Answer, Failed>> + Send;
}

/// An attempt that failed.
pub(crate) struct Failed {
    pub(crate) error: Error,
    /// The delay from the server's `Retry-After`.
    pub(crate) retry_after: Option<Duration>,
}

/// The endpoints of a client, and what it knows about them.
pub(crate) struct Endpoints {
    pub(crate) urls: Vec<Url>,
    pub(crate) retry: RetryPolicy,
    /// The endpoint that answered last.
    current: AtomicUsize,
    outage: Outage,
}

/// One pass over the endpoints, of which none answered.
#[derive(Default)]
struct Round {
    failures: Vec<(usize, Error)>,
    /// Some of the failures may pass.
    may_pass: bool,
    retry_after: Option<Duration>,
}

impl Endpoints {
    pub(crate) fn new(urls: Vec<Url>, retry: RetryPolicy) -> Self {
        Self {
            urls,
            retry,
            current: AtomicUsize::new(0),
            outage: Outage::default(),
        }
    }

    /// `https://host:port`, for errors and logs.
    pub(crate) fn name(&self, endpoint: usize) -> String {
        self.urls[endpoint].origin().ascii_serialization()
    }

    /// Tries the endpoint that answered last, then the others in their order, then after a wait again, as far as the
    /// request may be repeated and the budget lasts. `operation` completes "cannot …".
    pub(crate) async fn ask<A: Attempt>(
        &self,
        operation: &str,
        repeat: Repeat,
        budget: &mut Budget,
        attempt: &A,
    ) -> Result<A::Answer, Error> {
        let mut earlier = Round::default();
        let mut repetition = 0;
        loop {
            let mut round = Round::default();
            let start = self.current.load(Ordering::Relaxed);
            for offset in 0..self.urls.len() {
                let endpoint = (start + offset) % self.urls.len();
                let Some(timeout) = budget.request_timeout() else {
                    let known = if round.failures.is_empty() { earlier } else { round };
                    return Err(self.error(operation, known));
                };
                match attempt.send(endpoint, timeout, budget).await {
                    Ok(answer) => {
                        self.current.store(endpoint, Ordering::Relaxed);
                        self.outage.end();
                        return Ok(answer);
                    }
                    Err(Failed { error, retry_after }) => match repeat.after(&error) {
                        Next::GiveUp => {
                            if error.status().is_some() && !error.is_away() {
                                self.outage.end();
                            }
                            // It may take the next request from another endpoint, where this one broke.
                            if error.status().is_none() {
                                self.current.store((endpoint + 1) % self.urls.len(), Ordering::Relaxed);
                            }
                            return Err(error);
                        }
                        next => {
                            tracing::warn!(endpoint = self.name(endpoint), reason = %error.report(), "request failed");
                            round.may_pass |= next == Next::Wait;
                            round.retry_after = round.retry_after.max(retry_after);
                            round.failures.push((endpoint, error));
                        }
                    },
                }
            }
            let Some(wait) = self.wait(repetition, &round, budget) else {
                return Err(self.error(operation, round));
            };
            repetition += 1;
            let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(operation, repetition, wait_ms, "request is sent again after a wait");
            tokio::time::sleep(wait).await;
            earlier = round;
        }
    }

    /// The wait before the next round, when there is to be one.
    fn wait(&self, repetition: u32, round: &Round, budget: &mut Budget) -> Option<Duration> {
        let nothing_answers = round.failures.iter().all(|(_, error)| error.is_away());
        let outage = match nothing_answers {
            true => self.outage.note(),
            false => Duration::ZERO,
        };
        let asked_to = round.retry_after.is_some();
        if !round.may_pass || repetition >= self.retry.max_retries || (outage >= self.retry.patience() && !asked_to) {
            return None;
        }
        budget.wait(self.retry.wait(repetition), round.retry_after)
    }

    fn error(&self, operation: &str, round: Round) -> Error {
        let failures = round.failures.into_iter();
        Error::of_endpoints(
            operation,
            failures.map(|(endpoint, error)| (self.name(endpoint), error)).collect(),
        )
        .unwrap_or_else(|| Error::new(format!("cannot {operation}"), Cause::Timeout))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::time::Instant;

    use super::super::budget::Limits;
    use super::super::error::{Answer, TlsFailure};
    use super::*;

    /// Endpoints that fail as the function says, by the index and the time since the start.
    struct Script<F> {
        start: Instant,
        asked: Mutex<Vec<usize>>,
        failure: F,
    }

    impl<F: Fn(usize, Duration) -> Option<Cause> + Sync> Attempt for Script<F> {
        type Answer = usize;

        async fn send(&self, endpoint: usize, _: Duration, _: &mut Budget) -> Result<usize, Failed> {
            self.asked.lock().unwrap().push(endpoint);
            match (self.failure)(endpoint, self.start.elapsed()) {
                None => Ok(endpoint),
                Some(cause) => Err(Failed {
                    error: Error::new("cannot list users", cause),
                    retry_after: None,
                }),
            }
        }
    }

    fn script<F: Fn(usize, Duration) -> Option<Cause> + Sync>(failure: F) -> Script<F> {
        Script {
            start: Instant::now(),
            asked: Mutex::default(),
            failure,
        }
    }

    fn endpoints(count: usize) -> Endpoints {
        let urls = ["https://a.example", "https://b.example", "https://c.example"];
        Endpoints::new(
            urls[..count].iter().map(|url| url.parse().unwrap()).collect(),
            RetryPolicy::default(),
        )
    }

    async fn ask<A: Attempt>(endpoints: &Endpoints, repeat: Repeat, attempt: &A) -> Result<A::Answer, Error> {
        let mut budget = Limits::default().budget();
        budget.start();
        endpoints.ask("list users", repeat, &mut budget, attempt).await
    }

    fn refused() -> Cause {
        Cause::Connect("Connection refused (os error 111)".to_owned())
    }

    fn unverified() -> Cause {
        Cause::Tls(TlsFailure {
            explanation: "cannot verify the server: it presents CN=x".to_owned(),
            client_certificate: false,
            after_handshake: false,
        })
    }

    const RESTART: Duration = Duration::from_secs(12);

    #[tokio::test(start_paused = true)]
    async fn the_default_retries_outlast_the_restart_of_a_node() {
        for repeat in [Repeat::Read, Repeat::NaturalKey, Repeat::Once] {
            for _ in 0..20 {
                let node = script(|_, elapsed| (elapsed < RESTART).then(refused));
                assert_eq!(ask(&endpoints(1), repeat, &node).await.unwrap(), 0);
                assert!(node.start.elapsed() < RESTART + Duration::from_secs(5));
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_cluster_that_stays_away_is_given_up_within_half_a_minute() {
        let endpoints = endpoints(3);
        let gone = script(|_, _| Some(refused()));
        let error = ask(&endpoints, Repeat::Read, &gone).await.unwrap_err();
        assert!(error.is_connect() && error.is_retryable(), "{error:?}");
        let elapsed = gone.start.elapsed();
        assert!(elapsed > RESTART && elapsed < Duration::from_secs(30), "{elapsed:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn operations_do_not_wait_one_after_the_other_for_a_cluster_that_is_gone() {
        let endpoints = endpoints(1);
        let gone = script(|_, _| Some(refused()));
        for _ in 0..100 {
            ask(&endpoints, Repeat::Read, &gone).await.unwrap_err();
        }
        assert!(
            gone.start.elapsed() < Duration::from_secs(35),
            "{:?}",
            gone.start.elapsed()
        );
        // And it is asked as before once it has answered.
        ask(&endpoints, Repeat::Read, &script(|_, _| None)).await.unwrap();
        let restart = script(|_, elapsed| (elapsed < RESTART).then(refused));
        ask(&endpoints, Repeat::Read, &restart).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn endpoints_that_do_not_even_refuse_connections_are_given_up_after_half_a_minute() {
        struct Silent;
        impl Attempt for Silent {
            type Answer = ();
            async fn send(&self, _: usize, _: Duration, _: &mut Budget) -> Result<(), Failed> {
                tokio::time::sleep(Duration::from_secs(10)).await;
                Err(Failed {
                    error: Error::new("cannot list users", Cause::Connect("no connection in time".to_owned())),
                    retry_after: None,
                })
            }
        }
        let start = Instant::now();
        ask(&endpoints(1), Repeat::Read, &Silent).await.unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(55), "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_pass_is_not_waited_for() {
        let answer = |status| Cause::Answer(Answer::of_status(status));
        type Failure = Box<dyn Fn() -> Cause + Sync>;
        let failures: [(Failure, usize); 4] = [
            (Box::new(unverified), 3),
            (Box::new(|| Cause::Unreachable("no such host".to_owned())), 3),
            (Box::new(move || answer(401)), 1),
            (Box::new(move || answer(403)), 1),
        ];
        for (failure, attempts) in failures {
            let broken = script(|_, _| Some(failure()));
            let error = ask(&endpoints(3), Repeat::Read, &broken).await.unwrap_err();
            assert_eq!(broken.start.elapsed(), Duration::ZERO, "{error:?}");
            assert_eq!(broken.asked.lock().unwrap().len(), attempts, "{error:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_endpoint_that_fails_in_tls_gives_way_to_the_next_which_is_kept() {
        for repeat in [Repeat::Read, Repeat::NaturalKey, Repeat::Once] {
            let endpoints = endpoints(3);
            let first = script(|endpoint, _| (endpoint == 0).then(unverified));
            for _ in 0..2 {
                assert_eq!(ask(&endpoints, repeat, &first).await.unwrap(), 1);
            }
            assert_eq!(*first.asked.lock().unwrap(), [0, 1, 1]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_endpoint_that_fails_in_tls_is_no_reason_to_give_up_one_that_restarts() {
        let nodes = script(|endpoint, elapsed| match endpoint {
            0 => Some(unverified()),
            _ => (elapsed < RESTART).then(refused),
        });
        assert_eq!(ask(&endpoints(2), Repeat::Once, &nodes).await.unwrap(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_error_names_each_endpoint_once_the_most_useful_reason_first() {
        let endpoints = endpoints(3);
        let gone = script(|endpoint, _| {
            Some(match endpoint {
                1 => unverified(),
                _ => refused(),
            })
        });
        let error = ask(&endpoints, Repeat::Once, &gone).await.unwrap_err();
        let expected = "cannot list users at https://b.example: cannot verify the server: it presents CN=x; \
                        at https://a.example and https://c.example: cannot connect: Connection refused (os error 111)";
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.report().to_string(), expected);
        assert!(error.is_tls() && error.is_unsent() && error.is_retryable(), "{error:?}");
    }
}
