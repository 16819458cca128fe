//! Registered certificates: all, one, and one's own.

use std::collections::HashSet;

use futures_util::Stream;
use serde::Deserialize;
use time::OffsetDateTime;

use super::client::Client;
use super::date;
use super::definition::{CertificateDefinition, DefinitionWire, thumbprint};
use super::values::CertificateUsage;
use crate::Error;
use crate::client::budget::{Budget, Limits, Pages};
use crate::client::handle::handle;
use crate::client::paging::{self, Cursor};
use crate::client::transport::{Call, Reply};
use crate::pki::Thumbprint;

/// A selection of certificates. The default selects all except secondaries, with their DER.
#[derive(Clone, Debug, Default)]
pub struct ListCertificates {
    name: Option<String>,
    start: Option<u32>,
    page_size: Option<u32>,
    metadata_only: bool,
    secondary: bool,
}

/// A page of registered certificates, and what the server trusts beside them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateList {
    /// The certificates, sorted by thumbprint. Unless a name was asked for, the server's own certificate comes first on
    /// every page, not counted by the page size.
    pub certificates: Vec<CertificateDefinition>,
    /// The certificate the server runs with.
    pub loaded_server_certificate: Option<Thumbprint>,
    /// The certificate the server talks to other nodes with (RavenDB 7), when it differs.
    pub loaded_server_certificate_for_communication: Option<Thumbprint>,
    /// Thumbprints from the setting `Security.WellKnownCertificates.Admin`, as the server writes them.
    pub well_known_admin_certificates: Vec<String>,
    /// Thumbprints from the setting `Security.WellKnownIssuers.Admin`, as the server writes them.
    pub well_known_issuers: Vec<String>,
}

/// The identity that the server assigns to this client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WhoAmI {
    /// The certificate, as it is registered, or as the server's settings trust it.
    pub certificate: CertificateDefinition,
    /// Until when a login with a one-time code holds; `None` when there is none.
    pub two_factor_expires: Option<OffsetDateTime>,
}

impl ListCertificates {
    /// All certificates.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only certificates with exactly this name; letter case counts.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Leaves out the first so many. RavenDB counts before it filters by name, so a page can be short.
    #[must_use]
    pub fn start(mut self, start: u32) -> Self {
        self.start = Some(start);
        self
    }

    /// At most so many. Default: no limit.
    #[must_use]
    pub fn page_size(mut self, page_size: u32) -> Self {
        self.page_size = Some(page_size);
        self
    }

    /// Leaves the certificates' DER out.
    #[must_use]
    pub fn metadata_only(mut self) -> Self {
        self.metadata_only = true;
        self
    }

    /// Shows the secondaries of collections too.
    #[must_use]
    pub fn with_secondaries(mut self) -> Self {
        self.secondary = true;
        self
    }

    fn call(&self) -> Call {
        let mut call = Call::get("list certificates", PATH);
        if let Some(name) = &self.name {
            call = call.query("name", name);
        }
        if let Some(start) = self.start {
            call = call.query("start", start);
        }
        if let Some(page_size) = self.page_size {
            call = call.query("pageSize", page_size);
        }
        if self.metadata_only {
            call = call.query("metadataOnly", true);
        }
        if self.secondary {
            call = call.query("secondary", true);
        }
        call
    }
}

impl CertificateList {
    /// The number of entries that are registered certificates. RavenDB repeats the server's own certificate on each
    /// page without counting it (`docs/contracts/ravendb.md#list`).
    fn stored(&self) -> usize {
        let servers = [
            self.loaded_server_certificate,
            self.loaded_server_certificate_for_communication,
        ];
        let of_server = |entry: &CertificateDefinition| {
            servers.contains(&Some(entry.thumbprint))
                || matches!(
                    entry.usage,
                    Some(CertificateUsage::RavenServer | CertificateUsage::RavenServerForCommunication)
                )
        };
        self.certificates.iter().filter(|entry| !of_server(entry)).count()
    }
}

handle! {
    /// Registered certificates.
    #[doc(alias = "certificate-management")]
    Certificates = certificates
}

impl Certificates<'_> {
    /// Lists registered certificates. For Operators and above.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn list(self, list: &ListCertificates) -> Result<CertificateList, Error> {
        read_list(&self.0.send(list.call()).await?)
    }

    /// Lists registered certificates page by page, each once, in their order. For Operators and above.
    ///
    /// [`ListCertificates::page_size`] sets the size of a page (default: 1,000, or 10,000 without the DER), and
    /// [`ListCertificates::start`] where to begin. With [`ListCertificates::name`] pages can be empty before the last one:
    /// use [`Certificates::list`].
    ///
    /// All pages together have the time and four times the bytes of one operation. A server that repeats its pages, or has
    /// more than 200 pages or 200,000 entries, is an error.
    ///
    /// # Errors
    /// [`Error::is_too_large`] when the listing has no end, [`Error::is_forbidden`], and the errors that every
    /// operation can return.
    pub async fn list_all(self, list: &ListCertificates) -> Result<CertificateList, Error> {
        let mut pages = CertificatePages::new(self.0, list);
        let mut budget = pages.limits().budget();
        let mut certificates = Vec::new();
        loop {
            let mut page = pages.page(&mut budget).await?;
            certificates.append(&mut page.certificates);
            if pages.is_over {
                return Ok(CertificateList { certificates, ..page });
            }
        }
    }

    /// The certificates of [`Certificates::list_all`], one by one: the next page is asked for when it is needed, and has the
    /// time and the bytes of one operation.
    ///
    /// ```no_run
    /// use certward::ravendb::ListCertificates;
    /// use futures_util::TryStreamExt as _;
    ///
    /// # async fn example(client: certward::ravendb::Client) -> Result<(), certward::Error> {
    /// let mut certificates = client.certificates().stream(&ListCertificates::new().metadata_only());
    /// while let Some(certificate) = certificates.try_next().await? {
    ///     println!("{} {}", certificate.thumbprint, certificate.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Certificates::list_all`]; an error ends the stream.
    pub fn stream(
        self,
        list: &ListCertificates,
    ) -> impl Stream<Item = Result<CertificateDefinition, Error>> + Send + Unpin + use<> {
        paging::stream(CertificatePages::new(self.0, list))
    }

    /// One registered certificate; `None` when there is none with this thumbprint. The server's own certificate is not
    /// registered. For a secondary of a collection RavenDB answers with the primary: compare the thumbprint. For
    /// Operators and above.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn get(self, thumbprint: &Thumbprint) -> Result<Option<CertificateDefinition>, Error> {
        self.one(Call::get("read a certificate", PATH).query("thumbprint", thumbprint))
            .await
    }

    /// As [`Certificates::get`], without the certificate's DER.
    ///
    /// # Errors
    /// As [`Certificates::get`].
    pub async fn get_metadata(self, thumbprint: &Thumbprint) -> Result<Option<CertificateDefinition>, Error> {
        self.one(
            Call::get("read a certificate", PATH)
                .query("thumbprint", thumbprint)
                .query("metadataOnly", true),
        )
        .await
    }

    async fn one(self, call: Call) -> Result<Option<CertificateDefinition>, Error> {
        let reply = self.0.send(call.accept(&[200, 404])).await?;
        if reply.status == 404 {
            return Ok(None);
        }
        let mut list = read_list(&reply)?;
        match (list.certificates.pop(), list.certificates.is_empty()) {
            (Some(certificate), true) => Ok(Some(certificate)),
            (found, _) => {
                let count = list.certificates.len() + usize::from(found.is_some());
                Err(reply.decode_error(format!("the answer holds {count} certificates where one belongs")))
            }
        }
    }
}

impl Client {
    /// Returns the identity that the server assigns to this client; `None` when the server does not know its
    /// certificate. An expired registered certificate is still returned, although every other operation refuses it. It
    /// may be called before a login with a one-time code.
    ///
    /// # Errors
    /// The errors that every operation can return.
    #[doc(alias = "whoami")]
    pub async fn who_am_i(&self) -> Result<Option<WhoAmI>, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Wire {
            #[serde(flatten)]
            definition: DefinitionWire,
            #[serde(default, with = "date::option")]
            two_factor_expiration_date: Option<OffsetDateTime>,
        }
        let reply = self
            .send(Call::get("ask who this client is", "/certificates/whoami").accept(&[200, 204]))
            .await?;
        if reply.status == 204 {
            return Ok(None);
        }
        let wire: Wire = reply.json()?;
        let certificate = wire
            .definition
            .try_into()
            .map_err(|problem: String| reply.decode_error(problem))?;
        Ok(Some(WhoAmI {
            certificate,
            two_factor_expires: wire.two_factor_expiration_date,
        }))
    }
}

/// The position of a listing.
struct CertificatePages {
    client: Client,
    list: ListCertificates,
    start: u32,
    page_size: u32,
    pages: Pages,
    seen: HashSet<Thumbprint>,
    is_over: bool,
}

impl CertificatePages {
    fn new(client: &Client, list: &ListCertificates) -> Self {
        let default = if list.metadata_only {
            METADATA_PAGE_SIZE
        } else {
            PAGE_SIZE
        };
        Self {
            client: client.clone(),
            list: list.clone(),
            start: list.start.unwrap_or(0),
            page_size: list.page_size.unwrap_or(default).max(1),
            pages: Pages::default(),
            seen: HashSet::new(),
            is_over: false,
        }
    }

    /// The next page, without the certificates that were on one before.
    async fn page(&mut self, budget: &mut Budget) -> Result<CertificateList, Error> {
        let call = self.list.clone().start(self.start).page_size(self.page_size).call();
        let mut page = read_list(&self.client.transport.send_within(call, budget).await?)?;
        let entries = page.certificates.len();
        let stored = page.stored();
        page.certificates.retain(|entry| self.seen.insert(entry.thumbprint));
        // Secondaries of collections count as entries of a page but are hidden: only an empty page is the end.
        match self.start.checked_add(self.page_size).filter(|_| stored > 0) {
            Some(next) => {
                self.pages
                    .add(entries, page.stored())
                    .map_err(|cause| Error::new("cannot list certificates", cause))?;
                self.start = next;
            }
            None => self.is_over = true,
        }
        Ok(page)
    }
}

impl Cursor for CertificatePages {
    type Entry = CertificateDefinition;

    fn limits(&self) -> Limits {
        self.client.transport.limits
    }

    async fn next(&mut self, budget: &mut Budget) -> Result<Option<Vec<CertificateDefinition>>, Error> {
        if self.is_over {
            return Ok(None);
        }
        self.page(budget).await.map(|page| Some(page.certificates))
    }
}

fn read_list(reply: &Reply) -> Result<CertificateList, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Wire {
        results: Vec<DefinitionWire>,
        loaded_server_cert: Option<String>,
        loaded_server_cert_for_communication: Option<String>,
        well_known_admin_certs: Option<Vec<String>>,
        well_known_issuers: Option<Vec<String>>,
    }
    let wire: Wire = reply.json()?;
    let known = |member, text: Option<String>| match text.filter(|text| !text.is_empty()) {
        Some(text) => thumbprint(member, &text)
            .map(Some)
            .map_err(|problem| reply.decode_error(problem)),
        None => Ok(None),
    };
    let certificates = wire
        .results
        .into_iter()
        .map(CertificateDefinition::try_from)
        .collect::<Result<_, _>>();
    Ok(CertificateList {
        certificates: certificates.map_err(|problem| reply.decode_error(problem))?,
        loaded_server_certificate: known("LoadedServerCert", wire.loaded_server_cert)?,
        loaded_server_certificate_for_communication: known(
            "LoadedServerCertForCommunication",
            wire.loaded_server_cert_for_communication,
        )?,
        well_known_admin_certificates: wire.well_known_admin_certs.unwrap_or_default(),
        well_known_issuers: wire.well_known_issuers.unwrap_or_default(),
    })
}

/// With certificates of 2 KB in Base64 a page stays far below the 16 MiB that are read by default.
const PAGE_SIZE: u32 = 1_000;
const METADATA_PAGE_SIZE: u32 = 10_000;
pub(super) const PATH: &str = "/admin/certificates";
