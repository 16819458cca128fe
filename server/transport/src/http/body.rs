//! Request bodies with a limit and a deadline.
//!
//! The limits depend on the peer's admission. A stranger may send a few kilobytes per request, and little in all
//! unanswered requests of its connection together, so that it cannot exhaust the server's memory.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::listener::peer::Peer;

/// A request's body was not read to its end. It is among the causes of the error that axum's extractors return; see
/// [`BodyError::within`].
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The body is larger than the limit. Respond with 413.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The body did not arrive in time. Respond with 408.
    #[error("the body did not arrive within {} seconds", allowed.as_secs())]
    TimedOut {
        /// The time limit.
        allowed: Duration,
    },
    /// The connection broke, or the peer violated HTTP.
    #[error("the body cannot be read")]
    Broken(#[source] hyper::Error),
}

impl BodyError {
    /// The body error among `error` and its causes.
    #[must_use]
    pub fn within<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref() {
                return Some(found);
            }
            next = error.source();
        }
        None
    }
}

/// A request's body with its limits.
///
/// A refusal is sent before the body is read. On HTTP/2, dropping an unread body resets its stream, and clients such as
/// curl 7.88 then lose the response. So a small remainder of the body is read and discarded.
#[derive(Debug)]
pub(super) struct LimitedBody {
    /// Present until this value is dropped.
    incoming: Option<Incoming>,
    /// The limit for an admitted peer.
    limit: usize,
    peer: Arc<Peer>,
    held: Arc<HeldBody>,
    read: usize,
    allowed: Duration,
    /// Created only if the body is not available at once, which is rare.
    timer: Option<Pin<Box<Sleep>>>,
}

/// The number of body bytes that the requests of one connection hold together.
#[derive(Debug, Default)]
pub(super) struct HeldBodies(AtomicUsize);

/// The share of one request in these bytes, until the response is sent.
#[derive(Debug)]
pub(super) struct HeldBody {
    all: Arc<HeldBodies>,
    own: AtomicUsize,
}

impl LimitedBody {
    pub(super) fn new(
        incoming: Incoming,
        (limit, allowed): (usize, Duration),
        peer: &Arc<Peer>,
        held: &Arc<HeldBody>,
    ) -> Self {
        Self {
            incoming: Some(incoming),
            limit,
            peer: Arc::clone(peer),
            held: Arc::clone(held),
            read: 0,
            allowed,
            timer: None,
        }
    }

    /// The limit for the peer, depending on its present admission.
    fn limit(&self) -> usize {
        if self.peer.is_stranger() {
            self.limit.min(STRANGERS_BODY).min(self.held.left_to_a_stranger())
        } else {
            self.limit
        }
    }
}

impl HeldBody {
    pub(super) fn of(all: &Arc<HeldBodies>) -> Arc<Self> {
        Arc::new(Self {
            all: Arc::clone(all),
            own: AtomicUsize::new(0),
        })
    }

    fn grow(&self, bytes: usize) {
        self.own.fetch_add(bytes, Ordering::Relaxed);
        self.all.0.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The remaining size for the body, given those of the other requests.
    fn left_to_a_stranger(&self) -> usize {
        let others = self
            .all
            .0
            .load(Ordering::Relaxed)
            .saturating_sub(self.own.load(Ordering::Relaxed));
        STRANGERS_BODIES.saturating_sub(others)
    }
}

impl Drop for HeldBody {
    fn drop(&mut self) {
        self.all.0.fetch_sub(*self.own.get_mut(), Ordering::Relaxed);
    }
}

impl Body for LimitedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let limit = self.limit();
        let this = &mut *self;
        let Some(incoming) = &mut this.incoming else {
            return Poll::Ready(None);
        };
        // A length announced in the header is refused before any of it is read.
        let announced = usize::try_from(incoming.size_hint().lower()).unwrap_or(usize::MAX);
        if this.read.saturating_add(announced) > limit {
            return Poll::Ready(Some(Err(BodyError::TooLarge { limit })));
        }
        match Pin::new(incoming).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                this.read = this.read.saturating_add(bytes);
                Poll::Ready(Some(if this.read > limit {
                    Err(BodyError::TooLarge { limit })
                } else {
                    this.held.grow(bytes);
                    Ok(frame)
                }))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(BodyError::Broken(error)))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => {
                let allowed = this.allowed;
                let timer = this
                    .timer
                    .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + allowed)));
                ready!(timer.as_mut().poll(context));
                Poll::Ready(Some(Err(BodyError::TimedOut { allowed })))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map(Incoming::size_hint).unwrap_or_default()
    }
}

impl Drop for LimitedBody {
    fn drop(&mut self) {
        let Some(mut incoming) = self.incoming.take() else {
            return;
        };
        let left = incoming.size_hint().lower();
        if incoming.is_end_stream() || left > MOST_THROWN_AWAY || self.read > self.limit {
            return;
        }
        // Outside the runtime nothing is served any more.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(self.allowed, async move {
                let mut thrown_away = 0;
                while let Some(Ok(frame)) = incoming.frame().await {
                    thrown_away += frame.data_ref().map_or(0, Bytes::len);
                    if thrown_away as u64 > MOST_THROWN_AWAY {
                        break;
                    }
                }
            }));
        }
    }
}

/// A larger rest of a refused request's body is not read, in bytes.
const MOST_THROWN_AWAY: u64 = 64 * 1024;
/// Maximum body of a request before admission, in bytes: a name and a password, or a one-time code.
const STRANGERS_BODY: usize = 8 * 1024;
/// Maximum of all bodies that such a peer's connection holds at once, in bytes.
const STRANGERS_BODIES: usize = 64 * 1024;
