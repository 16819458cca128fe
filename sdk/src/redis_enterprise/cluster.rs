//! The cluster's settings.

use http::Method;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::changes::changes;
use super::client::Client;
use super::request::Request;
use super::values::{PasswordHashing, SubjectValidation, TlsVersion};
use super::wire;
use crate::Error;
use crate::client::handle::handle;
use crate::client::retry::Repeat;
use crate::client::transport::Call;

/// The settings of a cluster that matter for letting people and services in. `None` means that this version of Redis
/// Enterprise does not have the setting.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Cluster {
    /// The cluster's name, a DNS name.
    pub name: String,
    /// The time of creation.
    #[serde(default, deserialize_with = "wire::date")]
    pub created_time: Option<OffsetDateTime>,
    /// Certificate authentication: clients may log in with a certificate (7.8.4 and later).
    pub mtls_certificate_authentication: Option<bool>,
    /// The validation of subjects of client certificates (7.8.4 and later).
    pub mtls_client_cert_subject_validation_type: Option<SubjectValidation>,
    /// The subjects that may log in, unless the validation is disabled.
    #[serde(default)]
    pub mtls_authorized_subjects: Vec<AuthorizedSubject>,
    /// Basic authentication: users may log in with passwords (8.2 and later; always on in older versions).
    pub control_plane_basic_authentication: Option<bool>,
    /// Databases ask the external authentication service about client certificates.
    pub dmc_external_cba_authentication: Option<bool>,
    /// Databases ask the external authentication service.
    pub dmc_external_authentication: Option<bool>,
    /// Databases ask the external authentication service about LDAP users.
    pub dmc_external_ldap_authentication: Option<bool>,
    /// Databases ask the external authentication service about Entra ID users.
    pub dmc_external_entraid_authentication: Option<bool>,
    /// The lowest version of TLS of the REST API and the user interface.
    #[serde(rename = "min_control_TLS_version")]
    pub min_control_tls_version: Option<TlsVersion>,
    /// The lowest version of TLS of databases.
    #[serde(rename = "min_data_TLS_version")]
    pub min_data_tls_version: Option<TlsVersion>,
    /// The lowest version of TLS of the discovery service.
    #[serde(rename = "min_sentinel_TLS_version")]
    pub min_sentinel_tls_version: Option<TlsVersion>,
    /// The TLS 1.2 ciphers of the REST API and the user interface, in OpenSSL's form.
    pub control_cipher_suites: Option<String>,
    /// Their TLS 1.3 ciphers.
    pub control_cipher_suites_tls_1_3: Option<String>,
    /// The TLS 1.2 ciphers of databases, in OpenSSL's form.
    pub data_cipher_list: Option<String>,
    /// The TLS 1.3 ciphers of databases.
    #[serde(default, deserialize_with = "wire::texts")]
    pub data_cipher_suites_tls_1_3: Vec<String>,
    /// The certificate of databases' endpoints, PEM.
    pub proxy_certificate: Option<String>,
    /// The certificate of replication between clusters, PEM.
    pub syncer_certificate: Option<String>,
    /// Private keys are encrypted on disk.
    pub encrypt_pkeys: Option<bool>,
    /// Passwords must be complex.
    pub password_complexity: Option<bool>,
    /// The minimum length of passwords, in characters.
    pub password_min_length: Option<u32>,
    /// The lifetime of passwords in days; 0 for no expiry.
    pub password_expiration_duration: Option<u32>,
    /// The algorithm that passwords are hashed with.
    pub password_hashing_algorithm: Option<PasswordHashing>,
    /// The port of the REST API without TLS.
    pub cnm_http_port: Option<u16>,
    /// The port of the REST API.
    pub cnm_https_port: Option<u16>,
    /// The port of the user interface.
    pub cm_port: Option<u16>,
    /// The REST API also answers without TLS.
    pub http_support: Option<bool>,
    /// A node answers for other nodes instead of redirecting to them.
    pub handle_redirects: Option<bool>,
    /// `OPTIONS` requests are refused.
    pub options_method_forbidden: Option<bool>,
    /// Ports that databases are not given: single ones, or ranges such as `10000-10010`.
    #[serde(default, deserialize_with = "wire::texts")]
    pub reserved_ports: Vec<String>,
    /// Passwords of databases are masked in answers.
    pub mask_bdb_credentials: Option<bool>,
}

/// A subject that may log in: its CN, and for [`SubjectValidation::FullSubject`] every other attribute too. Letter case
/// counts, and `*` is a plain character ([certificate-based authentication]).
///
/// [certificate-based authentication]: https://redis.io/docs/latest/operate/rs/security/certificates/certificate-based-authentication/
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuthorizedSubject {
    /// CN.
    #[serde(rename = "CN")]
    pub common_name: String,
    /// O. Empty is absent.
    #[serde(rename = "O", default, skip_serializing_if = "String::is_empty")]
    pub organization: String,
    /// OU, in any order.
    #[serde(rename = "OU", default, skip_serializing_if = "Vec::is_empty")]
    pub organizational_units: Vec<String>,
    /// L. Empty is absent.
    #[serde(rename = "L", default, skip_serializing_if = "String::is_empty")]
    pub locality: String,
    /// ST. Empty is absent.
    #[serde(rename = "ST", default, skip_serializing_if = "String::is_empty")]
    pub state: String,
    /// C. Empty is absent.
    #[serde(rename = "C", default, skip_serializing_if = "String::is_empty")]
    pub country: String,
}

changes! {
    /// A change to the cluster's settings.
    UpdateCluster {
        /// Certificate authentication: clients may log in with a certificate. It needs a trusted CA first
        /// ([`CertificateName::MtlsTrustedCa`](super::CertificateName::MtlsTrustedCa)).
        mtls_certificate_authentication: bool = bool,
        /// The validation of subjects of client certificates.
        mtls_client_cert_subject_validation_type: SubjectValidation = SubjectValidation,
        /// The subjects that may log in; the list replaces the previous one.
        mtls_authorized_subjects: Vec<AuthorizedSubject> = impl Into<Vec<AuthorizedSubject>>,
        /// Basic authentication: users may log in with passwords. `false` locks out everybody who has no certificate
        /// user.
        control_plane_basic_authentication: bool = bool,
        /// Databases ask the external authentication service about client certificates.
        dmc_external_cba_authentication: bool = bool,
        /// The lowest version of TLS of the REST API and the user interface.
        #[serde(rename = "min_control_TLS_version")]
        min_control_tls_version: TlsVersion = TlsVersion,
        /// The lowest version of TLS of databases.
        #[serde(rename = "min_data_TLS_version")]
        min_data_tls_version: TlsVersion = TlsVersion,
        /// The lowest version of TLS of the discovery service.
        #[serde(rename = "min_sentinel_TLS_version")]
        min_sentinel_tls_version: TlsVersion = TlsVersion,
        /// The TLS 1.2 ciphers of the REST API and the user interface, in OpenSSL's form.
        control_cipher_suites: String = impl Into<String>,
        /// The TLS 1.2 ciphers of databases, in OpenSSL's form.
        data_cipher_list: String = impl Into<String>,
        /// Passwords must be complex.
        password_complexity: bool = bool,
        /// The minimum length of passwords, from 8 to 256 characters.
        password_min_length: u32 = u32,
        /// The lifetime of passwords in days; 0 for no expiry.
        password_expiration_duration: u32 = u32,
        /// Private keys are encrypted on disk.
        encrypt_pkeys: bool = bool,
        /// `OPTIONS` requests are refused.
        options_method_forbidden: bool = bool,
        /// Passwords of databases are masked in answers.
        mask_bdb_credentials: bool = bool,
    }
}

impl AuthorizedSubject {
    /// A subject with a CN and nothing else.
    pub fn new(common_name: impl Into<String>) -> Self {
        Self {
            common_name: common_name.into(),
            ..Self::default()
        }
    }

    /// Its O.
    #[must_use]
    pub fn organization(mut self, organization: impl Into<String>) -> Self {
        self.organization = organization.into();
        self
    }

    /// One OU more.
    #[must_use]
    pub fn organizational_unit(mut self, organizational_unit: impl Into<String>) -> Self {
        self.organizational_units.push(organizational_unit.into());
        self
    }

    /// Its L.
    #[must_use]
    pub fn locality(mut self, locality: impl Into<String>) -> Self {
        self.locality = locality.into();
        self
    }

    /// Its ST.
    #[must_use]
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.state = state.into();
        self
    }

    /// Its C.
    #[must_use]
    pub fn country(mut self, country: impl Into<String>) -> Self {
        self.country = country.into();
        self
    }
}

handle! {
    /// The cluster's settings.
    ClusterSettings = cluster
}

impl<'a> ClusterSettings<'a> {
    /// The cluster's settings. Needs `view_cluster_info`.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn get(self) -> Result<Cluster, Error> {
        self.0
            .send(Call::get("read the cluster's settings", PATH))
            .await?
            .json()
    }

    /// Changes settings of the cluster, and answers with all of them. Needs `update_cluster`.
    ///
    /// ```no_run
    /// use certward::redis_enterprise::UpdateCluster;
    ///
    /// # async fn example(client: certward::redis_enterprise::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let change = UpdateCluster::new().mtls_certificate_authentication(true);
    /// client.cluster().update(&change).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] for values the cluster refuses, among them certificate authentication without a
    /// trusted CA, and the errors that every operation can return.
    pub fn update(self, changes: &UpdateCluster) -> Request<'a, Cluster> {
        Request::new(self.0, update(changes), |reply| reply.json())
    }

    /// Changes how passwords are stored, each with its next login. Needs `update_cluster`.
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] when the cluster does so already, and the errors that every operation can return.
    pub async fn change_password_hashing_algorithm(self, algorithm: &PasswordHashing) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            algorithm: &'a PasswordHashing,
        }
        // A second time is an error 400, so nothing is repeated that may have been done.
        let path = "/v1/cluster/change_password_hashing_algorithm";
        let call =
            Call::new("change the password hashing", Method::PATCH, path, Repeat::Once).json(&Wire { algorithm })?;
        self.0.send(call).await.map(drop)
    }
}

fn update(changes: &UpdateCluster) -> Result<Call, Error> {
    Call::new("change the cluster's settings", Method::PUT, PATH, Repeat::NaturalKey).json(changes)
}

const PATH: &str = "/v1/cluster";
