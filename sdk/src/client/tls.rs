//! TLS of the client: which server is believed, and what failures mean in words.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::SingleCertAndKey;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, SignatureScheme};

#[cfg(feature = "aws-lc-rs")]
use rustls::crypto::aws_lc_rs as default_crypto;
#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
use rustls::crypto::ring as default_crypto;

use super::error::Error;
use super::identity::Identity;
use super::trust::{TrustAnchors, Trusted, moment};
use crate::pki::{Certificate, Printable, SubjectAltName};

/// The process's provider. When the program has chosen none, aws-lc-rs becomes it, or ring without that feature.
pub(crate) fn crypto_provider() -> Arc<CryptoProvider> {
    if let Some(provider) = CryptoProvider::get_default() {
        return provider.clone();
    }
    // A second thread may have installed one in between: then that one counts.
    let _ = default_crypto::default_provider().install_default();
    CryptoProvider::get_default()
        .cloned()
        .unwrap_or_else(|| Arc::new(default_crypto::default_provider()))
}

pub(crate) fn client_config(
    identity: Option<&Identity>,
    trust_anchors: &TrustAnchors,
    server_name: Option<ServerName<'static>>,
) -> Result<ClientConfig, Error> {
    let provider = crypto_provider();
    let verifier = NamedServerVerifier {
        trusted: trust_anchors.trusted()?,
        server_name,
        algorithms: provider.signature_verification_algorithms,
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| {
            Error::configuration("the crypto provider of this process supports no version of TLS").with_source(error)
        })?
        .dangerous() // What follows verifies in full: chain, dates, purpose, name, handshake signature.
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match identity {
        Some(identity) => {
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity.certified_key()?)))
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// WebPKI verification against a name that may differ from the host of the endpoint, and with what the server presented
/// kept for the error. A certificate that is named itself needs no chain.
#[derive(Debug)]
struct NamedServerVerifier {
    trusted: Trusted,
    server_name: Option<ServerName<'static>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl NamedServerVerifier {
    fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        expected: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        let parsed = ParsedCertificate::try_from(end_entity)?;
        match self.trusted.named(end_entity) {
            Some(named) => verify_itself(named, now)?,
            None => verify_server_cert_signed_by_trust_anchor(
                &parsed,
                &self.trusted.roots_at(now),
                intermediates,
                now,
                self.algorithms.all,
            )?,
        }
        verify_server_name(&parsed, expected)
    }
}

/// Checks the last certificate of a chain by itself.
fn verify_itself(certificate: &Certificate, now: UnixTime) -> Result<(), CertificateError> {
    let validity = certificate.validity();
    let purpose = certificate.extended_key_usage();
    match moment(now) {
        Some(now) if validity.is_early(now) => Err(CertificateError::NotValidYet),
        Some(now) if !validity.is_over(now) => Ok(()),
        _ => Err(CertificateError::Expired),
    }?;
    if purpose.is_some_and(|purpose| !purpose.server_auth() && !purpose.any()) {
        return Err(CertificateError::InvalidPurpose);
    }
    Ok(())
}

impl ServerCertVerifier for NamedServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let expected = self.server_name.as_ref().unwrap_or(server_name);
        self.verify(end_entity, intermediates, expected, now)
            .map(|()| ServerCertVerified::assertion())
            .map_err(|error| {
                let explained = UnverifiedServer::new(&error, end_entity, expected, &self.trusted.description);
                rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(explained))))
            })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// A server that cannot be verified: what it presented, and what is wrong with that.
#[derive(Debug)]
pub(crate) struct UnverifiedServer {
    presented: String,
    problem: String,
}

impl UnverifiedServer {
    fn new(error: &rustls::Error, end_entity: &CertificateDer<'_>, expected: &ServerName<'_>, trusted: &str) -> Self {
        let certificate = Certificate::from_der(end_entity.clone().into_owned());
        let presented = match &certificate {
            Ok(certificate) => format!("{} issued by {}", certificate.subject(), certificate.issuer()),
            Err(_) => "a certificate that cannot be read".to_owned(),
        };
        let rustls::Error::InvalidCertificate(problem) = error else {
            return Self {
                presented,
                problem: error.to_string(),
            };
        };
        let not_after = certificate
            .as_ref()
            .map(|certificate| certificate.validity().not_after.to_string())
            .unwrap_or_default();
        let problem = match problem {
            CertificateError::UnknownIssuer => format!("which does not lead to a trusted CA; trusted are: {trusted}"),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                let names = certificate
                    .map(|certificate| names_of(&certificate))
                    .unwrap_or_default();
                format!("which is not for the name {}; it is for {names}", expected.to_str())
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                format!("which expired at {not_after}")
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "which is not valid yet".to_owned()
            }
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                "which is not meant for servers (no serverAuth purpose)".to_owned()
            }
            CertificateError::BadSignature => "whose signature is wrong".to_owned(),
            CertificateError::UnhandledCriticalExtension => {
                "which has a critical extension that is not known here".to_owned()
            }
            // webpki's own error, which has no other form than its name.
            CertificateError::Other(OtherError(other)) if other.to_string() == "CaUsedAsEndEntity" => format!(
                "which says that it is a certification authority (CA:TRUE) and not a server's; name it as a CA \
                 certificate to believe it alone; trusted are: {trusted}"
            ),
            CertificateError::Other(OtherError(other)) => format!("which is refused: {other}; trusted are: {trusted}"),
            other => format!("which is refused: {other}; trusted are: {trusted}"),
        };
        Self { presented, problem }
    }
}

/// The names that a certificate is for, in words.
fn names_of(certificate: &Certificate) -> String {
    let names = certificate.subject_alt_names();
    let names: Vec<String> = names
        .iter()
        .map(|name| match name {
            SubjectAltName::Dns(name) | SubjectAltName::Uri(name) | SubjectAltName::Email(name) => name.clone(),
            SubjectAltName::Ip(address) => address.to_string(),
            SubjectAltName::DirectoryName(name) => name.to_string(),
            _ => "a name of another kind".to_owned(),
        })
        .collect();
    if names.is_empty() {
        "no name (it has no subject alternative names)".to_owned()
    } else {
        names.join(", ")
    }
}

impl fmt::Display for UnverifiedServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!(
            "cannot verify the server: it presents {}, {}",
            self.presented, self.problem
        );
        // The names are the server's to choose.
        fmt::Display::fmt(&Printable::line(&text).at_most(6_000), f)
    }
}

impl StdError for UnverifiedServer {}
