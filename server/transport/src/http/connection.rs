//! Serves one connection: hyper, driven under deadlines, until it ends or must end.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use http::{Request, Response};
use hyper::body::{Body as _, Incoming};
use hyper::rt::ReadBufCursor;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until};

use super::activity::{Activity, Deadlines, Overdue, RequestGuard};
use super::api::Api;
use super::body::{HeldBodies, HeldBody, LimitedBody};
use super::record::Recorded;
use super::strict;
use crate::listener::Limits;
use crate::listener::connections::{OpenConnection, OpenConnections, OpenGuard};

/// The version of HTTP that the handshake negotiated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    Http1,
    Http2,
}

/// An API, with the limits for its requests.
#[derive(Debug)]
pub struct Http {
    api: Api,
    deadlines: Deadlines,
    body_bytes: usize,
    body_timeout: Duration,
    drain: Duration,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

impl Http {
    /// Every request to `api` carries an `Arc<Peer>` in its extensions.
    pub fn new(api: Api, limits: &Limits) -> Self {
        let mut http1 = http1::Builder::new();
        http1
            .header_read_timeout(None)
            .max_buf_size(MAX_HEADER_BYTES)
            .max_headers(MAX_HEADERS);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEADER_BYTES as u32)
            .max_pending_accept_reset_streams(MAX_RESET_STREAMS)
            .max_local_error_reset_streams(MAX_RESET_STREAMS)
            .max_send_buf_size(HTTP_2_SEND_BUFFER)
            .initial_stream_window_size(HTTP_2_WINDOW)
            .initial_connection_window_size(HTTP_2_WINDOW)
            .keep_alive_interval(Some(HTTP_2_PING_INTERVAL))
            .keep_alive_timeout(WRITE_STALL);
        Self {
            api,
            deadlines: Deadlines {
                idle: limits.keep_alive_timeout,
                header: limits.header_timeout,
                write: WRITE_STALL,
            },
            body_bytes: limits.body_bytes,
            body_timeout: limits.body_timeout,
            drain: limits.drain_timeout,
            http1,
            http2,
        }
    }

    /// Serves the requests of one connection until the peer closes it, it is overdue, or it must end.
    pub async fn serve<S>(self: Arc<Self>, stream: S, version: Version, open: &OpenGuard)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let connection = open.connection();
        let activity = Activity::new(version == Version::Http1);
        let stream = Watched {
            stream: TokioIo::new(stream),
            activity: Arc::clone(&activity),
        };
        let requests = Requests {
            http: Arc::clone(&self),
            connections: Arc::clone(open.connections()),
            connection: Arc::clone(connection),
            activity: Arc::clone(&activity),
            held: Arc::default(),
            may_pipeline: version == Version::Http1,
        };
        match version {
            Version::Http1 => {
                self.drive(
                    Box::pin(self.http1.serve_connection(stream, requests)),
                    &activity,
                    connection,
                )
                .await
            }
            Version::Http2 => {
                self.drive(
                    Box::pin(self.http2.serve_connection(stream, requests)),
                    &activity,
                    connection,
                )
                .await
            }
        }
    }

    async fn drive(&self, mut hyper: Pin<Box<impl Graceful>>, activity: &Activity, connection: &OpenConnection) {
        let mut timer = pin!(sleep_until(Instant::now() + self.deadlines.idle));
        let mut end_by: Option<Instant> = None;
        poll_fn(|context| {
            loop {
                if end_by.is_none() && connection.poll_must_end(context).is_ready() {
                    end_by = Some(self.end_gracefully(hyper.as_mut(), activity));
                }
                // hyper's errors are the peer's doing: a reset, bytes that are no HTTP. It has answered what it could.
                if hyper.as_mut().poll_connection(context).is_ready() {
                    return Poll::Ready(());
                }
                let is_stranger = connection.peer().is_stranger();
                let overdue = match (end_by, activity.deadline(&self.deadlines, is_stranger)) {
                    (Some(end), Some((deadline, what))) if deadline < end => Some((deadline, Some(what))),
                    (Some(end), _) => Some((end, None)),
                    (None, overdue) => overdue.map(|(deadline, what)| (deadline, Some(what))),
                };
                // The timer is only ever moved nearer here, which is rare, and moved away when it has gone off early.
                let deadline = overdue.map_or_else(|| Instant::now() + self.deadlines.idle, |(deadline, _)| deadline);
                if deadline < timer.deadline() {
                    timer.as_mut().reset(deadline);
                }
                if timer.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                match overdue {
                    Some((deadline, what)) if deadline <= Instant::now() => match what {
                        Some(Overdue::Idle) if end_by.is_none() => {
                            end_by = Some(self.end_gracefully(hyper.as_mut(), activity));
                        }
                        what => {
                            tracing::debug!(?what, "closing a connection that is overdue");
                            return Poll::Ready(());
                        }
                    },
                    _ => timer.as_mut().reset(deadline),
                }
            }
        })
        .await;
    }

    /// Lets the current requests finish, and returns the deadline for closing the connection.
    fn end_gracefully(&self, hyper: Pin<&mut impl Graceful>, activity: &Activity) -> Instant {
        hyper.begin_end();
        Instant::now() + if activity.is_busy() { self.drain } else { FAREWELL }
    }
}

/// Common interface of hyper's connections of both protocols.
trait Graceful {
    fn poll_connection(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()>;
    fn begin_end(self: Pin<&mut Self>);
}

impl<S> Graceful for http1::Connection<Watched<S>, Requests>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    fn poll_connection(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.poll(context).map(drop)
    }

    fn begin_end(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<S> Graceful for http2::Connection<Watched<S>, Requests, TokioExecutor>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    fn poll_connection(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.poll(context).map(drop)
    }

    fn begin_end(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

/// Passes the requests of one connection to the API.
struct Requests {
    http: Arc<Http>,
    connections: Arc<OpenConnections>,
    connection: Arc<OpenConnection>,
    activity: Arc<Activity>,
    held: Arc<HeldBodies>,
    /// Always false in HTTP/2, where each request is a task of its own.
    may_pipeline: bool,
}

impl hyper::service::Service<Request<Incoming>> for Requests {
    type Response = Response<Counted>;
    type Error = std::convert::Infallible;
    type Future = Answer;

    fn call(&self, request: Request<Incoming>) -> Answer {
        let guard = self.activity.request();
        let refused = strict::check(&request).err();
        // After such a refusal nothing of an HTTP/1 connection is read, so that it ends at once.
        let is_unread = refused.is_some() && request.version() <= http::Version::HTTP_11;
        let mut held = None;
        let request = request.map(|incoming| {
            if incoming.is_end_stream() || is_unread {
                Body::empty()
            } else {
                let held = held.insert(HeldBody::of(&self.held));
                let limits = (self.http.body_bytes, self.http.body_timeout);
                Body::new(LimitedBody::new(incoming, limits, self.connection.peer(), held))
            }
        });
        Answer {
            answer: Recorded::answer(&self.http.api, self.connection.peer(), request, refused),
            guard: Some(guard),
            _held: held,
            connections: Arc::clone(&self.connections),
            connection: Arc::clone(&self.connection),
            must_yield: self.activity.is_pipelined() && self.may_pipeline,
        }
    }
}

/// A response in progress. Its request counts as active until the response's body has been sent.
struct Answer {
    answer: Recorded,
    guard: Option<RequestGuard>,
    /// Counts the body that the handler holds, until the handler is done.
    _held: Option<Arc<HeldBody>>,
    connections: Arc<OpenConnections>,
    connection: Arc<OpenConnection>,
    /// A peer that sends many requests at once yields to the other connections of the thread between them.
    must_yield: bool,
}

impl Future for Answer {
    type Output = Result<Response<Counted>, std::convert::Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if std::mem::take(&mut self.must_yield) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let answer = Pin::new(&mut self.answer).poll(context);
        answer.map(|response| {
            self.connections.review_if_newly_known(&self.connection);
            Ok(response.map(|body| Counted {
                body,
                _guard: self.guard.take(),
            }))
        })
    }
}

/// A response's body, which keeps its request active until it is dropped.
struct Counted {
    body: Body,
    _guard: Option<RequestGuard>,
}

impl hyper::body::Body for Counted {
    type Data = bytes::Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<bytes::Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.body.size_hint()
    }
}

/// A stream that records its activity.
struct Watched<S> {
    stream: TokioIo<S>,
    activity: Arc<Activity>,
}

impl<S: AsyncRead + Unpin> hyper::rt::Read for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_ready() {
            self.activity.received();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> Watched<S> {
    fn note<T>(&self, written: Poll<T>) -> Poll<T> {
        self.activity.wrote(written.is_ready());
        written
    }
}

impl<S: AsyncWrite + Unpin> hyper::rt::Write for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.note(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.note(shut)
    }
}

/// Maximum size of a request's header: the default of Kestrel, the HTTP server of RavenDB. hyper checks it between
/// reads, so a header of up to twice the size may pass.
const MAX_HEADER_BYTES: usize = 32 * 1024;
/// Maximum number of fields in a request's header, by Kestrel's default.
const MAX_HEADERS: usize = 100;
/// A peer that reads nothing for this long has disconnected, or is holding the connection deliberately.
const WRITE_STALL: Duration = Duration::from_secs(30);
/// Time for an idle connection to end: a close_notify, or a GOAWAY and its acknowledgement.
const FAREWELL: Duration = Duration::from_millis(500);
/// Concurrent requests on one HTTP/2 connection: Kestrel's limit, and the minimum that RFC 9113 recommends.
const MAX_STREAMS: u32 = 100;
/// Streams that are opened and reset immediately, before the connection is closed: rapid reset (CVE-2023-44487).
const MAX_RESET_STREAMS: usize = 20;
/// HTTP/2 flow control: bytes that a peer may send before it must wait. The protocol's own initial value.
const HTTP_2_WINDOW: u32 = 65_535;
/// Bytes that an HTTP/2 stream may buffer for a slow peer.
const HTTP_2_SEND_BUFFER: usize = 64 * 1024;
/// The interval of HTTP/2 pings to a peer with open streams.
const HTTP_2_PING_INTERVAL: Duration = Duration::from_secs(30);
