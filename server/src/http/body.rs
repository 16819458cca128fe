//! Request bodies with a limit and a deadline.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

/// Why a request's body was not read to its end. It is the cause, at some depth, of the error that axum's extractors
/// give; see [`BodyError::within`].
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is larger than the server takes. Answer 413.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The most the server takes: bytes.
        limit: usize,
    },
    /// It did not come in time. Answer 408.
    #[error("the body did not arrive within {} seconds", allowed.as_secs())]
    TimedOut {
        /// The time it had.
        allowed: Duration,
    },
    /// The connection broke, or what came is no HTTP.
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

/// A body as it comes in.
#[derive(Debug)]
pub(super) struct LimitedBody {
    incoming: Incoming,
    limit: usize,
    read: usize,
    allowed: Duration,
    /// Made when the body is not there at once, which is the rare case.
    timer: Option<Pin<Box<Sleep>>>,
}

impl LimitedBody {
    pub(super) fn new(incoming: Incoming, limit: usize, allowed: Duration) -> Self {
        Self {
            incoming,
            limit,
            read: 0,
            allowed,
            timer: None,
        }
    }
}

impl Body for LimitedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        // A length announced in the header is refused before any of it is read.
        let announced = usize::try_from(this.incoming.size_hint().lower()).unwrap_or(usize::MAX);
        if this.read.saturating_add(announced) > this.limit {
            return Poll::Ready(Some(Err(BodyError::TooLarge { limit: this.limit })));
        }
        match Pin::new(&mut this.incoming).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                this.read = this.read.saturating_add(frame.data_ref().map_or(0, Bytes::len));
                Poll::Ready(Some(if this.read > this.limit {
                    Err(BodyError::TooLarge { limit: this.limit })
                } else {
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
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
