//! The accept loop: a task for each connection, from TCP through the handshake to its last request.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connections::OpenConnections;
use super::half_open::{HalfOpen, Place};
use super::peer::Peer;
use super::reserve::ReservedDescriptor;
use super::tls::{self, Tls};
use crate::config::Limits;
use crate::http::{Http, Version};
use crate::telemetry;

/// A bound listener that speaks HTTP over TLS.
#[derive(Debug)]
pub(crate) struct HttpsListener {
    tcp: TcpListener,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    tls: Tls,
    http: Arc<Http>,
    connections: Arc<OpenConnections>,
    half_open: Arc<HalfOpen>,
    places: Arc<Semaphore>,
    handshake_timeout: Duration,
}

impl HttpsListener {
    /// Takes a listening socket. Nothing is accepted before [`Self::run`].
    pub(crate) fn new(
        tcp: TcpListener,
        tls: Tls,
        http: Arc<Http>,
        connections: Arc<OpenConnections>,
        limits: &Limits,
    ) -> Self {
        Self {
            tcp,
            shared: Arc::new(Shared {
                tls,
                http,
                connections,
                half_open: HalfOpen::new(limits.handshaking_connections),
                places: Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS))),
                handshake_timeout: limits.handshake_timeout,
            }),
        }
    }

    /// Accepts connections until `stop`, and serves each in a task of `tasks`, at the longest until `abort`.
    pub(crate) async fn run(self, tasks: TaskTracker, stop: CancellationToken, abort: CancellationToken) {
        let mut reserve = ReservedDescriptor::new();
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = self.tcp.accept() => accepted,
            };
            match accepted {
                Ok((stream, address)) => self.take(stream, address, &tasks, &abort),
                // What happened to one connection before it was accepted is no concern of the others (accept(2)).
                Err(error) if is_of_the_connection(&error) => {}
                Err(error) => {
                    metrics::counter!(telemetry::CONNECTIONS_REFUSED, "reason" => "resources").increment(1);
                    tracing::warn!(%error, "cannot accept a connection");
                    // The connection waits in the backlog and would be offered again at once: it is closed with the
                    // reserve, so that the peer is not left hanging, and then there is a pause.
                    reserve.close_one(&self.tcp);
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn take(&self, stream: TcpStream, address: SocketAddr, tasks: &TaskTracker, abort: &CancellationToken) {
        let Ok(place) = Arc::clone(&self.shared.places).try_acquire_owned() else {
            metrics::counter!(telemetry::CONNECTIONS_REFUSED, "reason" => "connections").increment(1);
            return;
        };
        let shared = Arc::clone(&self.shared);
        let half_open = shared.half_open.enter();
        // Boxed: wrapped as it is, the future would be in the task three times over.
        let served = Box::pin(shared.serve(stream, address, half_open, place));
        tasks.spawn(abort.clone().run_until_cancelled_owned(served));
    }
}

impl Shared {
    async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        address: SocketAddr,
        half_open: Place,
        _place: OwnedSemaphorePermit,
    ) {
        // An answer is written in one piece: waiting for more of it (Nagle) only delays it. A failure changes nothing.
        let _ = stream.set_nodelay(true);
        // Boxed, because a task is as large as its largest moment, and this one is soon over.
        let stream = match Box::pin(self.handshake(stream, half_open)).await {
            // A kilobyte that is handed on through several futures, each of which would hold a place for it.
            Ok(stream) => Box::new(stream),
            Err(reason) => {
                metrics::counter!(telemetry::HANDSHAKES, "outcome" => reason.outcome()).increment(1);
                tracing::debug!(peer.address = %address, reason = %reason, "a handshake failed");
                return;
            }
        };
        metrics::counter!(telemetry::HANDSHAKES, "outcome" => "done").increment(1);
        let (_, session) = stream.get_ref();
        let version = if session.alpn_protocol() == Some(tls::HTTP_2) {
            Version::Http2
        } else {
            Version::Http1
        };
        let peer = Arc::new(Peer::from_handshake(address, session.peer_certificates()));
        let open = self.connections.open(Arc::clone(&peer));
        Arc::clone(&self.http)
            .serve(stream, version, peer, open.connection())
            .await;
    }

    /// rustls has no timer of its own: the deadline covers everything from the accepted connection to `Finished`.
    async fn handshake(&self, stream: TcpStream, mut half_open: Place) -> Result<TlsStream<TcpStream>, HandshakeError> {
        tokio::select! {
            biased;
            () = half_open.displaced() => Err(HandshakeError::Displaced),
            handshake = tokio::time::timeout(self.handshake_timeout, self.tls.acceptor().accept(stream)) => match handshake {
                Ok(Ok(stream)) => Ok(stream),
                Ok(Err(error)) => Err(HandshakeError::Failed(error)),
                Err(_) => Err(HandshakeError::TimedOut),
            },
        }
    }
}

/// Why a connection came to nothing.
#[derive(Debug, thiserror::Error)]
enum HandshakeError {
    #[error("newer connections have taken its place")]
    Displaced,
    #[error("it took too long")]
    TimedOut,
    #[error("{0}")]
    Failed(io::Error),
}

impl HandshakeError {
    fn outcome(&self) -> &'static str {
        match self {
            Self::Displaced => "displaced",
            Self::TimedOut => "timed_out",
            Self::Failed(_) => "failed",
        }
    }
}

fn is_of_the_connection(error: &io::Error) -> bool {
    !matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)
    )
}

/// Between two attempts to accept while the system has no descriptor or memory for it: ten a second are no load.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
