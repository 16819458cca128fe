//! One log line, one count and one duration for each request; and a panic costs one answer, not the server.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::MatchedPath;
use futures_util::FutureExt;
use http::header::CONNECTION;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use tokio::time::Instant;
use tower::{Layer, Service};

use crate::listener::peer::Peer;
use crate::telemetry;

/// Wraps every route. It sits inside the router, where the matched route is known: a log line has the pattern and not
/// the path, whose query may hold what is nobody's business.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordRequests;

impl<S> Layer<S> for RecordRequests {
    type Service = Recorded<S>;

    fn layer(&self, route: S) -> Recorded<S> {
        Recorded(route)
    }
}

/// A route whose requests are recorded.
#[derive(Debug, Clone)]
pub(super) struct Recorded<S>(S);

impl<S> Service<Request<Body>> for Recorded<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let start = Instant::now();
        let (method, version) = (request.method().clone(), request.version());
        let route = request.extensions().get::<MatchedPath>().cloned();
        let peer = request.extensions().get::<Arc<Peer>>().cloned();
        let answer = self.0.call(request);
        Box::pin(async move {
            let response = match AssertUnwindSafe(answer).catch_unwind().await {
                Ok(Ok(response)) => response,
                Ok(Err(never)) => match never {},
                Err(_panic) => {
                    // The panic hook has logged what happened and where.
                    metrics::counter!(telemetry::PANICS).increment(1);
                    let mut response = Response::new(Body::empty());
                    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                    // In HTTP/2 the other requests of the connection go on, and the header does not exist.
                    if version <= Version::HTTP_11 {
                        response
                            .headers_mut()
                            .insert(CONNECTION, HeaderValue::from_static("close"));
                    }
                    response
                }
            };
            record(
                &method,
                route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str),
                response.status(),
                start,
                peer,
            );
            Ok(response)
        })
    }
}

fn record(method: &Method, route: &str, status: StatusCode, start: Instant, peer: Option<Arc<Peer>>) {
    let duration = start.elapsed();
    telemetry::request_answered(method, route, status, duration);
    let caller = peer.as_ref().and_then(|peer| peer.caller());
    tracing::info!(
        http.method = method.as_str(),
        http.route = route,
        http.status = status.as_u16(),
        duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
        peer.address = peer.as_ref().map(|peer| tracing::field::display(peer.address())),
        peer.thumbprint = peer
            .as_ref()
            .and_then(|peer| Some(tracing::field::display(peer.certificate()?.thumbprint()))),
        caller.name = caller.as_ref().map(|caller| caller.name()),
        "answered a request"
    );
}

/// In the place of a route, when the path is none of them.
const NO_ROUTE: &str = "none";
