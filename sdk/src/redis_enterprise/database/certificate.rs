//! A database's own server certificate, in place of the cluster's `proxy`. It has no effect on the admission of
//! clients.

use std::fmt;

use futures_util::Stream;
use http::Method;
use serde::{Deserialize, Deserializer, Serialize};
use time::OffsetDateTime;

use super::certificate_pages::CertificatePages;
use super::operations::PATH;
use crate::Error;
use crate::client::handle::handle;
use crate::client::paging;
use crate::client::retry::Repeat;
use crate::client::transport::Call;
use crate::pki::{Certificate, PemError, PrivateKeyPem, certificates_from_pem};
use crate::redis_enterprise::action::read_one;
use crate::redis_enterprise::client::Client;
use crate::redis_enterprise::request::Request;
use crate::redis_enterprise::values::{DatabaseTlsMode, DatabaseUid};
use crate::redis_enterprise::wire;

/// The server certificate of a database.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct DatabaseCertificate {
    /// The database of the certificate.
    #[serde(default, rename = "bdb_uid", deserialize_with = "uid")]
    pub database_uid: Option<DatabaseUid>,
    /// The certificate and its issuers in PEM.
    #[serde(rename = "cert")]
    pub pem: String,
    /// The start of validity.
    #[serde(default, deserialize_with = "wire::date")]
    pub not_before: Option<OffsetDateTime>,
    /// The end of validity.
    #[serde(default, deserialize_with = "wire::date")]
    pub not_after: Option<OffsetDateTime>,
}

/// A server certificate for a database, with its key.
pub struct NewDatabaseCertificate {
    certificate: String,
    private_key: PrivateKeyPem,
}

/// A selection of certificates of databases.
#[derive(Clone, Debug, Default)]
pub struct ListDatabaseCertificates {
    pub(super) page: Option<u32>,
    pub(super) page_size: Option<u32>,
    expires_before: Option<String>,
    tls_mode: Option<DatabaseTlsMode>,
}

impl DatabaseCertificate {
    /// The certificates of the text, in their order.
    ///
    /// # Errors
    /// [`PemError`]: the text cannot be read.
    pub fn certificates(&self) -> Result<Vec<Certificate>, PemError> {
        certificates_from_pem(&self.pem)
    }
}

impl NewDatabaseCertificate {
    /// A certificate, and those above it, as PEM, with its key. **The key is sent to the cluster.**
    pub fn new(certificate: impl Into<String>, private_key: PrivateKeyPem) -> Self {
        Self {
            certificate: certificate.into(),
            private_key,
        }
    }
}

impl fmt::Debug for NewDatabaseCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text is a caller's: somebody may have pasted a key into it.
        f.debug_struct("NewDatabaseCertificate").finish_non_exhaustive()
    }
}

impl ListDatabaseCertificates {
    /// All certificates, on one page.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of the page; the first is 1.
    #[must_use]
    pub fn page(mut self, page: u32) -> Self {
        self.page = Some(page);
        self
    }

    /// The number of certificates on a page.
    #[must_use]
    pub fn page_size(mut self, page_size: u32) -> Self {
        self.page_size = Some(page_size);
        self
    }

    /// Selects certificates that expire before this moment. Fractions of seconds are ignored.
    #[must_use]
    pub fn expires_before(mut self, moment: OffsetDateTime) -> Self {
        self.expires_before = Some(wire::to_date(moment));
        self
    }

    /// Selects certificates of databases with this TLS mode.
    #[must_use]
    pub fn tls_mode(mut self, tls_mode: DatabaseTlsMode) -> Self {
        self.tls_mode = Some(tls_mode);
        self
    }

    pub(super) fn call(&self) -> Call {
        let mut call = Call::get("list the certificates of databases", format!("{PATH}/certificates"));
        if let Some(page) = self.page {
            call = call.query("page", page);
        }
        if let Some(page_size) = self.page_size {
            call = call.query("page_size", page_size);
        }
        if let Some(expires_before) = &self.expires_before {
            call = call.query("expires_before", expires_before);
        }
        if let Some(tls_mode) = &self.tls_mode {
            call = call.query("tls_mode", tls_mode);
        }
        call
    }
}

handle! {
    /// Server certificates of databases, in place of the cluster's `proxy`.
    #[doc(alias = "bdb")]
    DatabaseCertificates = database_certificates
}

impl<'a> DatabaseCertificates<'a> {
    /// The certificates of databases that have one of their own. Needs `view_all_bdbs_info`.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn list(self, list: &ListDatabaseCertificates) -> Result<Vec<DatabaseCertificate>, Error> {
        self.0.send(list.call()).await?.json()
    }

    /// The certificates of databases that have one of their own, one by one: the next page is asked for when it is needed,
    /// and has the time and the bytes of one operation. [`ListDatabaseCertificates::page_size`] sets the size of a page
    /// (default: 100), and [`ListDatabaseCertificates::page`] where to begin. More than 200 pages are an error.
    ///
    /// # Errors
    /// [`Error::is_too_large`] when the listing has no end, [`Error::is_forbidden`], and the errors that every operation
    /// can return; an error ends the stream.
    pub fn stream(
        self,
        list: &ListDatabaseCertificates,
    ) -> impl Stream<Item = Result<DatabaseCertificate, Error>> + Send + Unpin + use<> {
        paging::stream(CertificatePages::new(self.0, list))
    }

    /// The certificate of a database; `None` when it has none of its own, and when there is no such database. Needs
    /// `view_bdb_info`.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn get(self, uid: DatabaseUid) -> Result<Option<DatabaseCertificate>, Error> {
        let call = Call::get("read the certificate of a database", path(uid)).accept(&[200, 404]);
        read_one(self.0.send(call).await?)
    }

    /// Gives a database a certificate of its own, in place of the one it had. Needs `update_bdb`.
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] for a certificate that is broken or unfit (400, 406), and for a private key among
    /// the certificates, which is not sent; [`Error::is_not_found`], and the errors that every operation can return.
    pub fn update(self, uid: DatabaseUid, certificate: &NewDatabaseCertificate) -> Request<'a, ()> {
        Request::new(self.0, put(uid, certificate), |_| Ok(()))
    }

    /// Deletes a database's own certificate; the database then presents the cluster's `proxy`. No error when there is none.
    /// Needs `update_bdb`.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn delete(self, uid: DatabaseUid) -> Result<(), Error> {
        let operation = "delete the certificate of a database";
        let call = Call::new(operation, Method::DELETE, path(uid), Repeat::NaturalKey).accept(&[200, 404]);
        self.0.send(call).await.map(drop)
    }
}

fn put(uid: DatabaseUid, certificate: &NewDatabaseCertificate) -> Result<Call, Error> {
    #[derive(Serialize)]
    struct Wire<'a> {
        cert: &'a str,
        private_key: &'a str,
    }
    let operation = "install the certificate of a database";
    // A key among the certificates would be stored as one, and shown to everybody who may look.
    if certificate.certificate.contains("PRIVATE KEY-----") {
        return Err(Error::invalid_input(format!(
            "cannot {operation}: its text holds a private key; give the key by itself"
        )));
    }
    Call::new(operation, Method::POST, path(uid), Repeat::NaturalKey).json(&Wire {
        cert: &certificate.certificate,
        private_key: certificate.private_key.expose(),
    })
}

fn path(uid: DatabaseUid) -> String {
    format!("{PATH}/{uid}/certificates")
}

/// Reads the uid, which is a string here and a number everywhere else
/// (`docs/contracts/redis-enterprise.md#database-proxy-certificates`).
fn uid<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DatabaseUid>, D::Error> {
    let text = wire::text_or_number(deserializer)?;
    let uid = text.map(|text| text.parse()).transpose();
    uid.map_err(|_| serde::de::Error::custom("a database's uid is no whole number"))
}
