//! Whether the certificate of the databases' endpoints is revoked (RFC 6960). Nothing here is about client certificates.

use http::Method;
use serde::Deserialize;

use super::changes::changes;
use super::client::Client;
use super::values::OcspCertificateStatus;
use super::wire;
use crate::Error;
use crate::client::retry::Repeat;
use crate::client::transport::Call;

/// How the cluster asks an OCSP responder.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct OcspConfiguration {
    /// Whether it asks at all.
    pub ocsp_functionality: bool,
    /// The responder that the certificate names, when it names one.
    #[serde(default, deserialize_with = "wire::non_empty")]
    pub responder_url: Option<String>,
    /// Seconds between questions.
    pub query_frequency: Option<u64>,
    /// Seconds between questions after a failure.
    pub recovery_frequency: Option<u64>,
    /// How many of them there are before the certificate counts as of unknown status.
    pub recovery_max_tries: Option<u64>,
    /// Seconds that an answer may take.
    pub response_timeout: Option<u64>,
}

/// What the responder says, in its words; dates as the server writes them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct OcspStatus {
    /// Whether the certificate is revoked.
    pub cert_status: Option<OcspCertificateStatus>,
    /// Who says so.
    #[serde(default, deserialize_with = "wire::non_empty")]
    pub responder_url: Option<String>,
    /// When the answer was signed.
    pub produced_at: Option<String>,
    /// When the status was last known to be right.
    pub this_update: Option<String>,
    /// When there will be news.
    pub next_update: Option<String>,
    /// When the certificate was revoked, if it was.
    #[serde(default, deserialize_with = "wire::non_empty")]
    pub revocation_time: Option<String>,
}

changes! {
    /// What to change of how the cluster asks an OCSP responder.
    UpdateOcspConfiguration {
        /// Whether it asks at all.
        ocsp_functionality: bool = bool,
        /// Seconds between questions, from 60 to 86,400.
        query_frequency: u64 = u64,
        /// Seconds between questions after a failure, from 60 to 86,400.
        recovery_frequency: u64 = u64,
        /// How many of them there are, from 1 to 100.
        recovery_max_tries: u64 = u64,
        /// Seconds that an answer may take, from 1 to 60.
        response_timeout: u64 = u64,
    }
}

impl Client {
    /// How the cluster asks an OCSP responder. Needs `view_ocsp_config`.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and what every operation can fail on.
    pub async fn ocsp_configuration(&self) -> Result<OcspConfiguration, Error> {
        self.send(Call::get("read the OCSP configuration", PATH)).await?.json()
    }

    /// Changes how the cluster asks an OCSP responder. Needs `config_ocsp`.
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] for values the cluster refuses, with the [error code](Error::error_type)
    /// `no_responder_url` when the certificate names no responder, and what every operation can fail on.
    pub async fn update_ocsp_configuration(
        &self,
        changes: &UpdateOcspConfiguration,
    ) -> Result<OcspConfiguration, Error> {
        let call = Call::new("change the OCSP configuration", Method::PUT, PATH, Repeat::NaturalKey).json(changes)?;
        self.send(call).await?.json()
    }

    /// What the responder said last. Needs `view_ocsp_status`.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and what every operation can fail on.
    pub async fn ocsp_status(&self) -> Result<OcspStatus, Error> {
        self.send(Call::get("read the OCSP status", "/v1/ocsp/status"))
            .await?
            .json()
    }

    /// Has the cluster ask the responder now. Needs `test_ocsp_status`.
    ///
    /// # Errors
    /// The [error code](Error::error_type) `no_responder_url` when the certificate names no responder, and what every
    /// operation can fail on.
    pub async fn test_ocsp_status(&self) -> Result<OcspStatus, Error> {
        let call = Call::new("test the OCSP status", Method::POST, "/v1/ocsp/test", Repeat::Read);
        self.send(call).await?.json()
    }
}

const PATH: &str = "/v1/ocsp";
