//! A descriptor kept back for the moment when there are no others.

use std::fs::File;

use futures_util::FutureExt;
use tokio::net::TcpListener;

/// An open descriptor that is given up to accept one connection and close it politely.
#[derive(Debug)]
pub(super) struct ReservedDescriptor(Option<File>);

impl ReservedDescriptor {
    pub(super) fn new() -> Self {
        Self(File::open(NULL_DEVICE).ok())
    }

    /// Accepts the connection at the head of the queue with the reserve, and closes it. Takes the reserve back.
    pub(super) fn close_one(&mut self, listener: &TcpListener) {
        if self.0.take().is_some() {
            // Whatever is not accepted at once stays in the backlog for the next attempt.
            drop(listener.accept().now_or_never());
        }
        *self = Self::new();
    }
}

const NULL_DEVICE: &str = "/dev/null";
