//! The revocation status of the certificate of the databases' endpoints (RFC 6960). It does not concern client
//! certificates.

use http::Method;
use serde::Deserialize;

use super::changes::changes;
use super::client::Client;
use super::values::OcspCertificateStatus;
use super::wire;
use crate::Error;
use crate::client::handle::handle;
use crate::client::retry::Repeat;
use crate::client::transport::Call;

/// The settings for requests to an OCSP responder.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct OcspConfiguration {
    /// The cluster asks the responder.
    pub ocsp_functionality: bool,
    /// The responder that the certificate names, when it names one.
    #[serde(default, deserialize_with = "wire::non_empty")]
    pub responder_url: Option<String>,
    /// Seconds between requests.
    pub query_frequency: Option<u64>,
    /// Seconds between questions after a failure.
    pub recovery_frequency: Option<u64>,
    /// The number of attempts after which the status of the certificate counts as unknown.
    pub recovery_max_tries: Option<u64>,
    /// The time limit of a request, in seconds.
    pub response_timeout: Option<u64>,
}

/// The answer of the responder; dates as the server writes them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct OcspStatus {
    /// The status of the certificate.
    pub cert_status: Option<OcspCertificateStatus>,
    /// The address of the responder.
    #[serde(default, deserialize_with = "wire::non_empty")]
    pub responder_url: Option<String>,
    /// The time at which the answer was signed.
    pub produced_at: Option<String>,
    /// The time at which the status was known to be correct.
    pub this_update: Option<String>,
    /// The time by which newer information will be available.
    pub next_update: Option<String>,
    /// The time of the revocation, if the certificate is revoked.
    #[serde(default, deserialize_with = "wire::non_empty")]
    pub revocation_time: Option<String>,
}

changes! {
    /// A change to the settings for requests to an OCSP responder.
    UpdateOcspConfiguration {
        /// The cluster asks the responder.
        ocsp_functionality: bool = bool,
        /// Seconds between requests, from 60 to 86,400.
        query_frequency: u64 = u64,
        /// Seconds between questions after a failure, from 60 to 86,400.
        recovery_frequency: u64 = u64,
        /// The number of attempts, from 1 to 100.
        recovery_max_tries: u64 = u64,
        /// The time limit of a request, from 1 to 60 seconds.
        response_timeout: u64 = u64,
    }
}

handle! {
    /// The revocation status of the certificate of the databases' endpoints.
    Ocsp = ocsp
}

impl Ocsp<'_> {
    /// Returns the settings for requests to an OCSP responder. Needs `view_ocsp_config`.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn get(self) -> Result<OcspConfiguration, Error> {
        self.0
            .send(Call::get("read the OCSP configuration", PATH))
            .await?
            .json()
    }

    /// Changes how the cluster asks an OCSP responder. Needs `config_ocsp`.
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] for values the cluster refuses, with the [error code](Error::error_type)
    /// `no_responder_url` when the certificate names no responder, and the errors that every operation can return.
    pub async fn update(self, changes: &UpdateOcspConfiguration) -> Result<OcspConfiguration, Error> {
        let call = Call::new("change the OCSP configuration", Method::PUT, PATH, Repeat::NaturalKey).json(changes)?;
        self.0.send(call).await?.json()
    }

    /// Returns the last answer of the responder. Needs `view_ocsp_status`.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn status(self) -> Result<OcspStatus, Error> {
        self.0
            .send(Call::get("read the OCSP status", "/v1/ocsp/status"))
            .await?
            .json()
    }

    /// Has the cluster ask the responder now. Needs `test_ocsp_status`.
    ///
    /// # Errors
    /// The [error code](Error::error_type) `no_responder_url` when the certificate names no responder, and the errors
    /// that every operation can return.
    pub async fn test(self) -> Result<OcspStatus, Error> {
        let call = Call::new("test the OCSP status", Method::POST, "/v1/ocsp/test", Repeat::Read);
        self.0.send(call).await?.json()
    }
}

const PATH: &str = "/v1/ocsp";
