//! The certificates of a file, sorted into end entities and their issuers.

use certward_pki::archive::pkcs7::Pkcs7Error;
use certward_pki::archive::pkcs12::Pkcs12Error;
use certward_pki::{Certificate, CertificateError};
use rustls_pki_types::CertificateDer;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::formats::{self, Contents};

/// One or more end-entity certificates, each with the issuers that came with it, in the order of the file.
#[derive(Debug, Clone)]
pub struct CertificateBundle {
    end_entities: Vec<EndEntity>,
}

/// A certificate that issued no other certificate of its file.
#[derive(Debug, Clone)]
pub struct EndEntity {
    /// The certificate.
    pub certificate: Certificate,
    /// The certificates above it, by name, nearest first. Signatures are not checked.
    pub issuer_chain: Vec<CertificateDer<'static>>,
}

/// The certificates of a file, in its order, and its private keys in PKCS#8, PKCS#1 or SEC 1.
pub struct FileContents {
    pub certificates: Vec<Certificate>,
    pub private_keys: Vec<Zeroizing<Vec<u8>>>,
}

/// Certificates cannot be read from a file. No error quotes the file, which may hold a private key.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The file has none of the known formats.
    #[error("it is neither a DER certificate nor PEM, PKCS#7 or PKCS#12")]
    UnknownFormat,
    /// PEM without an end line, or with invalid Base64.
    #[error("its PEM text is broken")]
    Pem,
    /// A PKCS#7 file of another kind, or a malformed one.
    #[error("it cannot be read as PKCS#7")]
    Pkcs7(#[from] Pkcs7Error),
    /// A PKCS#12 file that cannot be opened: malformed, wrong password, or too expensive.
    #[error("it cannot be read as PKCS#12")]
    Pkcs12(#[from] Pkcs12Error),
    /// A certificate in it is invalid.
    #[error("certificate {place} in it is not readable")]
    Certificate {
        /// Counted from 1.
        place: usize,
        /// The cause.
        #[source]
        source: CertificateError,
    },
    /// The file holds no certificate.
    #[error("it holds no certificate")]
    Empty,
    /// All certificates issued each other in a circle.
    #[error("every certificate in it issued another one in it")]
    NoEndEntity,
    /// More certificates than a collection may have.
    #[error("it holds {count} certificates; at most {MAX_CERTIFICATES} are read")]
    TooMany {
        /// The number of certificates, or the number found before parsing stopped.
        count: usize,
    },
    /// An encrypted private key in PEM.
    #[error("its private key is encrypted in a way that only PKCS#12 files are read with")]
    EncryptedPemKey,
    /// The server is stopping.
    #[error("the server stopped before it was read")]
    Stopped,
}

impl CertificateBundle {
    /// Parses a DER certificate, PEM text, a PKCS#7 or a PKCS#12 file. Private keys in it are ignored, and wiped with
    /// the file. `password` opens a PKCS#12 file; without one, the empty password is tried.
    ///
    /// At most four files are parsed at once, outside the reactor: a PKCS#12 file may require a second of CPU.
    ///
    /// # Errors
    ///
    /// [`BundleError`]; no input panics.
    pub async fn parse(file: Vec<u8>, password: Option<SecretString>) -> Result<Self, BundleError> {
        let file = Zeroizing::new(file);
        on_blocking_pool(move || Self::from_contents(formats::read(&file, text(password.as_ref()), false)?)).await
    }

    /// A bundle of separate certificates, sorted by the same rule.
    ///
    /// # Errors
    ///
    /// [`BundleError::NoEndEntity`] and [`BundleError::Empty`].
    pub fn from_certificates(certificates: Vec<Certificate>) -> Result<Self, BundleError> {
        if certificates.is_empty() {
            return Err(BundleError::Empty);
        }
        let is_end_entity = |candidate: &&Certificate| {
            !certificates
                .iter()
                .any(|other| other != *candidate && candidate.issued(other))
        };
        let end_entities: Vec<EndEntity> = certificates
            .iter()
            .filter(is_end_entity)
            .map(|certificate| EndEntity {
                certificate: certificate.clone(),
                issuer_chain: issuers_above(certificate, &certificates),
            })
            .collect();
        if end_entities.is_empty() {
            Err(BundleError::NoEndEntity)
        } else {
            Ok(Self { end_entities })
        }
    }

    /// The certificates to register, at least one. The first of several is the primary of their collection.
    #[must_use]
    pub fn end_entities(&self) -> &[EndEntity] {
        &self.end_entities
    }

    /// Returns [`Self::end_entities`] by value.
    #[must_use]
    pub fn into_end_entities(self) -> Vec<EndEntity> {
        self.end_entities
    }

    /// All certificates of a file, and its private keys, parsed as by [`Self::parse`].
    pub async fn with_private_keys(file: Vec<u8>, password: Option<SecretString>) -> Result<FileContents, BundleError> {
        let file = Zeroizing::new(file);
        on_blocking_pool(move || {
            let contents = formats::read(&file, text(password.as_ref()), true)?;
            Ok(FileContents {
                certificates: certificates(contents.certificates)?,
                private_keys: contents.private_keys,
            })
        })
        .await
    }

    fn from_contents(contents: Contents) -> Result<Self, BundleError> {
        Self::from_certificates(certificates(contents.certificates)?)
    }
}

/// Like [`CertificateBundle::parse`] without a password, on this thread.
#[cfg(any(test, feature = "fuzzing"))]
pub fn read_here(file: &[u8]) -> Result<CertificateBundle, BundleError> {
    CertificateBundle::from_contents(formats::read(file, "", true)?)
}

/// The reason why `password` does not open a PKCS#12 file. None if it does, and for any other file.
pub fn refused_password(file: &[u8], password: &str) -> Option<Pkcs12Error> {
    match formats::read(file, password, true) {
        Err(BundleError::Pkcs12(error)) if is_about_password(&error) => Some(error),
        _ => None,
    }
}

/// Returns `true` if another password could open the file.
pub fn is_about_password(error: &Pkcs12Error) -> bool {
    matches!(error, Pkcs12Error::WrongPassword | Pkcs12Error::Undecryptable)
}

fn certificates(ders: Vec<Vec<u8>>) -> Result<Vec<Certificate>, BundleError> {
    let mut certificates: Vec<Certificate> = Vec::with_capacity(ders.len());
    for (place, der) in (1..).zip(ders) {
        let certificate = Certificate::from_der(der).map_err(|source| BundleError::Certificate { place, source })?;
        if !certificates.contains(&certificate) {
            certificates.push(certificate);
        }
    }
    Ok(certificates)
}

/// The certificates above `certificate`, nearest first, found by name.
pub fn issuers_above(certificate: &Certificate, certificates: &[Certificate]) -> Vec<CertificateDer<'static>> {
    let mut chain: Vec<&Certificate> = Vec::new();
    let mut below = certificate;
    while let Some(issuer) = certificates
        .iter()
        .find(|candidate| candidate.issued(below) && *candidate != certificate && !chain.contains(candidate))
    {
        chain.push(issuer);
        if issuer.is_self_issued() {
            break;
        }
        below = issuer;
    }
    chain.into_iter().map(|issuer| issuer.der().clone()).collect()
}

fn text(password: Option<&SecretString>) -> &str {
    password.map_or("", |password| password.expose_secret())
}

async fn on_blocking_pool<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BundleError> + Send + 'static,
) -> Result<T, BundleError> {
    let turn = AT_ONCE.acquire().await.map_err(|_| BundleError::Stopped)?;
    let work = move || {
        // It ends with the work, also when nobody waits for the work any more.
        let _turn = turn;
        work()
    };
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or(Err(BundleError::Stopped))
}

/// Limits the number of files that the process parses at the same time.
static AT_ONCE: Semaphore = Semaphore::const_new(4);
/// A collection has a few certificates, a chain a few more.
pub(super) const MAX_CERTIFICATES: usize = 128;
