//! The peer of a connection, as far as TLS has identified it.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use certward_pki::{Certificate, ErrorChain, Thumbprint};
use rustls_pki_types::CertificateDer;

use super::connection_permits::ConnectionPermit;
use super::identity_counts::IdentityKind;

/// The other end of a TLS connection. Only the listener creates one, after the handshake.
///
/// A certificate here is only *presented*: the peer has proved possession of the key, nothing else. The product decides
/// for each request if the certificate is trusted.
#[derive(Debug)]
pub struct Peer {
    address: SocketAddr,
    presented: Presented,
    permit: Option<Arc<ConnectionPermit>>,
    name: Mutex<Option<Arc<str>>>,
    kept: Mutex<Vec<Arc<dyn Any + Send + Sync>>>,
}

/// A value that a product caches in a connection, such as its last decision about the peer.
#[derive(Debug)]
pub struct Kept<T>(Mutex<Option<T>>);

/// The certificates that the peer presented in the handshake.
#[derive(Debug)]
pub enum Presented {
    /// The peer presented no certificate.
    Nothing,
    /// TLS accepted the certificate, but it cannot be parsed.
    Unreadable,
    /// A certificate whose key the peer has proved to hold.
    Certificate {
        /// The peer's own certificate.
        end_entity: Certificate,
        /// The certificates sent with it, in the order sent. Nothing about them has been verified.
        intermediates: Vec<CertificateDer<'static>>,
    },
}

impl Peer {
    /// The peer of a finished handshake, from the certificates it sent, end entity first.
    pub fn from_handshake(address: SocketAddr, certificates: Option<&[CertificateDer<'_>]>) -> Self {
        let presented = match certificates {
            None | Some([]) => Presented::Nothing,
            Some([end_entity, intermediates @ ..]) => match Certificate::from_der(end_entity.clone().into_owned()) {
                Ok(end_entity) => Presented::Certificate {
                    end_entity,
                    intermediates: intermediates.iter().map(|der| der.clone().into_owned()).collect(),
                },
                Err(error) => {
                    tracing::info!(
                        peer.address = %address,
                        error = %ErrorChain::new(&error),
                        "a client certificate cannot be read, so its holder counts as having shown none"
                    );
                    Presented::Unreadable
                }
            },
        };
        Self {
            address,
            presented,
            permit: None,
            name: Mutex::default(),
            kept: Mutex::default(),
        }
    }

    /// The same peer, whose connection holds `permit`.
    pub fn with_permit(mut self, permit: Arc<ConnectionPermit>) -> Self {
        self.permit = Some(permit);
        self
    }

    /// The kind of identity by which the peer was last admitted.
    pub fn identity(&self) -> IdentityKind {
        self.permit
            .as_ref()
            .map_or(IdentityKind::Unauthenticated, |permit| permit.identity())
    }

    /// Records that the peer was admitted by an identity of this kind.
    pub fn become_known(&self, by: IdentityKind) {
        if let Some(permit) = &self.permit {
            permit.become_known(by);
        }
    }

    /// Returns `true` while the connection is a stranger's.
    pub fn is_stranger(&self) -> bool {
        self.permit.as_ref().is_some_and(|permit| !permit.is_known())
    }

    /// The address of the other end.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificates that the peer presented.
    #[must_use]
    pub fn presented(&self) -> &Presented {
        &self.presented
    }

    /// The peer's own certificate, if it presented one that can be parsed.
    #[must_use]
    pub fn certificate(&self) -> Option<&Certificate> {
        match &self.presented {
            Presented::Certificate { end_entity, .. } => Some(end_entity),
            Presented::Nothing | Presented::Unreadable => None,
        }
    }

    /// The intermediates that the peer sent.
    pub fn intermediates(&self) -> &[CertificateDer<'static>] {
        match &self.presented {
            Presented::Certificate { intermediates, .. } => intermediates,
            Presented::Nothing | Presented::Unreadable => &[],
        }
    }

    /// The thumbprint of that certificate.
    #[must_use]
    pub fn thumbprint(&self) -> Option<Thumbprint> {
        self.certificate().map(Certificate::thumbprint)
    }

    /// The caller's name at the peer's last request, for logs.
    pub fn name(&self) -> Option<Arc<str>> {
        self.name.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets [`Self::name`].
    pub fn set_name(&self, name: Option<&str>) {
        *self.name.lock().unwrap_or_else(PoisonError::into_inner) = name.map(Arc::from);
    }

    /// The cached value of this type, initially empty. There is one per type.
    pub fn kept<T: Send + 'static>(&self) -> Arc<Kept<T>> {
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = all.iter().find_map(|kept| Arc::clone(kept).downcast().ok()) {
            return kept;
        }
        let new = Arc::new(Kept(Mutex::new(None)));
        all.push(Arc::<Kept<T>>::clone(&new));
        new
    }
}

impl<T> Kept<T> {
    /// Locks the value until the guard is dropped.
    pub fn lock(&self) -> MutexGuard<'_, Option<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
