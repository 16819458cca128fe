//! The TLS configuration of a database: its own trust is checked within the handshake, so that the alert tells a
//! refused client the reason.

use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use certward_pki::{Certificate, certificates_from_pem};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{
    CertificateError, ConfigBuilder, Error, ServerConfig, SignatureScheme, SupportedProtocolVersion, WantsVerifier,
};
use tokio_rustls::TlsAcceptor;

use super::admission::ClientCertificate;
use certward_certificates::certificate::ChainBounds;
use certward_certificates::trust::strength::{Strength, WEAK_SHA256, WEAK_SHA512};
use certward_certificates::trust::{ChainRefusal, EndEntityFault};
use certward_redis_model::database::trust::{AdmittedCertificate, DatabaseTrust, DatabaseTrustRefusal};
use certward_redis_model::database::{Database, ProxyCertificate};
use certward_redis_model::named_certificate::NamedCertificate;
use certward_redis_model::settings::TlsVersion;
use certward_system::clock::Clock;
use certward_transport::listener::client_certificate::{CertificateRequest, ClientVerifier, HandshakePolicy};
use certward_transport::listener::tls::{crypto_provider, hardened};

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

/// TLS parameters of a database, from which each handshake is configured.
pub(super) struct TlsParameters {
    versions: ConfigBuilder<ServerConfig, WantsVerifier>,
    /// Presented for every name: a database has one certificate.
    certificate: Arc<SingleCertAndKey>,
    algorithms: WebPkiSupportedAlgorithms,
    bounds: ChainBounds,
    request: CertificateRequest,
}

/// A handshake with one client.
pub(super) struct Handshake {
    acceptor: TlsAcceptor,
    verifier: Arc<ClientVerifier<TrustCheck>>,
}

/// The decision on a client's certificate in its handshake.
pub(super) type Judged = Result<(ClientCertificate, AdmittedCertificate), CertificateRefusal>;

/// The handshake refuses a client's certificate.
#[derive(Debug)]
pub(super) enum CertificateRefusal {
    /// It cannot be parsed.
    Unreadable(certward_pki::CertificateError),
    /// It is not trusted.
    Untrusted(Certificate, DatabaseTrustRefusal),
}

impl TlsParameters {
    /// The client's certificate is required, requested or not requested, as the database says.
    ///
    /// # Errors
    ///
    /// The cryptography library was built without the protocol versions; it is not.
    pub(super) fn new(
        database: &Database,
        strength: Strength,
        certificate: Arc<CertifiedKey>,
        oldest: TlsVersion,
        bounds: ChainBounds,
    ) -> Result<Self, UnusableTls> {
        let provider = crypto_provider();
        let versions: &[&'static SupportedProtocolVersion] = match oldest {
            TlsVersion::V1_2 => &[&TLS13, &TLS12],
            TlsVersion::V1_3 => &[&TLS13],
        };
        let tls = &database.tls;
        Ok(Self {
            certificate: Arc::new(SingleCertAndKey::from(certificate)),
            algorithms: match strength {
                Strength::Strong => provider.signature_verification_algorithms,
                Strength::DangerAllowWeak => weak_algorithms(&provider.signature_verification_algorithms),
            },
            bounds,
            request: if tls.enforce_client_authentication {
                CertificateRequest::Mandatory
            } else if tls.client_certificates.certificates().is_empty() {
                CertificateRequest::None
            } else {
                CertificateRequest::Optional
            },
            versions: ServerConfig::builder_with_provider(provider)
                .with_protocol_versions(versions)
                .map_err(UnusableTls::Tls)?,
        })
    }

    /// A handshake with a client whose certificate is checked against `trust`.
    pub(super) fn handshake(&self, trust: &Arc<DatabaseTrust>, clock: &Arc<dyn Clock>) -> Handshake {
        let check = TrustCheck {
            trust: Arc::clone(trust),
            request: self.request,
            clock: Arc::clone(clock),
            judged: Mutex::default(),
        };
        let verifier = Arc::new(ClientVerifier::new(self.algorithms, self.bounds, check));
        let config = self
            .versions
            .clone()
            .with_client_cert_verifier(Arc::<ClientVerifier<TrustCheck>>::clone(&verifier))
            .with_cert_resolver(Arc::<SingleCertAndKey>::clone(&self.certificate));
        Handshake {
            acceptor: TlsAcceptor::from(hardened(config)),
            verifier,
        }
    }
}

impl Handshake {
    pub(super) fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }

    /// The decision on the client's certificate; none if it has presented none.
    pub(super) fn into_judged(self) -> Option<Judged> {
        self.verifier.policy().judged().take()
    }
}

impl CertificateRefusal {
    /// The error for which rustls sends the alert.
    fn to_alert(&self) -> CertificateError {
        match self {
            Self::Unreadable(_) => CertificateError::BadEncoding,
            Self::Untrusted(_, refusal) => to_alert(refusal),
        }
    }
}

/// `TlsAcceptor` has no `Debug`.
impl fmt::Debug for TlsParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsParameters")
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
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
struct TrustCheck {
    trust: Arc<DatabaseTrust>,
    request: CertificateRequest,
    clock: Arc<dyn Clock>,
    judged: Mutex<Option<Judged>>,
}

impl TrustCheck {
    fn judged(&self) -> MutexGuard<'_, Option<Judged>> {
        self.judged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HandshakePolicy for TrustCheck {
    fn request(&self) -> CertificateRequest {
        self.request
    }

    fn judge(&self, end_entity: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>]) -> Result<(), Error> {
        let judged = ClientCertificate::parse(end_entity, intermediates)
            .map_err(CertificateRefusal::Unreadable)
            .and_then(
                |certificate| match certificate.admitted_by(&self.trust, self.clock.now()) {
                    Ok(admitted) => Ok((certificate, admitted)),
                    Err(refusal) => Err(CertificateRefusal::Untrusted(certificate.end_entity, refusal)),
                },
            );
        let alert = judged.as_ref().map(drop).map_err(|refusal| refusal.to_alert().into());
        *self.judged() = Some(judged);
        alert
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
