//! One `send` that every operation goes through: endpoints, repetition, limits, errors.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use url::Url;
use zeroize::{Zeroize as _, Zeroizing};

use super::budget::{Budget, Limits};
use super::error::{Answer, Cause, Error, one_line};
use super::json::check_size;
use super::retry::{Repeat, RetryPolicy, retry_after};
use super::tls::{Failure, failure};
use crate::pki::Certificate;

/// What to ask of a server.
pub(crate) struct Call {
    /// What is being done, for errors: "list certificates".
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    /// Without a query. What callers give of it goes through [`path_segment`].
    pub(crate) path: Cow<'static, str>,
    pub(crate) query: Vec<(&'static str, String)>,
    /// JSON, wiped afterwards: it may hold a password.
    pub(crate) body: Option<Zeroizing<Vec<u8>>>,
    /// The `Authorization` of this call, marked so that nothing prints it.
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) repeat: Repeat,
    /// Statuses that are answers and not errors.
    pub(crate) accepted: &'static [u16],
}

/// An answer with one of the accepted statuses.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Which endpoint answered.
    pub(crate) endpoint: usize,
    operation: &'static str,
}

/// Reads type and message out of an error body.
pub(crate) type ReadProblem = fn(&[u8]) -> (Option<String>, Option<String>);

pub(crate) struct Transport {
    pub(crate) http: reqwest::Client,
    pub(crate) endpoints: Vec<Url>,
    pub(crate) certificate: Option<Certificate>,
    pub(crate) retry: RetryPolicy,
    pub(crate) limits: Limits,
    pub(crate) permits: Semaphore,
    pub(crate) headers: HeaderMap,
    pub(crate) read_problem: ReadProblem,
    /// The endpoint that answered last.
    pub(crate) current: AtomicUsize,
    /// One session cookie for each endpoint, for logins that a single node remembers.
    pub(crate) cookies: Mutex<Vec<Option<HeaderValue>>>,
}

impl Call {
    pub(crate) fn new(
        operation: &'static str,
        method: Method,
        path: impl Into<Cow<'static, str>>,
        repeat: Repeat,
    ) -> Self {
        Self {
            operation,
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
            authorization: None,
            repeat,
            accepted: &[200],
        }
    }

    pub(crate) fn get(operation: &'static str, path: impl Into<Cow<'static, str>>) -> Self {
        Self::new(operation, Method::GET, path, Repeat::Read)
    }

    pub(crate) fn query(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    pub(crate) fn json(mut self, body: &impl serde::Serialize) -> Result<Self, Error> {
        let body = serde_json::to_vec(body)
            .map_err(|error| Error::invalid_input(format!("cannot {}", self.operation)).with_source(error))?;
        self.body = Some(Zeroizing::new(body));
        Ok(self)
    }

    pub(crate) fn accept(mut self, statuses: &'static [u16]) -> Self {
        self.accepted = statuses;
        self
    }
}

impl Reply {
    /// Reads the body as JSON. An error says where in it, never what was there.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        check_size(&self.body).map_err(|cause| Error::new(format!("cannot {}", self.operation), cause))?;
        serde_json::from_slice(&self.body).map_err(|error| {
            let kind = match error.classify() {
                serde_json::error::Category::Data => "has a value of another type than the contract says",
                serde_json::error::Category::Eof => "ends too early",
                _ => "is not JSON",
            };
            self.decode_error(format!(
                "the answer {kind}, at line {} column {}",
                error.line(),
                error.column()
            ))
        })
    }

    /// As [`Reply::json`], and `None` for an answer without a body.
    pub(crate) fn optional_json<T: DeserializeOwned>(&self) -> Result<Option<T>, Error> {
        if self.body.trim_ascii().is_empty() {
            return Ok(None);
        }
        self.json().map(Some)
    }

    /// Wipes the body, which held a secret. What the layers below kept of it is out of reach.
    pub(crate) fn wipe(self) {
        if let Ok(mut body) = self.body.try_into_mut() {
            body.as_mut().zeroize();
        }
    }

    pub(crate) fn decode_error(&self, problem: impl Into<String>) -> Error {
        Error::new(format!("cannot {}", self.operation), Cause::Decode(problem.into()))
    }
}

impl Transport {
    /// Sends the call as an operation of its own.
    pub(crate) async fn send(self: &Arc<Self>, call: Call) -> Result<Reply, Error> {
        self.send_within(call, &mut self.limits.budget()).await
    }

    /// Sends the call to the endpoint that answered last, then to the others in their order, then after a wait again, as
    /// far as the call may be repeated and the budget lasts.
    pub(crate) async fn send_within(self: &Arc<Self>, call: Call, budget: &mut Budget) -> Result<Reply, Error> {
        let _permit = self
            .permits
            .acquire()
            .await
            .map_err(|_| Error::configuration("the client is closed"))?;
        budget.start();
        let mut round = 0;
        loop {
            let start = self.current.load(Ordering::Relaxed);
            let mut last: Option<(Error, Option<Duration>)> = None;
            for offset in 0..self.endpoints.len() {
                let index = (start + offset) % self.endpoints.len();
                let Some(timeout) = budget.request_timeout() else {
                    let over = || Error::new(format!("cannot {}", call.operation), Cause::Timeout);
                    return Err(last.map_or_else(over, |(error, _)| error));
                };
                match self.attempt(&call, index, timeout, budget).await {
                    Ok(reply) => {
                        self.current.store(index, Ordering::Relaxed);
                        return Ok(reply);
                    }
                    Err((error, _)) if !call.repeat.allows(&error) => return Err(error),
                    Err(failed) => {
                        tracing::debug!(http.method = %call.method, http.path = &*call.path, error = %failed.0, "request failed and may be repeated");
                        last = Some(failed);
                    }
                }
            }
            let (error, wait) = last.expect("there is at least one endpoint, which the builder checks");
            if round >= self.retry.max_retries {
                return Err(error);
            }
            let Some(wait) = budget.wait(self.retry.wait(round), wait) else {
                return Err(error);
            };
            tokio::time::sleep(wait).await;
            round += 1;
        }
    }

    async fn attempt(
        &self,
        call: &Call,
        index: usize,
        timeout: Duration,
        budget: &mut Budget,
    ) -> Result<Reply, (Error, Option<Duration>)> {
        let url = self.url(call, index);
        let step = || {
            format!(
                "cannot {} at {}",
                call.operation,
                self.endpoints[index].origin().ascii_serialization()
            )
        };
        let mut request = self
            .http
            .request(call.method.clone(), url)
            .timeout(timeout)
            .headers(self.headers.clone());
        if let Some(cookie) = self
            .cookies
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(index)
            .cloned()
            .flatten()
        {
            request = request.header(COOKIE, cookie);
        }
        if let Some(authorization) = &call.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        if let Some(body) = &call.body {
            request = request
                .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
                .body(body.to_vec());
        }
        let failed = |error: reqwest::Error| (self.transport_error(step(), error), None);
        let started = Instant::now();
        let mut response = request.send().await.map_err(failed)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let too_large = |cause| (Error::new(step(), cause), None);
        let announced = response.content_length().unwrap_or(0);
        budget.check_length(announced).map_err(too_large)?;
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            budget.receive(body.len(), chunk.len()).map_err(too_large)?;
            body.extend_from_slice(&chunk);
        }
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(http.method = %call.method, http.path = &*call.path, http.status = status.as_u16(), duration_ms, "request answered");
        if call.accepted.contains(&status.as_u16()) {
            return Ok(Reply {
                status,
                headers,
                body: body.freeze(),
                endpoint: index,
                operation: call.operation,
            });
        }
        Err((
            self.answer_error(step(), status, &headers, &body),
            retry_after(&headers),
        ))
    }

    fn url(&self, call: &Call, index: usize) -> Url {
        let mut url = self.endpoints[index].clone();
        url.set_path(&call.path);
        if !call.query.is_empty() {
            url.query_pairs_mut()
                .extend_pairs(call.query.iter().map(|(name, value)| (name, value.as_str())));
        }
        url
    }

    fn transport_error(&self, step: String, error: reqwest::Error) -> Error {
        let error = error.without_url();
        let cause = match failure(&error, self.certificate.as_ref()) {
            // The library's own texts say the same once more, with its types.
            Some(Failure::Tls(explanation)) => return Error::new(step, Cause::Tls(explanation)),
            _ if error.is_connect() => Cause::Connect,
            _ if error.is_timeout() => Cause::Timeout,
            Some(Failure::HeaderTooLarge) => {
                Cause::TooLarge("the header of the answer is larger than is read".to_owned())
            }
            Some(Failure::NotHttp) => Cause::Decode("the answer is not HTTP".to_owned()),
            Some(Failure::Closed) => Cause::Broken,
            None => Cause::Broken,
        };
        Error::new(step, cause).with_source(error)
    }

    fn answer_error(&self, step: String, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
        if status.is_redirection() {
            let target = headers
                .get(http::header::LOCATION)
                .and_then(|target| target.to_str().ok())
                .map(one_line);
            let message = format!(
                "it redirects to {}; redirections are not followed",
                target.as_deref().unwrap_or("nowhere")
            );
            return Error::new(
                step,
                Cause::Answer(Answer {
                    status: status.as_u16(),
                    error_type: None,
                    message: Some(message),
                }),
            );
        }
        let (error_type, message) = (self.read_problem)(body);
        let clean = |text: Option<String>| text.map(|text| one_line(&text)).filter(|text| !text.trim().is_empty());
        Error::new(
            step,
            Cause::Answer(Answer {
                status: status.as_u16(),
                error_type: clean(error_type),
                message: clean(message),
            }),
        )
    }

    /// Remembers, or with `None` forgets, the session cookie of one endpoint.
    pub(crate) fn set_cookie(&self, endpoint: usize, cookie: Option<HeaderValue>) {
        if let Some(slot) = self
            .cookies
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_mut(endpoint)
        {
            *slot = cookie;
        }
    }
}

/// A caller's word as one segment of a path: letters, digits, `_` and `-` only, so that it can reach no other path.
pub(crate) fn path_segment<'a>(operation: &str, what: &str, word: &'a str) -> Result<&'a str, Error> {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'-');
    if !word.is_empty() && word.bytes().all(plain) {
        return Ok(word);
    }
    Err(Error::invalid_input(format!(
        "cannot {operation}: the {what} \"{}\" has other characters than letters, digits, \"_\" and \"-\"",
        one_line(word)
    )))
}

/// A header of every request.
pub(crate) fn static_header(name: &'static str, value: &'static str) -> (HeaderName, HeaderValue) {
    (HeaderName::from_static(name), HeaderValue::from_static(value))
}
