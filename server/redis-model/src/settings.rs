//! The settings of the cluster: those members of `PUT /v1/cluster` that are settings
//! (`docs/contracts/redis-enterprise.md#cluster`), by their names there.

use serde::{Deserialize, Serialize};

use super::policy::{ClusterPolicy, OcspSettings};
use certward_certificates::trust::{AuthorizedSubject, SubjectValidation};

/// The settings of a cluster. The store uses these names; a setting that an older store lacks has its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClusterSettings {
    /// Certificate authentication: a certificate of a trusted CA admits a certificate user. Default: no.
    pub mtls_certificate_authentication: bool,
    /// The validation of a certificate's subject before its user is looked up. Default: none.
    pub mtls_client_cert_subject_validation_type: SubjectValidation,
    /// The authorized subjects. Default: none.
    pub mtls_authorized_subjects: Vec<AuthorizedSubject>,
    /// Basic authentication: a name and a password admit a user. Default: yes.
    pub control_plane_basic_authentication: bool,
    /// For databases; stored for clients that read it back. Default: no, as with the next three.
    pub dmc_external_authentication: bool,
    /// For databases.
    pub dmc_external_cba_authentication: bool,
    /// For databases.
    pub dmc_external_ldap_authentication: bool,
    /// For databases.
    pub dmc_external_entraid_authentication: bool,
    /// The oldest TLS version of the API. Default: 1.2.
    pub min_control_tls_version: TlsVersion,
    /// The oldest TLS version of databases. Default: 1.2.
    pub min_data_tls_version: TlsVersion,
    /// The oldest TLS version of the discovery service. Default: 1.2.
    pub min_sentinel_tls_version: TlsVersion,
    /// Cipher suites of the API, in OpenSSL's format. Default: `DEFAULT:!3DES`.
    pub control_cipher_suites: String,
    /// Cipher suites of databases, in OpenSSL's format. Default: `DEFAULT:!3DES`.
    pub data_cipher_list: String,
    /// Stored for clients that read it back. Default: no.
    pub encrypt_pkeys: bool,
    /// Passwords need characters of several kinds. Default: no.
    pub password_complexity: bool,
    /// The minimum length of a password in characters, 8 to 256. Default: 8.
    pub password_min_length: u32,
    /// The lifetime of passwords in days; 0, the default, for no expiry.
    pub password_expiration_duration: u32,
    /// The algorithm that `GET` reports for password hashing. The server uses Argon2id regardless.
    pub password_hashing_algorithm: PasswordHashingAlgorithm,
    /// Default: 8080.
    pub cnm_http_port: u16,
    /// Default: 9443.
    pub cnm_https_port: u16,
    /// Default: 8443.
    pub cm_port: u16,
    /// Default: no. This server does not respond to plain HTTP regardless.
    pub http_support: bool,
    /// Default: no.
    pub handle_redirects: bool,
    /// Default: no.
    pub options_method_forbidden: bool,
    /// Ports that databases cannot have. Default: none.
    pub reserved_ports: Vec<String>,
    /// Responses about databases omit credentials. Default: no.
    pub mask_bdb_credentials: bool,
    /// `/v1/cluster/policy`.
    pub policy: ClusterPolicy,
    /// `/v1/ocsp`.
    pub ocsp: OcspSettings,
    /// The text of the installed licence. Default: none; no licence is needed.
    pub license: Option<String>,
}

/// A TLS version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TlsVersion {
    /// `1.2`.
    V1_2,
    /// `1.3`.
    V1_3,
}

/// The API's names of password hashing algorithms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PasswordHashingAlgorithm {
    /// `SHA-256`.
    Sha256,
    /// `PBKDF2`.
    Pbkdf2,
}

impl Default for ClusterSettings {
    fn default() -> Self {
        Self {
            mtls_certificate_authentication: false,
            mtls_client_cert_subject_validation_type: SubjectValidation::Disabled,
            mtls_authorized_subjects: Vec::new(),
            control_plane_basic_authentication: true,
            dmc_external_authentication: false,
            dmc_external_cba_authentication: false,
            dmc_external_ldap_authentication: false,
            dmc_external_entraid_authentication: false,
            min_control_tls_version: TlsVersion::V1_2,
            min_data_tls_version: TlsVersion::V1_2,
            min_sentinel_tls_version: TlsVersion::V1_2,
            control_cipher_suites: DEFAULT_CIPHERS.to_owned(),
            data_cipher_list: DEFAULT_CIPHERS.to_owned(),
            encrypt_pkeys: false,
            password_complexity: false,
            password_min_length: 8,
            password_expiration_duration: 0,
            password_hashing_algorithm: PasswordHashingAlgorithm::Sha256,
            cnm_http_port: 8080,
            cnm_https_port: 9443,
            cm_port: 8443,
            http_support: false,
            handle_redirects: false,
            options_method_forbidden: false,
            reserved_ports: Vec::new(),
            mask_bdb_credentials: false,
            policy: ClusterPolicy::default(),
            ocsp: OcspSettings::default(),
            license: None,
        }
    }
}

impl TlsVersion {
    /// The API's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1_2 => "1.2",
            Self::V1_3 => "1.3",
        }
    }
}

impl PasswordHashingAlgorithm {
    /// The API's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Pbkdf2 => "PBKDF2",
        }
    }
}

/// The default in a real cluster's responses.
const DEFAULT_CIPHERS: &str = "DEFAULT:!3DES";
