//! The TLS configuration of a database: its own trust is checked within the handshake, so that the alert tells a
//! refused client the reason.

use std::sync::{Arc, LazyLock};

use certward_pki::{Certificate, ErrorChain, certificates_from_pem};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
    SupportedProtocolVersion,
};

use crate::certificate::{ChainBounds, shown};
use crate::clock::Clock;
use crate::cluster::database::trust::{DatabaseTrust, DatabaseTrustRefusal};
use crate::cluster::database::{Database, ProxyCertificate};
use crate::cluster::named_certificate::NamedCertificate;
use crate::cluster::settings::TlsVersion;
use crate::cluster::uid::DatabaseUid;
use crate::listener::client_certificate::ProofOfPossession;
use crate::listener::tls::{crypto_provider, hardened};
use crate::telemetry::{self, Sparing};
use crate::trust::strength::{Strength, WEAK_SHA256, WEAK_SHA512};
use crate::trust::{ChainRefusal, EndEntityFault};

/// The TLS configuration of a database cannot be built, although its certificate was checked when it was set.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnusableTls {
    /// The text of its certificate cannot be parsed.
    #[error("the certificate of the database cannot be read")]
    Certificate(#[source] certward_pki::PemError),
    /// rustls rejects the key or the protocol version.
    #[error("TLS cannot use the certificate of the database")]
    Tls(#[source] rustls::Error),
}

/// The TLS configuration of a database: the client's certificate is required, requested or not requested, as the
/// database says.
///
/// # Errors
///
/// The cryptography library was built without the protocol versions; it is not.
pub(super) fn server_config(
    database: &Database,
    trust: Arc<DatabaseTrust>,
    certificate: Arc<CertifiedKey>,
    oldest: TlsVersion,
    bounds: ChainBounds,
    clock: Arc<dyn Clock>,
) -> Result<Arc<ServerConfig>, UnusableTls> {
    let provider = crypto_provider();
    let versions: &[&'static SupportedProtocolVersion] = match oldest {
        TlsVersion::V1_2 => &[&TLS13, &TLS12],
        TlsVersion::V1_3 => &[&TLS13],
    };
    let algorithms = match trust.strength() {
        Strength::Strong => provider.signature_verification_algorithms,
        Strength::DangerAllowWeak => weak_algorithms(&provider.signature_verification_algorithms),
    };
    let tls = &database.tls;
    let verifier = DatabaseClients {
        possession: ProofOfPossession::new(algorithms, bounds),
        database: database.uid,
        is_asked: tls.enforce_client_authentication || !tls.client_certificates.certificates().is_empty(),
        is_mandatory: tls.enforce_client_authentication,
        trust,
        clock,
    };
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(UnusableTls::Tls)?
        .with_client_cert_verifier(Arc::new(verifier))
        // Whatever name the client asks for: a database has one certificate.
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certificate)));
    Ok(hardened(config))
}

/// The database's own certificate.
///
/// # Errors
///
/// [`UnusableTls`].
pub(super) fn own_certificate(certificate: &ProxyCertificate) -> Result<Arc<CertifiedKey>, UnusableTls> {
    certified_key(&certificate.chain, &certificate.key)
}

/// The certificate for databases without one of their own, if an administrator has installed one with its key.
///
/// # Errors
///
/// [`UnusableTls`].
pub(super) fn shared_certificate(certificate: &NamedCertificate) -> Result<Option<Arc<CertifiedKey>>, UnusableTls> {
    let key = certificate.key.as_ref();
    key.map(|key| certified_key(&certificate.certificate, key)).transpose()
}

fn certified_key(chain: &str, key: &certward_pki::PrivateKeyPem) -> Result<Arc<CertifiedKey>, UnusableTls> {
    let chain = certificates_from_pem(chain).map_err(UnusableTls::Certificate)?;
    let chain = chain.iter().map(|certificate| certificate.der().clone()).collect();
    let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key.to_private_key_der());
    Ok(Arc::new(CertifiedKey::new(chain, key.map_err(UnusableTls::Tls)?)))
}

/// Verifies a client's certificate against the database's trust.
#[derive(Debug)]
struct DatabaseClients {
    possession: ProofOfPossession,
    trust: Arc<DatabaseTrust>,
    database: DatabaseUid,
    is_asked: bool,
    is_mandatory: bool,
    clock: Arc<dyn Clock>,
}

impl ClientCertVerifier for DatabaseClients {
    fn offer_client_auth(&self) -> bool {
        self.is_asked
    }

    fn client_auth_mandatory(&self) -> bool {
        self.is_mandatory
    }

    /// No hints: a client that receives a list of issuers may withhold a certificate that is trusted by itself.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.possession.verify_client_cert(end_entity, intermediates, now)?;
        let end_entity = Certificate::from_der(end_entity.clone().into_owned()).map_err(|error| {
            static LINE: Sparing = Sparing::new();
            if let Some(omitted) = LINE.admit() {
                tracing::info!(
                    database.uid = self.database.get(),
                    error = %ErrorChain::new(&error),
                    lines.omitted = omitted,
                    "a database refuses a client certificate that cannot be read"
                );
            }
            CertificateError::BadEncoding
        })?;
        let intermediates: Vec<_> = intermediates.iter().map(|der| der.clone().into_owned()).collect();
        match self.trust.admit(&end_entity, &intermediates, self.clock.now()) {
            Ok(_) => Ok(verified),
            Err(refusal) => {
                metrics::counter!(telemetry::REFUSALS, "reason" => refusal.reason()).increment(1);
                tracing::info!(
                    database.uid = self.database.get(),
                    certificate.subject = shown(end_entity.subject()),
                    certificate.thumbprint = %end_entity.thumbprint(),
                    reason = refusal.to_string(),
                    refused.reason = refusal.reason(),
                    "a database refuses a client certificate"
                );
                Err(to_alert(&refusal).into())
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.possession.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.possession.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.possession.supported_verify_schemes()
    }
}

/// The error for which rustls sends the right alert (RFC 8446, section 6.2): 45 `certificate_expired`, 48 `unknown_ca`,
/// 43 `unsupported_certificate`, 49 `access_denied`, and 42 `bad_certificate` for all others.
fn to_alert(refusal: &DatabaseTrustRefusal) -> CertificateError {
    match refusal {
        DatabaseTrustRefusal::UnknownIssuer { .. } | DatabaseTrustRefusal::UnfitIssuer { .. } => {
            CertificateError::UnknownIssuer
        }
        DatabaseTrustRefusal::AnyPurpose(_) => CertificateError::InvalidPurpose,
        DatabaseTrustRefusal::Pinned(fault) | DatabaseTrustRefusal::Chain(ChainRefusal::EndEntity(fault)) => {
            match fault {
                EndEntityFault::Expired(_) => CertificateError::Expired,
                EndEntityFault::NotYetValid(_) => CertificateError::NotValidYet,
                EndEntityFault::Purpose
                | EndEntityFault::NoPurpose
                | EndEntityFault::AnyPurpose
                | EndEntityFault::KeyUsage
                | EndEntityFault::IsAuthority => CertificateError::InvalidPurpose,
                _ => CertificateError::BadEncoding,
            }
        }
        DatabaseTrustRefusal::Chain(
            ChainRefusal::AnchorOutOfDate { .. } | ChainRefusal::IntermediateOutOfDate { .. },
        ) => CertificateError::Expired,
        DatabaseTrustRefusal::Chain(
            ChainRefusal::IntermediateKeyUsage { .. } | ChainRefusal::IntermediatePurpose { .. },
        ) => CertificateError::InvalidPurpose,
        DatabaseTrustRefusal::Chain(ChainRefusal::Path(error)) => match error {
            webpki::Error::CertExpired { .. } => CertificateError::Expired,
            webpki::Error::CertNotValidYet { .. } => CertificateError::NotValidYet,
            // Another CA of the same name.
            webpki::Error::InvalidSignatureForPublicKey => CertificateError::UnknownIssuer,
            _ => CertificateError::BadEncoding,
        },
        DatabaseTrustRefusal::Gate(_) => CertificateError::ApplicationVerificationFailure,
        _ => CertificateError::BadEncoding,
    }
}

/// Also accepts RSA keys from 1024 bits, as far as there is an algorithm for their signatures: PKCS #1, which TLS 1.2
/// uses.
fn weak_algorithms(strong: &WebPkiSupportedAlgorithms) -> WebPkiSupportedAlgorithms {
    type Mapping = Vec<(SignatureScheme, &'static [&'static dyn SignatureVerificationAlgorithm])>;
    static MAPPING: LazyLock<Mapping> = LazyLock::new(|| {
        let strong = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms;
        let weak = |(scheme, algorithms): &(SignatureScheme, _)| match scheme {
            SignatureScheme::RSA_PKCS1_SHA256 => (*scheme, WEAK_RSA_SHA256),
            SignatureScheme::RSA_PKCS1_SHA512 => (*scheme, WEAK_RSA_SHA512),
            _ => (*scheme, *algorithms),
        };
        strong.mapping.iter().map(weak).collect()
    });
    WebPkiSupportedAlgorithms {
        all: strong.all,
        mapping: &MAPPING,
    }
}

const WEAK_RSA_SHA256: &[&dyn SignatureVerificationAlgorithm] = &[WEAK_SHA256];
const WEAK_RSA_SHA512: &[&dyn SignatureVerificationAlgorithm] = &[WEAK_SHA512];
