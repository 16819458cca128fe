//! Reads a server certificate with its private key.

use rustls_pki_types::PrivateKeyDer;
use secrecy::SecretString;

use super::loaded::{ServerCertificate, UnusableServerCertificate};
use crate::certificate::{BundleError, CertificateBundle, issuers_above};

/// No server certificate can be read from a file. No error quotes the file, which holds a private key.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// Its certificates cannot be read.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The file does not hold exactly one private key.
    #[error("it holds {count} private keys; a server certificate comes with exactly one")]
    PrivateKeys {
        /// The number of private keys.
        count: usize,
    },
    /// The private key cannot be parsed.
    #[error("its private key is neither PKCS#8 nor PKCS#1 nor SEC 1")]
    UnreadableKey,
    /// The key matches none of the certificates, or TLS cannot use it.
    #[error("no server can be run with it")]
    Unusable(#[source] UnusableServerCertificate),
}

/// Reads a server certificate: a PKCS#12 file, or PEM text, with one private key, its certificate, and any issuers.
///
/// # Errors
///
/// [`ParseError::PrivateKeys`] without exactly one key, [`ParseError::Unusable`] if it matches none of the
/// certificates, [`ParseError::Bundle`] if the file cannot be parsed.
pub async fn parse_server_certificate(
    file: Vec<u8>,
    password: Option<SecretString>,
) -> Result<ServerCertificate, ParseError> {
    let contents = CertificateBundle::with_private_keys(file, password).await?;
    let [key] = contents.private_keys.as_slice() else {
        return Err(ParseError::PrivateKeys {
            count: contents.private_keys.len(),
        });
    };
    let certificates = &contents.certificates;
    let mut reason: Option<UnusableServerCertificate> = None;
    // Usually the first; some tools write the issuers first.
    for certificate in certificates {
        let key = PrivateKeyDer::try_from(key.as_slice())
            .map_err(|_| ParseError::UnreadableKey)?
            .clone_key();
        match ServerCertificate::new(certificate.clone(), issuers_above(certificate, certificates), key) {
            Ok(loaded) => return Ok(loaded),
            // That the key is not an issuer's is no news; what is wrong with its own certificate is.
            Err(error) if reason.as_ref().is_none_or(is_of_another_key) => reason = Some(error),
            Err(_) => {}
        }
    }
    Err(reason.map_or(ParseError::Bundle(BundleError::Empty), ParseError::Unusable))
}

fn is_of_another_key(error: &UnusableServerCertificate) -> bool {
    matches!(
        error,
        UnusableServerCertificate::Mismatch(rustls::Error::InconsistentKeys(_))
    )
}
