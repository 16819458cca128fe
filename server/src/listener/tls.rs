//! The TLS side of the API listeners.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::client_certificate::ProofOfPossession;
use crate::certificate::ChainBounds;
use crate::config::Limits;
use crate::server_certificate::ServerCertificates;

/// TLS 1.2 and 1.3, a client certificate asked for and not demanded, no resumption of any kind.
///
/// A resumed session takes the client's certificate from the ticket and skips the check of it, so that every connection
/// makes a full handshake: no tickets, no session cache, no early data.
///
/// # Errors
///
/// When the cryptography library was built without the protocol versions; it is not.
pub(crate) fn server_config(
    certificates: Arc<ServerCertificates>,
    limits: &Limits,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = ProofOfPossession::new(
        provider.signature_verification_algorithms,
        ChainBounds {
            intermediates: limits.intermediates,
            bytes: limits.certificate_bytes,
        },
    );
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_cert_resolver(Arc::new(CurrentCertificate(certificates)));
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.max_early_data_size = 0;
    config.alpn_protocols = vec![HTTP_2.to_vec(), HTTP_1_1.to_vec()];
    Ok(Arc::new(config))
}

/// Shows the certificate of the moment, whatever name the client asks for: unknown names and none are served alike, so
/// that no name leads around the client's authentication.
#[derive(Debug)]
struct CurrentCertificate(Arc<ServerCertificates>);

impl ResolvesServerCert for CurrentCertificate {
    fn resolve(&self, _client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(self.0.current().tls()))
    }
}

/// The ALPN name of HTTP/2 (RFC 9113, section 3.2).
pub(crate) const HTTP_2: &[u8] = b"h2";
const HTTP_1_1: &[u8] = b"http/1.1";
