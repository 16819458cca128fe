//! The rules for connections to a database: TLS, its trusted client certificates, and the authorized subjects.

use std::fmt;
use std::sync::Arc;

use certward_pki::{Certificate, PemError, PrivateKeyPem, Sha256Fingerprint, certificates_from_pem};
use serde::{Deserialize, Serialize};

use certward_certificates::trust::{AuthorizedSubject, SubjectValidation};

/// TLS settings of a database.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DatabaseTls {
    /// Use of TLS.
    pub mode: TlsMode,
    /// Clients must present a certificate.
    pub enforce_client_authentication: bool,
    /// The trusted certificates of clients. They are not those of `mtls_trusted_ca`.
    pub client_certificates: ClientCertificates,
    /// The validation of subjects. It does not apply to certificates that are themselves in `client_certificates`.
    pub subject_validation: SubjectValidation,
    /// The authorized subjects.
    pub authorized_subjects: Vec<AuthorizedSubject>,
    /// Authorized common names and DNS names: the older form of the authorized subjects.
    pub authorized_names: Vec<String>,
    /// Expired client certificates are accepted.
    pub allow_outdated_certificates: bool,
    /// Signatures with SHA-1 and RSA keys below 2048 bits are accepted.
    pub allow_weak_hashing: bool,
    /// Client certificates without an extended key usage, or with anyExtendedKeyUsage, are accepted.
    #[serde(default)]
    pub allow_missing_extended_key_usage: bool,
    /// The server certificate of the database; none for the cluster's `proxy` certificate.
    #[serde(skip)]
    pub certificate: Option<Arc<ProxyCertificate>>,
}

/// Use of TLS by clients of a database: `tls_mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum TlsMode {
    /// Clients use TLS.
    Enabled,
    /// Clients use plain TCP.
    #[default]
    Disabled,
}

/// The certificates that a database trusts: CAs, intermediates, or a client's own (`authentication_ssl_client_certs`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct ClientCertificates {
    texts: Vec<String>,
    certificates: Vec<Certificate>,
}

impl ClientCertificates {
    /// Parses texts of one or more PEM certificates each. It does not check that they can be trusted.
    ///
    /// # Errors
    ///
    /// The index of the text, from 0 on, and its error.
    pub fn from_pem_texts(texts: Vec<String>) -> Result<Self, (usize, PemError)> {
        let mut certificates = Vec::with_capacity(texts.len());
        for (number, text) in texts.iter().enumerate() {
            certificates.extend(certificates_from_pem(text).map_err(|error| (number, error))?);
        }
        Ok(Self { texts, certificates })
    }

    /// The list without this certificate; none if it is not in the list.
    pub fn without(&self, fingerprint: Sha256Fingerprint) -> Option<Self> {
        let is_it = |certificate: &&Certificate| certificate.fingerprint() == fingerprint;
        let left: Vec<_> = self
            .certificates
            .iter()
            .filter(|certificate| !is_it(certificate))
            .cloned()
            .collect();
        (left.len() < self.certificates.len()).then(|| Self {
            texts: left.iter().map(Certificate::to_pem).collect(),
            certificates: left,
        })
    }

    /// The texts as given.
    #[must_use]
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// The certificates of all texts, in order.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }
}

impl TryFrom<Vec<String>> for ClientCertificates {
    type Error = PemError;

    fn try_from(texts: Vec<String>) -> Result<Self, PemError> {
        Self::from_pem_texts(texts).map_err(|(_, error)| error)
    }
}

impl From<ClientCertificates> for Vec<String> {
    fn from(certificates: ClientCertificates) -> Self {
        certificates.texts
    }
}

/// A database's own server certificate and its key.
pub struct ProxyCertificate {
    /// The chain in PEM, the end entity first.
    pub chain: String,
    /// The key of the end entity.
    pub key: PrivateKeyPem,
}

/// Compares the chains: a certificate has one key.
impl PartialEq for ProxyCertificate {
    fn eq(&self, other: &Self) -> bool {
        self.chain == other.chain
    }
}

impl Eq for ProxyCertificate {}

impl fmt::Debug for ProxyCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyCertificate").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_recorded_before_the_setting_asks_for_a_purpose() {
        let allowing = DatabaseTls {
            allow_missing_extended_key_usage: true,
            ..DatabaseTls::default()
        };
        let mut recorded = serde_json::to_value(&allowing).unwrap();
        let read = |recorded: &serde_json::Value| DatabaseTls::deserialize(recorded).unwrap();
        assert_eq!(read(&recorded), allowing);
        let member = recorded
            .as_object_mut()
            .unwrap()
            .remove("allow_missing_extended_key_usage");
        assert!(member.is_some());
        assert_eq!(read(&recorded), DatabaseTls::default());
    }
}
