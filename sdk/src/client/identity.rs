//! The identity of the client: a certificate and its private key.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::InconsistentKeys;
use rustls::sign::{CertifiedKey, SigningKey};
#[cfg(feature = "pkcs12")]
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::error::Error;
use super::file::CredentialFile;
use super::tls::crypto_provider;
#[cfg(feature = "setup-package")]
use super::zip_files::ZipFiles;
use crate::pki::{Certificate, PrivateKeyPem, PublicKey, certificates_from_pem};
#[cfg(feature = "pkcs12")]
use crate::pki::{PrivateKeyKind, archive::pkcs12};

/// A client certificate, the certificates above it, and its private key.
///
/// Key and certificate are compared when it is made, without a connection. No `Clone`, and `Debug` shows the certificate
/// only.
pub struct Identity {
    chain: Vec<Certificate>,
    private_key: PrivateKeyPem,
}

impl Identity {
    /// From PEM texts. The first certificate is the client's; those after it are sent along. Both texts may be the same.
    ///
    /// # Errors
    /// [`Error::is_configuration`]: no certificate or no private key, an encrypted key, or a key of another certificate.
    pub fn from_pem(certificate: &str, private_key: &str) -> Result<Self, Error> {
        let without_keys = Zeroizing::new(without_private_keys(certificate));
        let chain = certificates_from_pem(&without_keys)
            .map_err(|error| Error::configuration("cannot read the client certificate").with_source(error))?;
        let private_key = PrivateKeyPem::from_pem(private_key).map_err(|error| {
            Error::configuration("cannot read the private key of the client certificate").with_source(error)
        })?;
        Self::new(chain, private_key)
    }

    /// As [`Identity::from_pem`], from files as [`CredentialFile`] reads them. Both may be the same.
    ///
    /// # Errors
    /// As [`Identity::from_pem`], and when a file cannot be read.
    pub fn from_pem_files(certificate: impl AsRef<Path>, private_key: impl AsRef<Path>) -> Result<Self, Error> {
        let (certificate, private_key) = (CredentialFile::read(certificate)?, CredentialFile::read(private_key)?);
        Self::from_pem(certificate.text()?, private_key.text()?)
    }

    /// As [`Identity::from_pkcs12`], from a file as [`CredentialFile`] reads it.
    ///
    /// # Errors
    /// As [`Identity::from_pkcs12`], and when the file cannot be read.
    #[cfg(feature = "pkcs12")]
    pub fn from_pkcs12_file(path: impl AsRef<Path>, password: &SecretString) -> Result<Self, Error> {
        Self::from_pkcs12(CredentialFile::read(path)?.bytes(), password)
    }

    /// From a PKCS#12 file (`.pfx`, `.p12`), which holds exactly one private key. The cipher may be old and the encoding
    /// BER, as OpenSSL, Windows, Java, Firefox and Bouncy Castle have written them in the last twenty-five years.
    ///
    /// # Errors
    /// [`Error::is_configuration`], and [`Error::report`] says which: no PKCS#12, damage, a wrong password, an algorithm
    /// that is not supported, more iterations of a key derivation than an honest file asks for, no private key, or a zip archive, which
    /// [`Identity::from_setup_zip`] reads.
    #[cfg(feature = "pkcs12")]
    pub fn from_pkcs12(bytes: &[u8], password: &SecretString) -> Result<Self, Error> {
        if bytes.starts_with(ZIP_MAGIC) {
            return Err(Error::configuration(
                "cannot read the PKCS#12 file: this is a zip archive; give the .pfx inside it, or read it as a setup zip",
            ));
        }
        let unreadable = "cannot read the PKCS#12 file";
        let contents = pkcs12::read(bytes, password.expose_secret(), true)
            .map_err(|error| Error::configuration(unreadable).with_source(error))?;
        let [key] = contents.private_keys.as_slice() else {
            let found = contents.private_keys.len();
            return Err(Error::configuration(format!(
                "the PKCS#12 file holds {found} private keys; exactly one belongs there"
            )));
        };
        let private_key = PrivateKeyPem::from_der(PrivateKeyKind::Pkcs8, key.to_vec()).map_err(|error| {
            Error::configuration("cannot read the private key of the PKCS#12 file").with_source(error)
        })?;
        let certificates = contents.certificates.into_iter().map(Certificate::from_der);
        let mut chain = certificates.collect::<Result<Vec<_>, _>>().map_err(|error| {
            Error::configuration("cannot read a certificate of the PKCS#12 file").with_source(error)
        })?;
        // The file does not say in which order certificates stand; the key tells which one is the client's.
        let signing_key = signing_key(&private_key)?;
        let own = signing_key.public_key().and_then(|own_key| {
            chain
                .iter()
                .position(|certificate| certificate.subject_public_key_info_der() == own_key.as_ref())
        });
        if let Some(own) = own {
            chain.swap(0, own);
            order_by_issuer(&mut chain);
        }
        Self::new(chain, private_key)
    }

    /// From the zip that RavenDB's setup wizard, `generateClientCert` or the Studio gives: the `.crt` and `.key` in it, or
    /// the `.pfx` when there is no such pair. An entry whose name holds `client.certificate` goes before others.
    ///
    /// # Errors
    /// [`Error::is_configuration`]: no zip, nothing of that kind in it, or what the other two constructors refuse.
    #[cfg(feature = "setup-package")]
    pub fn from_setup_zip(bytes: &[u8], password: &SecretString) -> Result<Self, Error> {
        let mut files = ZipFiles::read(bytes).map_err(|error| error.configuration("cannot read the setup zip"))?;
        files.0.sort_by_key(|file| !file.name.contains("client.certificate"));
        for certificate in files.0.iter().filter(|file| file.has_extension("crt")) {
            if let Some(key) = files
                .0
                .iter()
                .find(|file| file.has_extension("key") && file.stem() == certificate.stem())
            {
                return Self::from_pem(certificate.text()?, key.text()?);
            }
        }
        match files
            .0
            .iter()
            .find(|file| file.has_extension("pfx") || file.has_extension("p12"))
        {
            Some(pfx) => Self::from_pkcs12(&pfx.content, password),
            None => Err(Error::configuration(
                "the setup zip holds neither a .crt with its .key nor a .pfx",
            )),
        }
    }

    /// From values that were read already.
    ///
    /// # Errors
    /// [`Error::is_configuration`]: no certificate, or a key of another certificate.
    pub fn new(chain: Vec<Certificate>, private_key: PrivateKeyPem) -> Result<Self, Error> {
        let identity = Self { chain, private_key };
        identity.certified_key().map(|_| identity)
    }

    /// The client's certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.chain[0]
    }

    /// The client's certificate and those above it, as they are sent.
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// The private key: **a secret**.
    pub fn private_key(&self) -> &PrivateKeyPem {
        &self.private_key
    }

    pub(crate) fn certified_key(&self) -> Result<CertifiedKey, Error> {
        let certificate = self
            .chain
            .first()
            .ok_or_else(|| Error::configuration("the client identity has no certificate"))?;
        let signing_key = signing_key(&self.private_key)?;
        let key_kind = signing_key
            .public_key()
            .and_then(|spki| PublicKey::from_spki_der(&spki).ok());
        let chain = self.chain.iter().map(|certificate| certificate.der().clone()).collect();
        let certified = CertifiedKey::new(chain, signing_key);
        match certified.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
            Err(_) => Err(Error::configuration(match key_kind {
                Some(kind) if kind != *certificate.public_key() => format!(
                    "the private key does not belong to the client certificate {}: the key is {kind}, the certificate holds {}",
                    certificate.subject(),
                    certificate.public_key()
                ),
                _ => format!(
                    "the private key does not belong to the client certificate {}",
                    certificate.subject()
                ),
            })),
        }
    }
}

fn signing_key(private_key: &PrivateKeyPem) -> Result<Arc<dyn SigningKey>, Error> {
    crypto_provider()
        .key_provider
        .load_private_key(private_key.to_private_key_der())
        .map_err(|error| {
            Error::configuration("the private key of the client certificate is of a kind that TLS here cannot use")
                .with_source(error)
        })
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("certificate", self.certificate())
            .finish_non_exhaustive()
    }
}

/// Brings the issuer of each certificate behind it, as TLS 1.2 sends a chain (RFC 5246 7.4.2). Those that issued none of the
/// chain stay at its end.
#[cfg(feature = "pkcs12")]
fn order_by_issuer(chain: &mut [Certificate]) {
    for place in 1..chain.len() {
        let issuer = (place..chain.len()).find(|&other| chain[other].issued(&chain[place - 1]));
        match issuer {
            Some(issuer) => chain.swap(place, issuer),
            None => return,
        }
    }
}

/// One file with certificate and key is common (`cat admin.crt admin.key`); the key in it is no mistake here.
fn without_private_keys(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_key = false;
    for line in text.lines() {
        let trimmed = line.trim();
        in_key |= trimmed.starts_with("-----BEGIN ") && trimmed.ends_with("PRIVATE KEY-----");
        if !in_key {
            out.push_str(line);
            out.push('\n');
        }
        in_key &= !(trimmed.starts_with("-----END ") && trimmed.ends_with("PRIVATE KEY-----"));
    }
    out
}

#[cfg(feature = "pkcs12")]
const ZIP_MAGIC: &[u8] = b"PK\x03\x04";
