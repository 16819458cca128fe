//! The accept loop: one task per connection from TCP to the end of its handshake, and another one from there to its
//! end, within the limits of the listener.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use certward_pki::ErrorChain;
use rustix::io::Errno;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection_permits::{ConnectionPermit, ConnectionPermits};
use super::half_open::{HalfOpen, HandshakePermit};
use super::identity_counts::IdentityCounts;
use super::limits::Limits;
use super::movable::MovableTcp;
use super::reserve::ReservedDescriptor;
use super::socket;
use super::workers::Workers;
use certward_system::telemetry;

/// A listening socket, with the limit of its open connections.
#[derive(Debug)]
pub struct AcceptLoop {
    tcp: TcpListener,
    workers: Workers,
    half_open: Arc<HalfOpen>,
    permits: Arc<ConnectionPermits>,
}

/// The protocol of a listener's connections.
pub trait Service: Send + Sync + 'static {
    /// A connection after its handshake.
    type Opened: Send + 'static;

    /// Performs the handshake, on the runtime of all cores. None if the handshake failed.
    fn open(self: Arc<Self>, accepted: Accepted) -> impl Future<Output = Option<Self::Opened>> + Send;

    /// Serves one connection to its end, on its worker's thread.
    fn serve(self: Arc<Self>, opened: Self::Opened) -> impl Future<Output = ()> + Send;
}

/// A connection that has just been accepted.
#[derive(Debug)]
pub struct Accepted {
    /// The connection.
    pub stream: TcpStream,
    /// The address of the peer.
    pub address: SocketAddr,
    /// Counts the connection as half-open until the end of the handshake.
    pub half_open: HandshakePermit,
    /// Records if the peer is known. The loop holds it until the connection ends.
    pub permit: Arc<ConnectionPermit>,
}

impl AcceptLoop {
    /// Wraps a listening socket; its open connections are added to `counts`. [`Self::run`] accepts connections.
    pub fn new(tcp: TcpListener, workers: Workers, limits: &Limits, counts: &Arc<IdentityCounts>) -> Self {
        Self {
            tcp,
            workers,
            half_open: HalfOpen::new(limits.handshaking_connections),
            permits: ConnectionPermits::new(limits, counts),
        }
    }

    /// Accepts connections until `stop`, and serves each in a task of `tasks` on a worker thread, until `abort` at the
    /// latest.
    pub async fn run<S: Service>(
        &self,
        service: Arc<S>,
        tasks: TaskTracker,
        stop: CancellationToken,
        abort: CancellationToken,
    ) {
        let mut reserve = ReservedDescriptor::new();
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = self.tcp.accept() => accepted,
            };
            match accepted {
                Ok((stream, address)) => self.take(&service, stream, address, &tasks, &abort),
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

    fn take<S: Service>(
        &self,
        service: &Arc<S>,
        stream: TcpStream,
        address: SocketAddr,
        tasks: &TaskTracker,
        abort: &CancellationToken,
    ) {
        let displaced = abort.child_token();
        let Some(permit) = self.permits.enter(address.ip(), displaced.clone()) else {
            metrics::counter!(telemetry::CONNECTIONS_REFUSED, "reason" => "connections").increment(1);
            return;
        };
        // An answer is written in one piece: waiting for more of it (Nagle) only delays it. A failure changes nothing.
        let _ = stream.set_nodelay(true);
        let accepted = Accepted {
            stream,
            address,
            half_open: self.half_open.enter(),
            permit: Arc::clone(&permit),
        };
        let (service, workers) = (Arc::clone(service), self.workers.clone());
        let (later, ended) = (tasks.clone(), displaced.clone());
        // Boxed: wrapped as it is, the future would be in the task three times over.
        let opened = Box::pin(async move {
            let Some(opened) = Arc::clone(&service).open(accepted).await else {
                return;
            };
            let slot = workers.slot();
            let runtime = slot.runtime().clone();
            let served = Box::pin(async move {
                service.serve(opened).await;
                drop((permit, slot));
            });
            later.spawn_on(ended.run_until_cancelled_owned(served), &runtime);
        });
        tasks.spawn(displaced.run_until_cancelled_owned(opened));
    }
}

/// Performs a TLS handshake, and counts it. rustls has no timer of its own: `timeout` covers the time from the accepted
/// connection to `Finished`.
///
/// # Errors
///
/// [`HandshakeError`].
pub async fn handshake(
    acceptor: &TlsAcceptor,
    stream: TcpStream,
    mut half_open: HandshakePermit,
    timeout: Duration,
) -> Result<TlsStream<MovableTcp>, HandshakeError> {
    let done = tokio::select! {
        biased;
        () = half_open.displaced() => Err(HandshakeError::Displaced),
        handshake = tokio::time::timeout(timeout, acceptor.accept(MovableTcp::new(stream))) => match handshake {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(HandshakeError::Failed(error)),
            Err(_) => Err(HandshakeError::TimedOut),
        },
    };
    if let Ok(Some(tcp)) = done.as_ref().map(|stream| stream.get_ref().0.get()) {
        socket::acknowledge_at_once(tcp);
    }
    let outcome = done.as_ref().map_or_else(HandshakeError::outcome, |_| "done");
    metrics::counter!(telemetry::HANDSHAKES, "outcome" => outcome).increment(1);
    done
}

/// Logs and counts a connection that could not be registered with its worker's runtime.
pub fn cannot_be_served(error: &io::Error) {
    metrics::counter!(telemetry::CONNECTIONS_REFUSED, "reason" => "resources").increment(1);
    tracing::warn!(%error, "cannot serve a connection");
}

/// A handshake failed.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    #[error("newer connections have taken its place")]
    /// A newer connection displaced it.
    Displaced,
    #[error("it took too long")]
    /// It exceeded the timeout.
    TimedOut,
    #[error("{}", ErrorChain::new(.0))]
    /// TLS or the connection failed.
    Failed(io::Error),
}

impl HandshakeError {
    /// Returns `true` when the client has no certificate and must have one.
    pub fn is_missing_certificate(&self) -> bool {
        let Self::Failed(error) = self else { return false };
        let error = error.get_ref().and_then(|error| error.downcast_ref());
        matches!(error, Some(rustls::Error::NoCertificatesPresented))
    }

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

/// Pause while the system has no descriptor or memory to accept a connection: ten attempts per second are negligible.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
