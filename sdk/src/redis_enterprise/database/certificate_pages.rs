//! Pages of the certificates of databases.

use std::collections::HashSet;

use super::certificate::{DatabaseCertificate, ListDatabaseCertificates};
use crate::Error;
use crate::client::budget::{Budget, Limits, Pages};
use crate::client::paging::Cursor;
use crate::redis_enterprise::client::Client;

/// The position of a listing.
pub(super) struct CertificatePages {
    client: Client,
    list: ListDatabaseCertificates,
    page: u32,
    page_size: u32,
    pages: Pages,
    seen: HashSet<String>,
    is_over: bool,
}

impl CertificatePages {
    pub(super) fn new(client: &Client, list: &ListDatabaseCertificates) -> Self {
        Self {
            client: client.clone(),
            page: list.page.unwrap_or(1),
            page_size: list.page_size.unwrap_or(PAGE_SIZE).max(1),
            list: list.clone(),
            pages: Pages::default(),
            seen: HashSet::new(),
            is_over: false,
        }
    }
}

impl Cursor for CertificatePages {
    type Entry = DatabaseCertificate;

    fn limits(&self) -> Limits {
        self.client.transport.limits
    }

    async fn next(&mut self, budget: &mut Budget) -> Result<Option<Vec<DatabaseCertificate>>, Error> {
        if self.is_over {
            return Ok(None);
        }
        let call = self.list.clone().page(self.page).page_size(self.page_size).call();
        let call = self.client.with_authorization(call)?;
        let reply = self.client.transport.send_within(call, budget).await?;
        let mut page: Vec<DatabaseCertificate> = reply.json()?;
        let entries = page.len();
        page.retain(|entry| self.seen.insert(format!("{:?} {}", entry.database_uid, entry.pem)));
        // A server that knows no pages answers with the same entries again.
        self.is_over = entries < self.page_size as usize || page.is_empty();
        self.pages
            .add(entries, page.len().max(1))
            .map_err(|cause| Error::new("cannot list the certificates of databases", cause))?;
        self.page = self.page.saturating_add(1);
        Ok(Some(page))
    }
}

const PAGE_SIZE: u32 = 100;
