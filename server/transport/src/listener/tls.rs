//! TLS of the API listeners.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, ServerConfig, SupportedProtocolVersion};
use tokio_rustls::TlsAcceptor;

use super::client_certificate::{ClientVerifier, JudgedLater};
use super::limits::Limits;
use certward_certificates::certificate::ChainBounds;
use certward_certificates::server_certificate::ServerCertificates;

/// TLS of a listener: versions 1.2 and 1.3, or 1.3 only while its API requires that.
pub struct Tls {
    both: TlsAcceptor,
    newest: TlsAcceptor,
    newest_alone: Box<dyn Fn() -> bool + Send + Sync>,
}

impl Tls {
    /// Creates a TLS acceptor that presents the current server certificate. `newest_alone` is called at each handshake.
    ///
    /// # Errors
    ///
    /// The cryptography library was built without the protocol versions, which does not happen.
    pub fn new(
        certificates: &Arc<ServerCertificates>,
        limits: &Limits,
        newest_alone: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Result<Self, rustls::Error> {
        let acceptor = |versions: &[&'static SupportedProtocolVersion]| {
            server_config(Arc::clone(certificates), limits, versions).map(TlsAcceptor::from)
        };
        Ok(Self {
            both: acceptor(&[&TLS13, &TLS12])?,
            newest: acceptor(&[&TLS13])?,
            newest_alone: Box::new(newest_alone),
        })
    }

    /// The acceptor for the next handshake.
    pub fn acceptor(&self) -> &TlsAcceptor {
        if (self.newest_alone)() {
            &self.newest
        } else {
            &self.both
        }
    }
}

/// `TlsAcceptor` has no `Debug`.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls(..)")
    }
}

/// The cryptography of every listener: rustls's own, with this project's order of cipher suites.
///
/// AES-128 first: without a quantum computer it is as secure as AES-256, and its handshakes hash with SHA-256, which
/// processors implement in hardware, while SHA-384 is a seventh of a handshake.
pub fn crypto_provider() -> Arc<CryptoProvider> {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    // Stable: within a strength they stay as rustls has them.
    provider.cipher_suites.sort_by_key(|suite| match suite.suite() {
        CipherSuite::TLS13_AES_128_GCM_SHA256
        | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
        | CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => 0,
        _ => 1,
    });
    Arc::new(provider)
}

/// Applies the settings that all listeners share: the order of cipher suites, and no resumption of any kind.
///
/// A resumed session takes the client's certificate from the ticket and skips its check, so every connection performs a
/// full handshake: no tickets, no session cache, no early data.
pub fn hardened(mut config: ServerConfig) -> Arc<ServerConfig> {
    config.ignore_client_order = true;
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.max_early_data_size = 0;
    Arc::new(config)
}

/// Requests a client certificate without requiring one.
fn server_config(
    certificates: Arc<ServerCertificates>,
    limits: &Limits,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let provider = crypto_provider();
    let verifier = ClientVerifier::new(
        provider.signature_verification_algorithms,
        ChainBounds {
            intermediates: limits.intermediates,
            bytes: limits.certificate_bytes,
        },
        JudgedLater,
    );
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_cert_resolver(Arc::new(CurrentCertificate(certificates)));
    config.alpn_protocols = vec![HTTP_2.to_vec(), HTTP_1_1.to_vec()];
    Ok(hardened(config))
}

/// Presents the current certificate, whatever name the client sends: unknown and missing names are treated alike, so
/// that no name bypasses client authentication.
#[derive(Debug)]
struct CurrentCertificate(Arc<ServerCertificates>);

impl ResolvesServerCert for CurrentCertificate {
    fn resolve(&self, _client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(self.0.current().tls()))
    }
}

/// The ALPN name of HTTP/2 (RFC 9113, section 3.2).
pub const HTTP_2: &[u8] = b"h2";
const HTTP_1_1: &[u8] = b"http/1.1";
