//! The server certificate, which also signs client certificates; replaceable while the server runs.

mod file;
mod fitness;
mod loaded;
mod parse;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

pub use file::{CertificateFile, CertificateFileError};
pub use file::{refused_password, write_file_atomically};
pub use fitness::UnfitServerCertificate;
pub use loaded::{ServerCertificate, UnusableServerCertificate};
pub use parse::{ParseError, parse_server_certificate};
use tokio::sync::watch;

/// The server certificate in force.
#[derive(Debug)]
pub struct ServerCertificates {
    current: RwLock<Arc<ServerCertificate>>,
    revision: AtomicU64,
    changed: watch::Sender<u64>,
}

impl ServerCertificates {
    /// Starts with the certificate that the settings name.
    #[must_use]
    pub fn new(certificate: ServerCertificate) -> Self {
        Self {
            current: RwLock::new(Arc::new(certificate)),
            revision: AtomicU64::new(1),
            changed: watch::channel(1).0,
        }
    }

    /// The certificate in force.
    #[must_use]
    pub fn current(&self) -> Arc<ServerCertificate> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Increases with every replacement.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// Notifies of every later replacement.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Puts another certificate in force: new handshakes present it, and open connections are decided by it from their
    /// next request on.
    pub fn replace(&self, certificate: ServerCertificate) {
        let revision = {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            *current = Arc::new(certificate);
            self.revision.fetch_add(1, Ordering::Release) + 1
        };
        self.changed.send_replace(revision);
    }
}
