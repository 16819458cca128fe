//! Generating keys and certificates.
//!
//! RSA keys take seconds to generate, so a pool of them is kept ready and a response takes milliseconds. No private key
//! is stored: it is wiped after the response.

mod archive;
mod key;
mod pool;
mod profile;
pub mod service;
pub mod setup;

use std::sync::Arc;

use certward_pki::Certificate;
use key::ClientKey;
pub use key::KeyAlgorithm;
use pool::KeyPool;
pub use profile::client_certificate_validity;
use secrecy::{ExposeSecret as _, SecretString};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::pkcs12;
use crate::server_certificate::ServerCertificate;

/// Issues client certificates, signed by the server certificate.
#[derive(Debug)]
pub struct Issuer {
    pool: KeyPool,
}

/// A newly issued certificate, with the only copy of its key.
pub struct IssuedCertificate {
    /// The certificate.
    pub certificate: Certificate,
    /// The certificate in PEM, without a final line end (observed on 7.2.7).
    pub certificate_pem: String,
    /// The key in PEM: PKCS#1 for RSA, SEC 1 for ECDSA, unencrypted, without a final line end.
    pub private_key_pem: Zeroizing<String>,
    /// Both, as a PKCS#12 file with the requested password.
    pub pfx: Zeroizing<Vec<u8>>,
    /// The three as a zip archive: `<name>.pfx`, `<name>.crt`, `<name>.key`, Unix mode 0600.
    pub archive: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for IssuedCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedCertificate")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

/// No certificate could be issued.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// Only RSA keys sign client certificates, as on the real server
    /// (`docs/contracts/ravendb.md#generated-certificate`).
    #[error("the server certificate's key is not RSA; client certificates are signed with RSA keys only")]
    ServerKeyNotRsa,
    /// The key is RSA, but cannot be used.
    #[error("the server certificate's key was rejected: {0}")]
    ServerKeyRejected(String),
    /// The cryptographic library failed.
    #[error("the cryptographic library could not {0}")]
    Cryptography(&'static str),
    /// The issued certificate cannot be parsed.
    #[error("the certificate issued is not readable")]
    Certificate(#[source] certward_pki::CertificateError),
    /// The archive could not be written.
    #[error("the archive could not be written")]
    Archive(#[source] zip::result::ZipError),
    /// A set-up certificate could not be issued.
    #[error("a certificate for the setup could not be made")]
    Setup(#[source] rcgen::Error),
    /// The server is stopping.
    #[error("the server stopped before the certificate was issued")]
    Stopped,
}

impl Issuer {
    /// Starts a thread that keeps `key_pool_size` keys of this kind ready. With 0, each request generates its key.
    #[must_use]
    pub fn new(algorithm: KeyAlgorithm, key_pool_size: usize) -> Self {
        Self {
            pool: KeyPool::new(algorithm, key_pool_size),
        }
    }

    /// The number of keys that are ready, for metrics.
    #[must_use]
    pub fn ready_keys(&self) -> usize {
        self.pool.ready()
    }

    /// Issues a client certificate with the common name `name`, valid from seven days before the last UTC midnight to
    /// `not_after`, or to five years after that midnight.
    ///
    /// # Errors
    ///
    /// [`IssuerError::ServerKeyNotRsa`] and [`IssuerError::ServerKeyRejected`] if the server certificate cannot sign;
    /// the others should not occur.
    pub async fn issue(
        &self,
        server: Arc<ServerCertificate>,
        name: String,
        not_after: Option<OffsetDateTime>,
        password: Option<SecretString>,
        now: OffsetDateTime,
    ) -> Result<IssuedCertificate, IssuerError> {
        let key = self.pool.take().await?;
        // Signing and packing take milliseconds of CPU, which do not belong on the reactor.
        let work = tokio::task::spawn_blocking(move || {
            let password = password.as_ref().map_or("", |password| password.expose_secret());
            issue_with(key, &server, &name, not_after, password, now)
        });
        work.await.unwrap_or(Err(IssuerError::Stopped))
    }
}

fn issue_with(
    key: ClientKey,
    server: &ServerCertificate,
    name: &str,
    not_after: Option<OffsetDateTime>,
    password: &str,
    now: OffsetDateTime,
) -> Result<IssuedCertificate, IssuerError> {
    let certificate = profile::client_certificate(server, name, &key, client_certificate_validity(not_after, now))?;
    let certificate_pem = certificate.to_pem().trim_end().to_owned();
    let private_key_pem = key.traditional_pem()?;
    let pfx = pkcs12::write(&[certificate.der()], key.pkcs8(), password)
        .map_err(|_| IssuerError::Cryptography("encrypt a PKCS#12 file"))?;
    let archive = archive::write(name, &pfx, &certificate_pem, &private_key_pem).map_err(IssuerError::Archive)?;
    Ok(IssuedCertificate {
        certificate,
        certificate_pem,
        private_key_pem,
        pfx,
        archive,
    })
}

/// Generates a key and discards it.
#[cfg(any(test, feature = "test-util"))]
pub fn make_key_for_measurement(algorithm: KeyAlgorithm) {
    ClientKey::generate(algorithm).expect("keys can be made");
}
