//! The peer of a connection, as far as TLS has identified it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use certward_pki::{Certificate, ErrorChain};
use rustls_pki_types::CertificateDer;

use super::connection_permits::ConnectionPermit;
use super::identity_counts::IdentityKind;
use crate::authn::{Caller, Verdict};
use crate::cluster::access::ClusterVerdict;

/// The other end of a TLS connection: made once by the listener when the handshake is done, and by nothing else.
///
/// A certificate here is only *presented*: the peer has proved possession of the key, nothing else. [`crate::authn`]
/// decides for each request if the certificate is trusted.
#[derive(Debug)]
pub struct Peer {
    address: SocketAddr,
    presented: Presented,
    permit: Option<Arc<ConnectionPermit>>,
    verdict: Mutex<Option<Verdict>>,
    cluster_verdict: Mutex<Option<ClusterVerdict>>,
}

/// The addresses that count as one: an IPv4 address, or the /64 of an IPv6 address, all of which one host can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

/// The certificates that the peer presented in the handshake.
#[derive(Debug)]
pub enum Presented {
    /// The peer presented no certificate.
    Nothing,
    /// TLS accepted the certificate, but it cannot be parsed.
    Unreadable,
    /// A certificate whose key the peer holds.
    Certificate {
        /// The peer's own certificate.
        end_entity: Certificate,
        /// The certificates sent with it, in the order sent. Nothing about them has been verified.
        intermediates: Vec<CertificateDer<'static>>,
    },
}

impl Peer {
    /// The peer of a finished handshake, from the certificates it sent, end entity first.
    pub(crate) fn from_handshake(address: SocketAddr, certificates: Option<&[CertificateDer<'_>]>) -> Self {
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
            verdict: Mutex::new(None),
            cluster_verdict: Mutex::new(None),
        }
    }

    /// The same peer, whose connection holds `permit`.
    pub(super) fn with_permit(mut self, permit: Arc<ConnectionPermit>) -> Self {
        self.permit = Some(permit);
        self
    }

    /// The kind of identity that the peer was last admitted by.
    pub(crate) fn identity(&self) -> IdentityKind {
        self.permit
            .as_ref()
            .map_or(IdentityKind::Unauthenticated, |permit| permit.identity())
    }

    /// Records that the peer was admitted by an identity of this kind.
    pub(crate) fn become_known(&self, by: IdentityKind) {
        if let Some(permit) = &self.permit {
            permit.become_known(by);
        }
    }

    /// Returns `true` while the connection is a stranger's.
    pub(crate) fn is_stranger(&self) -> bool {
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

    /// The certificates that were sent above the peer's own.
    pub(crate) fn intermediates(&self) -> &[CertificateDer<'static>] {
        match &self.presented {
            Presented::Certificate { intermediates, .. } => intermediates,
            Presented::Nothing | Presented::Unreadable => &[],
        }
    }

    /// The caller that the peer was at its last request, for logs.
    pub(crate) fn caller(&self) -> Option<Arc<Caller>> {
        self.verdict().as_ref().and_then(Verdict::caller).cloned()
    }

    /// The last decision about this peer, for [`crate::authn`] to check whether it still holds.
    pub(crate) fn verdict(&self) -> std::sync::MutexGuard<'_, Option<Verdict>> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last decision about this peer's chain, for [`crate::cluster::access`] to check whether it still holds.
    pub(crate) fn cluster_verdict(&self) -> std::sync::MutexGuard<'_, Option<ClusterVerdict>> {
        self.cluster_verdict.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(address) => write!(f, "{address}/64"),
        }
    }
}

impl Network {
    /// The network of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
            address => address,
        })
    }
}
