//! A server certificate with its key and chain, checked and ready for use.

use std::fmt;
use std::sync::Arc;

use certward_pki::Certificate;
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// A certificate, its issuers, and its private key, which is used for signing only.
pub struct ServerCertificate {
    certificate: Certificate,
    chain: Vec<CertificateDer<'static>>,
    private_key: PrivateKeyDer<'static>,
    tls: Arc<CertifiedKey>,
}

impl ServerCertificate {
    /// Checks that the key belongs to the certificate and that TLS can use both.
    ///
    /// `chain` are the issuers, nearest first, without the certificate itself.
    ///
    /// # Errors
    ///
    /// The key's algorithm is not supported, or the key belongs to another certificate.
    pub fn new(
        certificate: Certificate,
        chain: Vec<CertificateDer<'static>>,
        private_key: PrivateKeyDer<'static>,
    ) -> Result<Self, UnusableServerCertificate> {
        let signing_key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&private_key)
            .map_err(UnusableServerCertificate::Key)?;
        let shown = std::iter::once(certificate.der().clone())
            .chain(chain.iter().cloned())
            .collect();
        let tls = CertifiedKey::new(shown, signing_key);
        tls.keys_match().map_err(UnusableServerCertificate::Mismatch)?;
        Ok(Self {
            certificate,
            chain,
            private_key,
            tls: Arc::new(tls),
        })
    }

    /// The certificate itself.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The issuers, nearest first.
    #[must_use]
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// The certificate followed by its issuers in PEM, for clients that have to trust it.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let issuers = self
            .chain
            .iter()
            .filter_map(|der| Certificate::from_der(der.clone()).ok());
        let issuers: String = issuers.map(|issuer| issuer.to_pem()).collect();
        self.certificate.to_pem() + &issuers
    }

    /// The certificate and key for TLS.
    #[must_use]
    pub fn tls(&self) -> &Arc<CertifiedKey> {
        &self.tls
    }

    /// The key, for [`crate::issuer`] to sign client certificates with.
    pub fn private_key(&self) -> &PrivateKeyDer<'static> {
        &self.private_key
    }
}

impl fmt::Debug for ServerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerCertificate")
            .field("thumbprint", &self.certificate.thumbprint())
            .finish_non_exhaustive()
    }
}

/// No server can run with this certificate and key.
#[derive(Debug, thiserror::Error)]
pub enum UnusableServerCertificate {
    /// The key is of a kind that TLS cannot use.
    #[error(
        "the server certificate's private key cannot be used; it must be RSA (2048 bits or more), ECDSA (P-256, P-384 or P-521) or Ed25519"
    )]
    Key(#[source] rustls::Error),
    /// The key does not match the certificate.
    #[error("the private key does not belong to the server certificate")]
    Mismatch(#[source] rustls::Error),
}
