//! Sockets: bound late, listening last, with a sufficient limit of descriptors.

use std::io;
use std::net::SocketAddr;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpSocket};
use url::Url;

use super::StartError;
use certward_transport::listener::socket;

/// A socket that is bound and does not listen yet.
#[derive(Debug)]
pub(super) struct BoundSocket {
    key: &'static str,
    url: Url,
    address: SocketAddr,
    socket: TcpSocket,
}

/// The clients that can reach a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Any client that the network admits.
    Anybody,
    /// Programs on this machine: a loopback address.
    ThisMachine,
}

impl BoundSocket {
    /// Binds the address of `url`, the value of `key`. A name is resolved, and the first of its addresses that can be
    /// bound is used.
    ///
    /// # Errors
    ///
    /// [`StartError::OperationsNotLoopback`] if an address reaches further than `reach`, [`StartError::Listen`] if none
    /// can be bound.
    pub(super) async fn bind(key: &'static str, url: &Url, reach: Reach) -> Result<Self, StartError> {
        let listen = |source| StartError::Listen {
            key,
            url: url.clone(),
            source,
        };
        let addresses = addresses(url).await.map_err(listen)?;
        if reach == Reach::ThisMachine && !addresses.iter().all(|address| address.ip().is_loopback()) {
            return Err(StartError::OperationsNotLoopback { url: url.clone() });
        }
        let mut last = io::Error::new(io::ErrorKind::AddrNotAvailable, "the host has no address");
        for address in addresses {
            match socket::bind(address) {
                Ok((socket, address)) => {
                    return Ok(Self {
                        key,
                        url: url.clone(),
                        address,
                        socket,
                    });
                }
                Err(error) => last = error,
            }
        }
        Err(listen(last))
    }

    /// The address, with the actual port.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts listening.
    ///
    /// # Errors
    ///
    /// [`StartError::Listen`].
    pub(super) fn listen(self) -> Result<TcpListener, StartError> {
        let Self {
            key,
            url,
            socket: bound,
            ..
        } = self;
        bound
            .listen(socket::BACKLOG)
            .map_err(|source| StartError::Listen { key, url, source })
    }
}

async fn addresses(url: &Url) -> io::Result<Vec<SocketAddr>> {
    let port = url.port_or_known_default().unwrap_or_default();
    match url.host() {
        Some(host) => socket::addresses(&host.to_owned(), port).await,
        None => Ok(Vec::new()),
    }
}

/// Raises the process's soft limit of descriptors to the hard limit: the usual soft limit of 1,024 is below the number
/// of connections that the settings allow.
pub(super) fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    ) {
        tracing::warn!(%error, "cannot raise the limit on open files");
    }
}
