//! TLS's own checks of a client's certificate.
//!
//! On an API they are few, because the product decides on trust for each request: a client may present any certificate
//! or none (`docs/contracts/ravendb.md#tls`), and an unknown, expired or self-signed one is refused later, with HTTP
//! 403 and a message. The handshake only proves possession of the private key, and limits the cost of a stranger's
//! chain.

use std::fmt::Debug;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature, verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerMisbehaved, SignatureScheme};
use webpki::RawPublicKeyEntity;

use certward_pki::Certificate;

use certward_certificates::certificate::{ChainBounds, total_bytes};
use certward_system::telemetry::Sparing;

/// Requests a client certificate without requiring one, and verifies the signature made with its key.
#[derive(Debug)]
pub struct ClientVerifier<P> {
    algorithms: WebPkiSupportedAlgorithms,
    bounds: ChainBounds,
    policy: P,
}

/// A listener's requirements on client certificates within the handshake.
pub trait HandshakePolicy: Debug + Send + Sync {
    /// Requests a client certificate, or not.
    fn request(&self) -> CertificateRequest;

    /// Decides on a chain within the bounds.
    ///
    /// # Errors
    ///
    /// The error for which rustls sends the alert.
    fn judge(&self, end_entity: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>]) -> Result<(), Error>;
}

/// Handling of client certificates in the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateRequest {
    /// None is requested.
    None,
    /// One is requested, and may be missing.
    Optional,
    /// One is requested and required.
    Mandatory,
}

/// The policy of an API: a certificate is requested, and decided on at each request.
#[derive(Debug)]
pub struct JudgedLater;

impl HandshakePolicy for JudgedLater {
    fn request(&self) -> CertificateRequest {
        CertificateRequest::Optional
    }

    fn judge(&self, _: &CertificateDer<'_>, _: &[CertificateDer<'_>]) -> Result<(), Error> {
        Ok(())
    }
}

impl<P> ClientVerifier<P> {
    /// A chain that exceeds `bounds` ends the handshake with alert 42 (`bad_certificate`) before it is parsed.
    pub fn new(algorithms: WebPkiSupportedAlgorithms, bounds: ChainBounds, policy: P) -> Self {
        Self {
            algorithms,
            bounds,
            policy,
        }
    }

    /// The requirements beyond the bounds of the chain.
    #[must_use]
    pub fn policy(&self) -> &P {
        &self.policy
    }
}

impl<P: HandshakePolicy> ClientCertVerifier for ClientVerifier<P> {
    fn offer_client_auth(&self) -> bool {
        self.policy.request() != CertificateRequest::None
    }

    fn client_auth_mandatory(&self) -> bool {
        self.policy.request() == CertificateRequest::Mandatory
    }

    /// No hints: a client that receives a list of issuers may withhold a certificate that is registered here.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if self.bounds.hold(end_entity, intermediates) {
            self.policy.judge(end_entity, intermediates)?;
            return Ok(ClientCertVerified::assertion());
        }
        static LINE: Sparing = Sparing::new();
        if let Some(omitted) = LINE.admit() {
            tracing::info!(
                intermediates = intermediates.len(),
                intermediates.at_most = self.bounds.intermediates,
                bytes = total_bytes(end_entity, intermediates),
                bytes.at_most = self.bounds.bytes,
                lines.omitted = omitted,
                "a handshake was refused: the client sent more certificates than are read"
            );
        }
        Err(CertificateError::BadEncoding.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms).or_else(|error| {
            if !may_be_unread(&error) {
                return Err(error);
            }
            // In TLS 1.2 an ECDSA scheme does not name the curve (RFC 8422, section 5.1.1), so that several algorithms
            // may have to be tried until one fits the key.
            let candidates = algorithms_for(&self.algorithms, signed.scheme)?;
            let key = public_key_of(certificate)?;
            let key = RawPublicKeyEntity::try_from(&key).map_err(|_| CertificateError::BadEncoding)?;
            let is_by = |algorithm| key.verify_signature(algorithm, message, signed.signature()).is_ok();
            if candidates.iter().any(|algorithm| is_by(*algorithm)) {
                Ok(HandshakeSignatureValid::assertion())
            } else {
                Err(CertificateError::BadSignature.into())
            }
        })
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms).or_else(|error| {
            if !may_be_unread(&error) {
                return Err(error);
            }
            verify_tls13_signature_with_raw_key(message, &public_key_of(certificate)?, signed, &self.algorithms)
        })
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Returns `true` if webpki rejected the certificate and not its signature: webpki supports neither certificates of
/// version 1, which `openssl x509 -req` of version 3.0 creates by default, nor unknown critical extensions. The real
/// server accepts both. The signature is then verified with the key from this project's own parser.
fn may_be_unread(error: &Error) -> bool {
    matches!(error, Error::InvalidCertificate(reason) if *reason != CertificateError::BadSignature)
}

fn public_key_of(certificate: &CertificateDer<'_>) -> Result<SubjectPublicKeyInfoDer<'static>, Error> {
    let certificate =
        Certificate::from_der(certificate.clone().into_owned()).map_err(|_| CertificateError::BadEncoding)?;
    Ok(SubjectPublicKeyInfoDer::from(
        certificate.subject_public_key_info_der().to_vec(),
    ))
}

fn algorithms_for(
    algorithms: &WebPkiSupportedAlgorithms,
    scheme: SignatureScheme,
) -> Result<&'static [&'static dyn rustls::pki_types::SignatureVerificationAlgorithm], Error> {
    algorithms
        .mapping
        .iter()
        .find(|(offered, _)| *offered == scheme)
        .map(|(_, candidates)| *candidates)
        .ok_or_else(|| PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verifier() -> ClientVerifier<JudgedLater> {
        ClientVerifier::new(
            rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms,
            ChainBounds::WIDEST,
            JudgedLater,
        )
    }

    fn check(end_entity: usize, intermediates: &[usize]) -> Result<(), Error> {
        let chain: Vec<_> = intermediates
            .iter()
            .map(|length| CertificateDer::from(vec![0; *length]))
            .collect();
        let end_entity = CertificateDer::from(vec![0; end_entity]);
        verifier()
            .verify_client_cert(
                &end_entity,
                &chain,
                UnixTime::since_unix_epoch(std::time::Duration::ZERO),
            )
            .map(drop)
    }

    #[test]
    fn four_intermediates_pass_and_five_are_refused() {
        assert_eq!(check(1000, &[1000; 4]), Ok(()));
        assert_eq!(check(1000, &[1000; 5]), Err(CertificateError::BadEncoding.into()));
    }

    #[test]
    fn certificates_of_more_than_sixteen_kibibytes_together_are_refused() {
        assert_eq!(check(16 * 1024, &[]), Ok(()));
        assert_eq!(check(16 * 1024 + 1, &[]), Err(CertificateError::BadEncoding.into()));
        assert_eq!(
            check(8 * 1024, &[4 * 1024, 4 * 1024 + 1]),
            Err(CertificateError::BadEncoding.into())
        );
    }
}
