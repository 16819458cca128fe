//! An authenticated caller.

use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use certward_pki::{Certificate, Sha256Fingerprint, Thumbprint};
use rustls_pki_types::CertificateDer;

use crate::model::clearance::{DatabaseAccess, Level, SecurityClearance};
use crate::model::definition::RegisteredCertificate;
use certward_store::audit::Actor;

/// The holder of a certificate that is trusted at this moment. Only [`super::Authenticator`] and the local console
/// create one.
///
/// Nothing else can:
///
/// ```compile_fail,E0624
/// certward_ravendb::access::authn::Caller::at_setup();
/// ```
#[derive(Debug)]
pub struct Caller {
    origin: CallerOrigin,
    certificate: Option<Certificate>,
    /// The intermediates sent with the certificate, if the trust depends on them.
    intermediates: Vec<CertificateDer<'static>>,
    address: Option<SocketAddr>,
    description: OnceLock<Bytes>,
}

/// The reason why a caller is trusted.
#[derive(Debug)]
pub enum CallerOrigin {
    /// The caller presented the server's own certificate.
    Server,
    /// The settings name the thumbprint of the caller's certificate.
    WellKnownAdministrator,
    /// An issuer named in the settings issued the caller's certificate.
    WellKnownIssuer(Sha256Fingerprint),
    /// The caller's certificate is registered.
    Registered(Arc<RegisteredCertificate>),
    /// The caller uses the console socket, which only the server's own user can open.
    Console,
}

/// The other end of a socket is no administrator at the console.
#[derive(Debug, thiserror::Error)]
pub enum NotAtConsole {
    /// The system does not name the process.
    #[error("the system does not say who is at the other end of the socket: {0}")]
    Unknown(std::io::Error),
    /// The process runs as another user.
    #[error("the admin socket can be used by the server's own user and by root only")]
    OtherUser {
        /// That user.
        uid: u32,
        /// The process.
        pid: i32,
    },
}

impl Caller {
    fn new(origin: CallerOrigin, certificate: Option<Certificate>) -> Self {
        Self {
            origin,
            certificate,
            intermediates: Vec::new(),
            address: None,
            description: OnceLock::new(),
        }
    }

    pub(super) fn server(certificate: Certificate) -> Self {
        Self::new(CallerOrigin::Server, Some(certificate))
    }

    pub(super) fn well_known(certificate: Certificate) -> Self {
        Self::new(CallerOrigin::WellKnownAdministrator, Some(certificate))
    }

    pub(super) fn issued_by_well_known(
        certificate: Certificate,
        intermediates: &[CertificateDer<'static>],
        issuer: Sha256Fingerprint,
    ) -> Self {
        Self {
            intermediates: intermediates.to_vec(),
            ..Self::new(CallerOrigin::WellKnownIssuer(issuer), Some(certificate))
        }
    }

    pub(super) fn registered(certificate: Certificate, entry: Arc<RegisteredCertificate>) -> Self {
        Self::new(CallerOrigin::Registered(entry), Some(certificate))
    }

    /// The administrator at the console: the process at the other end of `socket`, which only the server's own user and
    /// root can be.
    ///
    /// # Errors
    ///
    /// [`NotAtConsole`].
    pub fn at_console(socket: impl AsFd) -> Result<Self, NotAtConsole> {
        let peer =
            rustix::net::sockopt::socket_peercred(socket).map_err(|error| NotAtConsole::Unknown(error.into()))?;
        if peer.uid == rustix::process::geteuid() || peer.uid.is_root() {
            Ok(Self::new(CallerOrigin::Console, None))
        } else {
            Err(NotAtConsole::OtherUser {
                uid: peer.uid.as_raw(),
                pid: peer.pid.as_raw_nonzero().get(),
            })
        }
    }

    /// Whoever sets the server up: it has no callers yet.
    pub(crate) fn at_setup() -> Self {
        Self::new(CallerOrigin::Console, None)
    }

    /// The same caller, with the address of its connection.
    pub(super) fn at_address(mut self, address: Option<SocketAddr>) -> Self {
        self.address = address;
        self
    }

    /// The address of the connection, for audit records; none at the console.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Returns the description that a dialect gives the caller of itself. It is computed once and, like the caller, is
    /// valid as long as the trust on which it is based, so repeated requests on a connection get the same bytes.
    pub fn description(&self, describe: impl FnOnce() -> Bytes) -> Bytes {
        self.description.get_or_init(describe).clone()
    }

    /// The caller in audit records.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor {
            name: self.name().to_owned(),
            thumbprint: self.thumbprint(),
            address: self.address.map(|address| address.ip().to_string()),
        }
    }

    /// The reason why the caller is trusted.
    #[must_use]
    pub fn origin(&self) -> &CallerOrigin {
        &self.origin
    }

    /// The certificate of the connection; none at the console.
    #[must_use]
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    pub(super) fn intermediates(&self) -> &[CertificateDer<'static>] {
        &self.intermediates
    }

    /// The thumbprint of that certificate.
    #[must_use]
    pub fn thumbprint(&self) -> Option<Thumbprint> {
        self.certificate.as_ref().map(Certificate::thumbprint)
    }

    /// The entry of a registered certificate.
    #[must_use]
    pub fn registered_certificate(&self) -> Option<&Arc<RegisteredCertificate>> {
        match &self.origin {
            CallerOrigin::Registered(entry) => Some(entry),
            _ => None,
        }
    }

    /// The rights on the server.
    #[must_use]
    pub fn clearance(&self) -> SecurityClearance {
        match &self.origin {
            CallerOrigin::Registered(entry) => entry.clearance,
            CallerOrigin::Server => SecurityClearance::ClusterNode,
            CallerOrigin::WellKnownAdministrator | CallerOrigin::WellKnownIssuer(_) | CallerOrigin::Console => {
                SecurityClearance::ClusterAdmin
            }
        }
    }

    /// The rank of those rights.
    #[must_use]
    pub fn level(&self) -> Level {
        self.clearance().level()
    }

    /// The caller's access to a database. Operators and higher levels have `Admin` access to every database.
    #[must_use]
    pub fn access_to(&self, database: &str) -> Option<DatabaseAccess> {
        match (self.level(), &self.origin) {
            (Level::Operator | Level::ClusterAdmin, _) => Some(DatabaseAccess::Admin),
            (Level::ValidUser, CallerOrigin::Registered(entry)) => entry.permissions.access_to(database),
            (Level::ValidUser, _) => None,
        }
    }

    /// The name for logs and audit records.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.origin {
            CallerOrigin::Server => "Server Certificate",
            CallerOrigin::WellKnownAdministrator => "well-known administrator",
            CallerOrigin::WellKnownIssuer(_) => "certificate of a well-known issuer",
            CallerOrigin::Registered(entry) => &entry.name,
            CallerOrigin::Console => "console",
        }
    }
}
