//! The server's own connection to an engine: commands are pipelined, and replies arrive in their order.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use certward_pki::ErrorChain;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use zeroize::Zeroizing;

use super::command::Command;
use super::error::EngineError;
use super::kept_back::KeptBack;
use super::login::accepted;
use super::stream::EngineStream;
use crate::resp::reply::Reply;

/// The server's own connection to an engine. Clones share it; dropping the last one closes it.
#[derive(Clone)]
pub(super) struct Control {
    requests: mpsc::Sender<Request>,
    incarnation: u64,
    kept_back: Arc<KeptBack>,
    closed: CancellationToken,
}

struct Request {
    command: Command,
    answer: oneshot::Sender<Reply>,
}

impl Control {
    /// Takes a connection that is logged in already.
    pub(super) fn start(stream: EngineStream, incarnation: u64, kept_back: KeptBack, tasks: &TaskTracker) -> Self {
        let (requests, received) = mpsc::channel(MAX_QUEUED);
        let closed = CancellationToken::new();
        let end = closed.clone().drop_guard();
        tasks.spawn(async move {
            let _end = end;
            // Whoever waits for a reply learns of the end by it.
            if let Err(error) = converse(stream, received).await {
                tracing::debug!(
                    error = %ErrorChain::new(&error),
                    "the connection to an engine has ended"
                );
            }
        });
        Self {
            requests,
            incarnation,
            kept_back: Arc::new(kept_back),
            closed,
        }
    }

    /// Appends to `rules` those that deny the commands that no user may have.
    pub(super) fn restrict<'a>(&self, rules: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        self.kept_back.restrict(rules)
    }

    /// Incarnation of the engine at the other end.
    pub(super) fn incarnation(&self) -> u64 {
        self.incarnation
    }

    /// Waits until the connection has ended.
    pub(super) async fn closed(&self) {
        self.closed.cancelled().await;
    }

    /// Sends a command and returns its reply, if it arrives within 5 seconds.
    ///
    /// # Errors
    ///
    /// [`EngineError::NotReady`] if the connection ends, [`EngineError::TimedOut`], [`EngineError::Refused`].
    pub(super) async fn ask(&self, command: Command) -> Result<Reply, EngineError> {
        tokio::time::timeout(ANSWER_TIMEOUT, self.ask_patiently(command))
            .await
            .map_err(|_| EngineError::TimedOut)?
    }

    /// Sends a command and waits for its reply without a time limit.
    ///
    /// # Errors
    ///
    /// [`EngineError::NotReady`] if the connection ends, [`EngineError::Refused`].
    async fn ask_patiently(&self, command: Command) -> Result<Reply, EngineError> {
        let name = command.name();
        let (answer, reply) = oneshot::channel();
        let request = Request { command, answer };
        self.requests.send(request).await.map_err(|_| EngineError::NotReady)?;
        accepted(name, reply.await.map_err(|_| EngineError::NotReady)?)
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control")
            .field("incarnation", &self.incarnation)
            .finish_non_exhaustive()
    }
}

/// Writes and reads until the engine, or every [`Control`], is gone.
async fn converse(stream: EngineStream, mut requests: mpsc::Receiver<Request>) -> Result<(), EngineError> {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let (waiting, mut waiters) = mpsc::channel(MAX_QUEUED);
    let write = async {
        let mut batch = Vec::new();
        while requests.recv_many(&mut batch, MAX_BATCH).await > 0 {
            let size = batch.iter().map(|request| request.command.bytes().len()).sum();
            let mut bytes = Zeroizing::new(Vec::with_capacity(size));
            for Request { command, answer } in batch.drain(..) {
                bytes.extend_from_slice(command.bytes());
                if waiting.send(answer).await.is_err() {
                    return Ok(());
                }
            }
            writer.write_all(&bytes).await.map_err(EngineError::unreachable)?;
            writer.flush().await.map_err(EngineError::unreachable)?;
        }
        Ok(())
    };
    let read = async {
        let mut received = Vec::new();
        loop {
            if reader.read_buf(&mut received).await.map_err(EngineError::unreachable)? == 0 {
                return Ok(());
            }
            let mut at = 0;
            while let Some((reply, length)) = Reply::read(&received[at..]).map_err(EngineError::Garbled)? {
                at += length;
                let Ok(answer) = waiters.try_recv() else {
                    return Err(EngineError::Garbled(crate::resp::reply::ReplyError::Malformed));
                };
                // Whoever asked may have given up.
                let _: Result<(), Reply> = oneshot::Sender::send(answer, reply);
            }
            received.drain(..at);
        }
    };
    tokio::select! {
        written = write => written,
        read = read => read,
    }
}

/// Queue length: thousands of users may log in at once.
const MAX_QUEUED: usize = 4096;
/// Maximum number of commands in one write.
const MAX_BATCH: usize = 64;
/// An engine answers immediately, unless a client keeps it busy.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
