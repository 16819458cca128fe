//! TLS 1.2 and 1.3 for exactly one client.
//!
//! The cryptography is ring's, which starts in a millisecond, except for the check of the client's signature:
//! Terraform's certificate is ECDSA P-521, which of the two libraries only aws-lc-rs verifies.

use std::fmt;
use std::sync::Arc;

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyUsagePurpose, PublicKeyData, SigningKey};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme};
use time::{Duration, OffsetDateTime};

/// The server's side of TLS, made afresh in every process.
pub(crate) struct Tls {
    /// The server certificate that the client is told to expect.
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) config: Arc<ServerConfig>,
}

/// The reason that TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    /// The system gives no randomness.
    #[error("generating the key of the server certificate failed")]
    Key,
    /// The certificate could not be made.
    #[error("making the server certificate failed")]
    Certificate(#[source] rcgen::Error),
    /// rustls refuses the settings.
    #[error("setting up TLS failed")]
    Config(#[source] Error),
}

impl Tls {
    /// TLS that lets in who holds the key of `client_certificate`.
    pub(crate) fn new(client_certificate: CertificateDer<'static>) -> Result<Self, TlsError> {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(|_| TlsError::Key)?;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).map_err(|_| TlsError::Key)?;
        let certificate = self_signed(&RingKey { pair, random }).map_err(TlsError::Certificate)?;

        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        let provider = CryptoProvider {
            signature_verification_algorithms: algorithms,
            ..rustls::crypto::ring::default_provider()
        };
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Config)?
            .with_client_cert_verifier(Arc::new(OnlyClient {
                certificate: client_certificate,
                algorithms,
            }))
            .with_single_cert(
                vec![certificate.clone()],
                PrivatePkcs8KeyDer::from(pkcs8.as_ref().to_vec()).into(),
            )
            .map_err(TlsError::Config)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        // A resumed session would skip the check of the client's certificate.
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Self {
            certificate,
            config: Arc::new(config),
        })
    }
}

fn self_signed(key: &RingKey) -> Result<CertificateDer<'static>, rcgen::Error> {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
    // The client takes this very certificate for its root, so that it needs no right to sign others.
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let now = now();
    params.not_before = now - CLOCK_SKEW;
    params.not_after = now + LONGEST_RUN;
    Ok(params.self_signed(key)?.der().clone())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the certificate is valid from the start of the process"
)]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// Lets rcgen sign with ring: the workspace's rcgen signs with aws-lc-rs, whose random source costs 75 ms at start.
struct RingKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl PublicKeyData for RingKey {
    fn der_bytes(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl SigningKey for RingKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature = self
            .pair
            .sign(&self.random, message)
            .map_err(|_| rcgen::Error::RingUnspecified)?;
        Ok(signature.as_ref().to_vec())
    }
}

/// Accepts one certificate, byte for byte, from a client that holds its key.
///
/// The certificate comes through the environment from the process that started this one, so that its names, its time
/// and its issuer mean nothing. It says CA:TRUE, for which the usual verifier refuses it.
struct OnlyClient {
    certificate: CertificateDer<'static>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl fmt::Debug for OnlyClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnlyClient").finish_non_exhaustive()
    }
}

impl ClientCertVerifier for OnlyClient {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if end_entity == &self.certificate {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// As go-plugin's own servers do it.
const CLOCK_SKEW: Duration = Duration::seconds(30);

/// Longer than any run of Terraform; the certificate is never written anywhere.
const LONGEST_RUN: Duration = Duration::days(365);
