//! A descriptor in reserve for the case that no others are left.

use std::fs::File;

use futures_util::FutureExt;
use tokio::net::TcpListener;

/// An open descriptor that is closed to accept one connection and close it gracefully.
#[derive(Debug)]
pub(super) struct ReservedDescriptor(Option<File>);

impl ReservedDescriptor {
    pub(super) fn new() -> Self {
        Self(File::open(NULL_DEVICE).ok())
    }

    /// Accepts the first queued connection with the reserve, and closes it. Reopens the reserve.
    pub(super) fn close_one(&mut self, listener: &TcpListener) {
        if self.0.take().is_some() {
            // Whatever is not accepted at once stays in the backlog for the next attempt.
            drop(listener.accept().now_or_never());
        }
        *self = Self::new();
    }
}

const NULL_DEVICE: &str = "/dev/null";
