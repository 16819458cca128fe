//! The beginning of a connection: the requirements of the current policy, decided on once. The login uses the result.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use certward_pki::ErrorChain;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::DatabaseProxy;
use super::admission::{Client, ClientCertificate, Identity, Judge, Refusal, TrustBasis};
use super::policy::{Policy, Transport};
use super::refused::Refused;
use super::stream::ClientStream;
use super::tls::{CertificateRefusal, Judged};
use certward_certificates::certificate::shown;
use certward_redis_model::database::trust::AdmittedCertificate;
use certward_redis_model::state::ClusterState;
use certward_system::telemetry::{self, Sparing};
use certward_transport::listener::accept::{self, Accepted, HandshakeError};
use certward_transport::listener::connection_permits::ConnectionPermit;
use certward_transport::listener::movable::MovableTcp;

/// A connection after its handshake.
pub struct Opened {
    pub(super) stream: OpenedStream,
    pub(super) client: AdmittedClient,
}

pub(super) enum OpenedStream {
    Tls(Box<TlsStream<MovableTcp>>),
    Plain(TcpStream),
}

/// A client that a policy admits: its certificate, if it has one, is trusted. Only a handshake creates one.
#[derive(Debug)]
pub(super) struct AdmittedClient {
    client: Client,
    basis: TrustBasis,
    policy: Arc<Policy>,
}

impl DatabaseProxy {
    /// Performs the TLS handshake, if there is TLS.
    pub(super) async fn handshake(&self, accepted: Accepted) -> Option<Opened> {
        let Accepted {
            stream,
            address,
            half_open,
            permit,
        } = accepted;
        let policy = self.policy(&self.parts.cluster.state())?;
        let (stream, judged) = match &policy.transport {
            Transport::Broken => return None,
            Transport::Plain => (OpenedStream::Plain(stream), None),
            Transport::Tls(parameters) => {
                let handshake = parameters.handshake(&policy.trust, &self.parts.clock);
                let timeout = self.parts.limits.handshake_timeout;
                let done = accept::handshake(handshake.acceptor(), stream, half_open, timeout).await;
                match (done, handshake.into_judged()) {
                    (Ok(stream), judged) => (OpenedStream::Tls(Box::new(stream)), judged),
                    (Err(error), judged) => {
                        self.log_failed_handshake(address, &error, judged.as_ref());
                        return None;
                    }
                }
            }
        };
        let client = AdmittedClient::new((address, permit), policy, judged.transpose().ok()?);
        Some(Opened { stream, client })
    }

    /// Counts and logs a client that the handshake has refused.
    fn log_failed_handshake(&self, address: SocketAddr, error: &HandshakeError, judged: Option<&Judged>) {
        static UNREADABLE: Sparing = Sparing::new();
        static MISSING: Sparing = Sparing::new();
        let database = self.database.get();
        tracing::debug!(peer.address = %address, database.uid = database, reason = %error, "a handshake failed");
        match judged {
            Some(Err(CertificateRefusal::Untrusted(certificate, refusal))) => {
                metrics::counter!(telemetry::REFUSALS, "reason" => refusal.reason()).increment(1);
                tracing::info!(
                    peer.address = %address,
                    database.uid = database,
                    certificate.subject = shown(certificate.subject()),
                    certificate.thumbprint = %certificate.thumbprint(),
                    reason = refusal.to_string(),
                    refused.reason = refusal.reason(),
                    "a database refuses a client certificate"
                );
            }
            Some(Err(CertificateRefusal::Unreadable(error))) => {
                if let Some(omitted) = UNREADABLE.admit() {
                    tracing::info!(
                        peer.address = %address,
                        database.uid = database,
                        error = %ErrorChain::new(error),
                        lines.omitted = omitted,
                        "a database refuses a client certificate that cannot be read"
                    );
                }
            }
            None if error.is_missing_certificate() => {
                let refusal = Refusal::NoCertificate;
                metrics::counter!(telemetry::REFUSALS, "reason" => refusal.reason()).increment(1);
                if let Some(omitted) = MISSING.admit() {
                    tracing::info!(
                        peer.address = %address,
                        database.uid = database,
                        reason = refusal.to_string(),
                        refused.reason = refusal.reason(),
                        lines.omitted = omitted,
                        "a database refuses a client"
                    );
                }
            }
            _ => {}
        }
    }
}

impl AdmittedClient {
    fn new(
        (address, permit): (SocketAddr, Arc<ConnectionPermit>),
        policy: Arc<Policy>,
        presented: Option<(ClientCertificate, AdmittedCertificate)>,
    ) -> Self {
        let (certificate, admitted) = presented.unzip();
        Self {
            client: Client {
                address,
                permit,
                is_secure: matches!(policy.transport, Transport::Tls(_)),
                certificate,
            },
            basis: TrustBasis {
                trust: Arc::clone(&policy.trust),
                admitted,
            },
            policy,
        }
    }

    /// Identifies the client at `state`, the current one. The decision of its handshake holds until the cluster changes
    /// or the certificate expires.
    ///
    /// # Errors
    ///
    /// [`Refused`].
    pub(super) fn identify(&mut self, proxy: &DatabaseProxy, state: &ClusterState) -> Result<Identity, Refused> {
        if self.policy.revision() != state.revision() {
            self.policy = proxy.policy(state).ok_or(Refused::Gone)?;
        }
        let judge = Judge::new(&self.policy, state, proxy.now());
        let changed = judge.recheck(&self.basis, &self.client).map_err(Refused::Client)?;
        if let Some(basis) = changed {
            self.basis = basis;
        }
        judge.identify(&self.client).map_err(Refused::Client)
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// The client, and the basis of its trust.
    pub(super) fn into_parts(self) -> (Client, TrustBasis) {
        (self.client, self.basis)
    }
}

impl OpenedStream {
    /// Registers the connection with the current thread's runtime, and returns the relay's stream.
    pub(super) fn move_here(self) -> io::Result<ClientStream> {
        Ok(match self {
            Self::Plain(tcp) => ClientStream::plain(TcpStream::from_std(tcp.into_std()?)?),
            Self::Tls(stream) => {
                let (tcp, session) = stream.into_inner();
                ClientStream::tls(tcp.into_here()?, session)
            }
        })
    }
}
