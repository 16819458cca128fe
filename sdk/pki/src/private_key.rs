//! Private keys, held so that they leave no trace.

use std::fmt;

use rustls_pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use zeroize::Zeroizing;

use super::pem::{self, PemError};
use super::pem_block;

/// A private key in PEM: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017) or SEC 1 (RFC 5915).
///
/// A secret: it is wiped from memory when dropped, has no `Clone`, and its `Debug` shows nothing. Reading it is a call
/// one can search for: [`PrivateKeyPem::expose`], [`PrivateKeyPem::to_private_key_der`].
pub struct PrivateKeyPem {
    kind: PrivateKeyKind,
    der: Zeroizing<Vec<u8>>,
    pem: Zeroizing<String>,
}

/// The container a private key is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PrivateKeyKind {
    /// `BEGIN PRIVATE KEY`: any algorithm.
    Pkcs8,
    /// `BEGIN RSA PRIVATE KEY`: RSA only. RavenDB writes this form.
    Pkcs1,
    /// `BEGIN EC PRIVATE KEY`: elliptic curves only.
    Sec1,
}

/// A text holds no private key that can be used. The text itself is never repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateKeyError {
    /// No block of a kind that holds a private key.
    #[error("found no private key block such as \"-----BEGIN PRIVATE KEY-----\"")]
    Missing,
    /// More than one private key; which one is meant cannot be told.
    #[error("found {0} private keys; exactly one belongs here")]
    Several(usize),
    /// The key is encrypted with a passphrase.
    #[error("the private key is encrypted; decrypt it first, for instance with \"openssl pkey\"")]
    Encrypted,
    /// A private key of a kind that is not read, by its PEM label.
    #[error("a private key of the kind \"{0}\" is not read; convert it to PKCS#8, for instance with \"openssl pkey\"")]
    UnknownKind(String),
    /// The PEM text is broken.
    #[error("the PEM text of the private key is broken")]
    Pem(#[from] PemError),
    /// The content is not the DER of such a key.
    #[error("the content of the private key block is not DER")]
    NotDer,
}

impl PrivateKeyPem {
    /// Finds the one private key of a PEM text. Certificates and parameters beside it are stepped over.
    ///
    /// # Errors
    /// [`PrivateKeyError`]. A key that does not match its algorithm is found only when it is used.
    pub fn from_pem(text: &str) -> Result<Self, PrivateKeyError> {
        let blocks = pem::blocks(text)?;
        let mut keys = blocks.iter().filter(|block| block.is_private_key());
        let block = keys.next().ok_or(PrivateKeyError::Missing)?;
        let further = keys.count();
        if further > 0 {
            return Err(PrivateKeyError::Several(further + 1));
        }
        let kind = match block.label {
            "PRIVATE KEY" => PrivateKeyKind::Pkcs8,
            "RSA PRIVATE KEY" => PrivateKeyKind::Pkcs1,
            "EC PRIVATE KEY" => PrivateKeyKind::Sec1,
            "ENCRYPTED PRIVATE KEY" => return Err(PrivateKeyError::Encrypted),
            other => return Err(PrivateKeyError::UnknownKind(other.chars().take(40).collect())),
        };
        if block.has_headers() {
            return Err(PrivateKeyError::Encrypted);
        }
        Self::from_zeroizing(kind, block.decode()?)
    }

    /// From the DER bytes of a key in this container. The PEM text is made anew.
    ///
    /// # Errors
    /// [`PrivateKeyError::NotDer`] when the bytes are not one DER sequence.
    pub fn from_der(kind: PrivateKeyKind, der: impl Into<Vec<u8>>) -> Result<Self, PrivateKeyError> {
        Self::from_zeroizing(kind, Zeroizing::new(der.into()))
    }

    fn from_zeroizing(kind: PrivateKeyKind, der: Zeroizing<Vec<u8>>) -> Result<Self, PrivateKeyError> {
        let mut reader = super::der::DerReader::new(&der);
        reader
            .nested(super::der::SEQUENCE)
            .and_then(|_| reader.finish())
            .map_err(|_| PrivateKeyError::NotDer)?;
        let pem = Zeroizing::new(pem_block::pem_block(kind.label(), &der));
        Ok(Self { kind, der, pem })
    }

    /// The container the key is in.
    pub fn kind(&self) -> PrivateKeyKind {
        self.kind
    }

    /// The PEM text: **the secret itself**. One block, 64 characters a line, `\n` line ends, the last line included.
    pub fn expose(&self) -> &str {
        &self.pem
    }

    /// A copy of the key for a TLS library: **the secret itself**, which wipes its memory when dropped as well.
    pub fn to_private_key_der(&self) -> PrivateKeyDer<'static> {
        let der = self.der.to_vec();
        match self.kind {
            PrivateKeyKind::Pkcs8 => PrivatePkcs8KeyDer::from(der).into(),
            PrivateKeyKind::Pkcs1 => PrivatePkcs1KeyDer::from(der).into(),
            PrivateKeyKind::Sec1 => PrivateSec1KeyDer::from(der).into(),
        }
    }

    /// A second copy of the secret. A named call instead of `Clone`, so that copies can be found.
    pub fn clone_key(&self) -> Self {
        Self {
            kind: self.kind,
            der: self.der.clone(),
            pem: self.pem.clone(),
        }
    }
}

impl PrivateKeyKind {
    /// The label of the PEM block.
    pub fn label(self) -> &'static str {
        match self {
            Self::Pkcs8 => "PRIVATE KEY",
            Self::Pkcs1 => "RSA PRIVATE KEY",
            Self::Sec1 => "EC PRIVATE KEY",
        }
    }
}

impl fmt::Debug for PrivateKeyPem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKeyPem(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_and_never_shown() {
        let pem = rcgen::KeyPair::generate().unwrap().serialize_pem();
        let key = PrivateKeyPem::from_pem(&pem.replace('\n', "\r\n")).unwrap();
        assert_eq!(key.expose(), pem.replace("\r\n", "\n"));
        assert_eq!(key.kind(), PrivateKeyKind::Pkcs8);
        assert_eq!(format!("{key:?}"), "PrivateKeyPem(..)");
        assert_eq!(key.clone_key().to_private_key_der(), key.to_private_key_der());
    }

    #[test]
    fn what_cannot_be_used_is_told_apart() {
        let block = |label: &str, content: &str| format!("-----BEGIN {label}-----\n{content}\n-----END {label}-----\n");
        for (text, expected) in [
            (String::new(), PrivateKeyError::Missing),
            (block("ENCRYPTED PRIVATE KEY", "MAA="), PrivateKeyError::Encrypted),
            (
                block("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\n\nMAA="),
                PrivateKeyError::Encrypted,
            ),
            (
                block("DSA PRIVATE KEY", "MAA="),
                PrivateKeyError::UnknownKind("DSA PRIVATE KEY".to_owned()),
            ),
            (block("PRIVATE KEY", "AAAA"), PrivateKeyError::NotDer),
            (block("PRIVATE KEY", "MAA=").repeat(2), PrivateKeyError::Several(2)),
        ] {
            assert_eq!(PrivateKeyPem::from_pem(&text).unwrap_err(), expected, "{text}");
        }
        let with_parameters = block("EC PARAMETERS", "BggqhkjOPQMBBw==") + &block("EC PRIVATE KEY", "MAA=");
        assert_eq!(
            PrivateKeyPem::from_pem(&with_parameters).unwrap().kind(),
            PrivateKeyKind::Sec1
        );
    }
}
