//! Logs, counts and times every request; a panic costs one response, not the server.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use http::header::CONNECTION;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use tokio::time::Instant;

use super::api::{Answer, Api};
use super::request_user::RequestUser;
use super::strict::Ambiguous;
use super::why_refused::WhyRefused;
use crate::listener::peer::Peer;
use certward_system::telemetry;

/// A response in progress whose request will be recorded.
pub(super) struct Recorded {
    answer: Answer,
    start: Instant,
    method: Method,
    version: Version,
    route: &'static str,
    peer: Arc<Peer>,
    user: RequestUser,
}

impl Recorded {
    /// Passes a request of `peer` to `api`, unless it is refused.
    pub(super) fn answer(api: &Api, peer: &Arc<Peer>, mut request: Request<Body>, refused: Option<Ambiguous>) -> Self {
        request.extensions_mut().insert(Arc::clone(peer));
        let user = RequestUser::default();
        request.extensions_mut().insert(user.clone());
        let version = request.version();
        Self {
            start: Instant::now(),
            method: request.method().clone(),
            version,
            route: api.route(request.uri().path()),
            peer: Arc::clone(peer),
            user,
            answer: match refused {
                None => api.answer(request),
                Some(ambiguous) => Box::pin(async move { ambiguous.answer(version) }),
            },
        }
    }

    /// Records the result of the request.
    fn record(&self, response: &Response<Body>) {
        let status = response.status();
        let duration = self.start.elapsed();
        telemetry::request_answered(&self.method, self.route, status, duration);
        if !tracing::enabled!(tracing::Level::INFO) {
            return;
        }
        let user = self.user.get();
        // The certificate of a connection may be registered, and its requests be those of a user with a password.
        let caller = self.peer.name().filter(|_| user.is_none());
        let why_refused = response.extensions().get::<WhyRefused>();
        tracing::info!(
            http.method = self.method.as_str(),
            http.route = self.route,
            http.status = status.as_u16(),
            duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
            peer.address = %self.peer.address(),
            peer.thumbprint = self
                .peer
                .certificate()
                .map(|certificate| tracing::field::display(certificate.thumbprint())),
            caller.name = caller.as_deref(),
            user.uid = user.map(|user| user.uid),
            user.name = user.map(|user| user.name.as_str()),
            user.email = user.and_then(|user| user.email.as_deref()),
            user.proof = user.map(|user| user.proof),
            refused.reason = why_refused.map(|why| why.reason),
            refused.detail = why_refused.and_then(|why| why.detail.as_deref()),
            "answered a request"
        );
    }

    fn after_panic(&self) -> Response<Body> {
        // The panic hook has logged what happened and where.
        metrics::counter!(telemetry::PANICS).increment(1);
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        // In HTTP/2 the other requests of the connection go on, and the header does not exist.
        if self.version <= Version::HTTP_11 {
            response
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

impl Future for Recorded {
    type Output = Response<Body>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Response<Body>> {
        let response = match catch_unwind(AssertUnwindSafe(|| self.answer.as_mut().poll(context))) {
            Ok(answer) => ready!(answer),
            Err(_panic) => self.after_panic(),
        };
        self.record(&response);
        Poll::Ready(response)
    }
}
