//! One `send` that every operation goes through: endpoints, repetition, limits, errors.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tracing::Instrument as _;
use url::Url;
use zeroize::{Zeroize as _, Zeroizing};

use super::budget::{Budget, Limits};
use super::error::{Answer, Cause, Error, ErrorKind, UnknownBody, one_line};
use super::failover::{Attempt, Endpoints, Failed};
use super::failure;
use super::foreign::ForeignAnswer;
use super::json::check_size;
use super::proxy::Proxy;
use super::retry::{Repeat, retry_after};
use crate::pki::Certificate;

/// A request to a server.
pub(crate) struct Call {
    /// The operation's name for errors: "list certificates".
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    /// Without a query. Values from callers pass through [`path_segment`].
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
    /// Index of the endpoint that responded.
    pub(crate) endpoint: usize,
    operation: &'static str,
}

/// Reads type and message out of an error body.
type ReadRefusal = fn(&[u8]) -> (Option<String>, Option<String>);

/// The form in which an API refuses.
#[derive(Clone, Copy)]
pub(crate) struct Refusals {
    /// Reads type and message out of an error body.
    pub(crate) read: ReadRefusal,
    /// The meaning of an API's answer, when it is not what its status says.
    pub(crate) kind: fn(&Answer) -> Option<ErrorKind>,
}

pub(crate) struct Transport {
    pub(crate) http: reqwest::Client,
    pub(crate) endpoints: Endpoints,
    /// The proxy that leads to each endpoint.
    pub(crate) proxies: Vec<Option<Proxy>>,
    pub(crate) certificate: Option<Certificate>,
    pub(crate) limits: Limits,
    pub(crate) permits: Semaphore,
    pub(crate) headers: HeaderMap,
    pub(crate) refusals: Refusals,
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
            let sent_by = ForeignAnswer::of(&self.body);
            if matches!(sent_by, ForeignAnswer::WebPage { .. }) {
                return self.decode_error(format!("the answer is not JSON but {sent_by}"));
            }
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

    /// Wipes the body, which held a secret. Copies in the layers below are out of reach.
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
        let attempt = CallAttempt {
            transport: self,
            call: &call,
        };
        let span = tracing::debug_span!("request", operation = call.operation);
        let asked = self.endpoints.ask(call.operation, call.repeat, budget, &attempt);
        asked.instrument(span).await
    }

    fn url(&self, call: &Call, index: usize) -> Url {
        let mut url = self.endpoints.urls[index].clone();
        url.set_path(&call.path);
        if !call.query.is_empty() {
            url.query_pairs_mut()
                .extend_pairs(call.query.iter().map(|(name, value)| (name, value.as_str())));
        }
        url
    }

    fn request(&self, call: &Call, endpoint: usize, timeout: Duration) -> reqwest::RequestBuilder {
        let mut request = self
            .http
            .request(call.method.clone(), self.url(call, endpoint))
            .timeout(timeout)
            .headers(self.headers.clone());
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cookie) = cookies.get(endpoint).cloned().flatten() {
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
        request
    }

    /// The cause for a response whose status is not among the accepted ones.
    fn refusal(&self, call: &Call, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Cause {
        let (error_type, message) = if status.is_redirection() {
            let target = headers
                .get(http::header::LOCATION)
                .and_then(|target| target.to_str().ok());
            let target = target.map_or_else(|| "nowhere".to_owned(), one_line);
            let message = format!("it redirects to {target}; redirections are not followed");
            (None, Some(message))
        } else {
            let (error_type, message) = (self.refusals.read)(body);
            let clean = |text: Option<String>| text.map(|text| one_line(&text)).filter(|text| !text.trim().is_empty());
            (clean(error_type), clean(message))
        };
        let unknown_body = match (&error_type, &message) {
            (None, None) => UnknownBody::of(status, &call.method, body),
            _ => None,
        };
        let mut answer = Answer {
            error_type,
            message,
            unknown_body,
            ..Answer::of_status(status.as_u16())
        };
        answer.kind = (self.refusals.kind)(&answer).unwrap_or(answer.kind);
        Cause::Answer(answer)
    }

    /// Returns `true` if a 404 says nothing about the requested object, because a server other than the API's sent it.
    fn is_foreign_404(&self, call: &Call, status: StatusCode, body: &[u8]) -> bool {
        status == StatusCode::NOT_FOUND
            && (self.refusals.read)(body) == (None, None)
            && UnknownBody::of(status, &call.method, body).is_some_and(|body| body.speaks_of_no_object())
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

/// A call on its way to one endpoint or another.
struct CallAttempt<'a> {
    transport: &'a Transport,
    call: &'a Call,
}

impl Attempt for CallAttempt<'_> {
    type Answer = Reply;

    async fn send(&self, endpoint: usize, timeout: Duration, budget: &mut Budget) -> Result<Reply, Failed> {
        let Self { transport, call } = self;
        let origin = transport.endpoints.name(endpoint);
        let failed = |cause| Failed {
            error: Error::new(format!("cannot {}", call.operation), cause).at(&origin),
            retry_after: None,
        };
        let proxy = transport.proxies.get(endpoint).and_then(Option::as_ref);
        let not_answered = |error: reqwest::Error| {
            let Failed { error, retry_after } = failed(failure::cause(&error, transport.certificate.as_ref()));
            Failed {
                error: error.through(proxy),
                retry_after,
            }
        };
        let started = Instant::now();
        let mut response = transport
            .request(call, endpoint, timeout)
            .send()
            .await
            .map_err(not_answered)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let announced = response.content_length().unwrap_or(0);
        budget.check_length(announced).map_err(failed)?;
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(not_answered)? {
            budget.receive(body.len(), chunk.len()).map_err(failed)?;
            body.extend_from_slice(&chunk);
        }
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(endpoint = %origin, http.method = %call.method, http.path = &*call.path, http.status = status.as_u16(), duration_ms, "request answered");
        if call.accepted.contains(&status.as_u16()) && !transport.is_foreign_404(call, status, &body) {
            return Ok(Reply {
                status,
                headers,
                body: body.freeze(),
                endpoint,
                operation: call.operation,
            });
        }
        Err(Failed {
            retry_after: retry_after(&headers),
            ..failed(transport.refusal(call, status, &headers, &body))
        })
    }
}

/// A caller's word as one segment of a path: letters, digits, `_` and `-` only, so that it can reach no other path.
pub(crate) fn path_segment<'a>(operation: &str, what: &str, word: &'a str) -> Result<&'a str, Error> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
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
