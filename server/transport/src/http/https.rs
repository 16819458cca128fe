//! A listener that speaks HTTP over TLS.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::{Http, Version};
use crate::listener::Limits;
use crate::listener::accept::{self, AcceptLoop, Accepted, Service};
use crate::listener::connections::{OpenConnections, OpenGuard};
use crate::listener::identity_counts::IdentityCounts;
use crate::listener::movable::MovableTcp;
use crate::listener::peer::Peer;
use crate::listener::tls::{self, Tls};
use crate::listener::workers::{Workers, cores};

/// A bound listener that speaks HTTP over TLS.
#[derive(Debug)]
pub struct HttpsListener {
    accept: AcceptLoop,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    tls: Tls,
    http: Arc<Http>,
    connections: Arc<OpenConnections>,
    /// Limits concurrent reviews of certificates. One core stays free for the handshakes' runtime.
    reviews: Semaphore,
    handshake_timeout: Duration,
}

impl HttpsListener {
    /// Wraps a listening socket. [`Self::run`] accepts connections.
    pub fn new(
        tcp: TcpListener,
        tls: Tls,
        http: Arc<Http>,
        connections: Arc<OpenConnections>,
        (workers, limits, counts): (Workers, &Limits, &Arc<IdentityCounts>),
    ) -> Self {
        Self {
            accept: AcceptLoop::new(tcp, workers, limits, counts),
            shared: Arc::new(Shared {
                tls,
                http,
                connections,
                reviews: Semaphore::new(cores().saturating_sub(1).max(1)),
                handshake_timeout: limits.handshake_timeout,
            }),
        }
    }

    /// Accepts connections until `stop`, and serves each in a task of `tasks`, until `abort` at the latest.
    pub async fn run(self, tasks: TaskTracker, stop: CancellationToken, abort: CancellationToken) {
        self.accept.run(self.shared, tasks, stop, abort).await;
    }
}

impl Service for Shared {
    type Opened = (Box<TlsStream<MovableTcp>>, OpenGuard);

    async fn open(self: Arc<Self>, accepted: Accepted) -> Option<Self::Opened> {
        let Accepted {
            stream,
            address,
            half_open,
            permit,
        } = accepted;
        match accept::handshake(self.tls.acceptor(), stream, half_open, self.handshake_timeout).await {
            Ok(stream) => {
                let peer = Peer::from_handshake(address, stream.get_ref().1.peer_certificates()).with_permit(permit);
                // The certificate is looked at here, and not on the thread that serves others.
                let _review = self.reviews.acquire().await.ok()?;
                let open = self.connections.open(Arc::new(peer));
                // A kilobyte that is handed on through several futures, each of which would hold a place for it.
                Some((Box::new(stream), open))
            }
            Err(reason) => {
                tracing::debug!(peer.address = %address, reason = %reason, "a handshake failed");
                None
            }
        }
    }

    async fn serve(self: Arc<Self>, (mut stream, open): Self::Opened) {
        let (tcp, session) = stream.get_mut();
        if let Err(error) = tcp.move_here() {
            return accept::cannot_be_served(&error);
        }
        let version = if session.alpn_protocol() == Some(tls::HTTP_2) {
            Version::Http2
        } else {
            Version::Http1
        };
        Arc::clone(&self.http).serve(stream, version, &open).await;
    }
}
