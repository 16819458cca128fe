//! The ports of databases: reserved before a database is recorded, so that a conflict is reported at once.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::rand;
use tokio::net::TcpListener;
use url::Host;

use certward_transport::listener::socket;

/// Reserves ports.
pub(super) struct Ports {
    host: Host,
    range: RangeInclusive<u16>,
    held: Mutex<HashMap<NonZeroU16, TcpListener>>,
}

/// A port that is reserved for one database. Dropping it releases the port, unless `Ports::listen` has used it.
pub struct ReservedPort {
    port: NonZeroU16,
    ports: Arc<Ports>,
}

/// A port cannot be reserved.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// The requested port is taken.
    #[error("port {port} cannot be had")]
    Taken {
        /// The port.
        port: NonZeroU16,
        /// The system's error; none if another request has reserved the port.
        #[source]
        source: Option<io::Error>,
    },
    /// No port of the range is free.
    #[error("no port from {} to {} is free", range.start(), range.end())]
    NoneLeft {
        /// The range.
        range: RangeInclusive<u16>,
    },
}

impl Ports {
    /// Ports on `host`; without an explicit choice they come from `range`.
    pub(super) fn new(host: Host, range: RangeInclusive<u16>) -> Arc<Self> {
        Arc::new(Self {
            host,
            range,
            held: Mutex::default(),
        })
    }

    /// Reserves the wanted port, or a free one that is not `spoken_for`.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    pub(super) async fn reserve(
        self: &Arc<Self>,
        wanted: Option<NonZeroU16>,
        spoken_for: impl Fn(u16) -> bool,
    ) -> Result<ReservedPort, PortError> {
        if let Some(port) = wanted {
            return self.take(port).await;
        }
        let count = u32::from(self.range.end() - self.range.start()) + 1;
        // Anywhere: a client of a database that is gone should not find another in its place.
        let first = anywhere(count);
        for step in 0..count {
            let offset = (first + step) % count;
            let port = u16::try_from(u32::from(*self.range.start()) + offset).ok();
            let Some(port) = port.and_then(NonZeroU16::new).filter(|port| !spoken_for(port.get())) else {
                continue;
            };
            if let Ok(reserved) = self.take(port).await {
                return Ok(reserved);
            }
        }
        Err(PortError::NoneLeft {
            range: self.range.clone(),
        })
    }

    async fn take(self: &Arc<Self>, port: NonZeroU16) -> Result<ReservedPort, PortError> {
        let taken = |source| PortError::Taken { port, source };
        if self.held().contains_key(&port) {
            return Err(taken(None));
        }
        let listener = self.open(port).await.map_err(|source| taken(Some(source)))?;
        // Of two that came here at once, the system gave it to one.
        self.held().insert(port, listener);
        Ok(ReservedPort {
            port,
            ports: Arc::clone(self),
        })
    }

    /// Opens a listener on the port: the reserved one, or a new one.
    ///
    /// # Errors
    ///
    /// Any I/O error.
    pub(super) async fn listen(&self, port: NonZeroU16) -> io::Result<TcpListener> {
        let held = self.held().remove(&port);
        match held {
            Some(listener) => Ok(listener),
            None => self.open(port).await,
        }
    }

    /// Binds and listens at once: another program with `SO_REUSEADDR` could otherwise bind the same port.
    async fn open(&self, port: NonZeroU16) -> io::Result<TcpListener> {
        let addresses = socket::addresses(&self.host, port.get()).await?;
        let mut last = io::Error::new(io::ErrorKind::AddrNotAvailable, "the host has no address");
        for address in addresses {
            match listen(address) {
                Ok(listener) => return Ok(listener),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn held(&self) -> MutexGuard<'_, HashMap<NonZeroU16, TcpListener>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReservedPort {
    /// The port.
    pub fn port(&self) -> NonZeroU16 {
        self.port
    }
}

impl Drop for ReservedPort {
    fn drop(&mut self) {
        self.ports.held().remove(&self.port);
    }
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ports")
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ReservedPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReservedPort").field(&self.port).finish()
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let (socket, _) = socket::bind(address)?;
    socket.listen(socket::BACKLOG)
}

/// A random number below `count`, which is at most 65536 and not 0.
fn anywhere(count: u32) -> u32 {
    let mut bytes = [0; 4];
    // Without random numbers, the first is as good as any.
    let _ = rand::fill(&mut bytes);
    u32::from_be_bytes(bytes) % count
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn ports(range: RangeInclusive<u16>) -> Arc<Ports> {
        Ports::new(Host::Ipv4(Ipv4Addr::LOCALHOST), range)
    }

    async fn free_port() -> NonZeroU16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        NonZeroU16::new(listener.local_addr().unwrap().port()).unwrap()
    }

    #[tokio::test]
    async fn a_port_is_nobody_elses_until_it_is_let_go() {
        let ports = ports(10_000..=19_999);
        let wanted = free_port().await;
        let reserved = ports.reserve(Some(wanted), |_| false).await.unwrap();
        assert_eq!(reserved.port(), wanted);
        let again = ports.reserve(Some(wanted), |_| false).await;
        assert!(matches!(again, Err(PortError::Taken { source: None, .. })), "{again:?}");
        let elsewhere = TcpListener::bind((Ipv4Addr::LOCALHOST, wanted.get())).await;
        assert!(elsewhere.is_err());
        drop(reserved);
        assert!(ports.reserve(Some(wanted), |_| false).await.is_ok());
    }

    #[tokio::test]
    async fn a_port_that_is_listened_on_stays_taken_when_its_reservation_goes() {
        let ports = ports(10_000..=19_999);
        let reserved = ports.reserve(None, |_| false).await.unwrap();
        let port = reserved.port();
        let listener = ports.listen(port).await.unwrap();
        drop(reserved);
        assert_eq!(listener.local_addr().unwrap().port(), port.get());
        let again = ports.reserve(Some(port), |_| false).await;
        assert!(
            matches!(again, Err(PortError::Taken { source: Some(_), .. })),
            "{again:?}"
        );
        drop(listener);
        assert!(ports.listen(port).await.is_ok());
    }

    #[tokio::test]
    async fn a_range_is_given_to_its_end_without_what_is_spoken_for() {
        let first = free_port().await.get().min(u16::MAX - 2);
        let ports = ports(first..=first + 1);
        let spoken_for = |port| port == first;
        let Ok(only) = ports.reserve(None, spoken_for).await else {
            return eprintln!("port {} is another program's", first + 1);
        };
        assert_eq!(only.port().get(), first + 1);
        let none = ports.reserve(None, spoken_for).await;
        assert!(matches!(none, Err(PortError::NoneLeft { .. })), "{none:?}");
    }
}
