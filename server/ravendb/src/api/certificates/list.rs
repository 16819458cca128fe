//! Listing the registered certificates, and looking one up (`docs/contracts/ravendb.md#list`).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use certward_pki::Thumbprint;
use http::StatusCode;

use super::super::answer;
use super::super::authorized::Authorized;
use super::super::problem::Problem;
use super::super::query::Query;
use super::super::wire::{CertificateList, Definition, Detail};
use crate::access::authz::Permit;
use crate::access::authz::action::ListCertificates;
use crate::api::Services;
use crate::model::definition::{Collection, RegisteredCertificate};

/// `GET /admin/certificates`
pub(in super::super) async fn list(
    Authorized(permit): Authorized<ListCertificates>,
    State(app): State<Arc<Services>>,
    query: Query,
) -> Result<Response, Problem> {
    let detail = match query.flag("metadataOnly")? {
        Some(true) => Detail::MetadataOnly,
        _ => Detail::Full,
    };
    if let Some(thumbprint) = query.text("thumbprint")? {
        return Ok(match find(&app, &permit, thumbprint) {
            Some(entry) => answer::json(&document(&app, vec![Definition::listed(&entry, detail)])),
            None => answer::empty_json(StatusCode::NOT_FOUND),
        });
    }
    let start = query.paging("start")?.map_or(0, size);
    let count = query.paging("pageSize")?.map_or(usize::MAX, size);
    let secondaries = query.flag("secondary")?.unwrap_or(false);
    let name = query.text("name")?;
    // The page is cut before the filters, so that a page can be short; the server's own certificate is on every page,
    // except that a name asks for the entries of that name (records `308` to `311`, `315`).
    let entries = app.authority.list(&permit, start, count);
    let shown = entries
        .iter()
        .filter(|entry| name.is_none_or(|name| entry.name == name))
        .filter(|entry| secondaries || !matches!(entry.collection, Collection::Secondary { .. }))
        .map(|entry| Definition::listed(entry, detail));
    let server = app.server_certificates.current();
    let own = name
        .is_none_or(|name| name == SERVER_CERTIFICATE)
        .then(|| Definition::server(server.certificate(), detail));
    Ok(answer::json(&document(&app, own.into_iter().chain(shown).collect())))
}

/// The entry with a thumbprint; for a secondary, its primary (records `220`, `441`).
fn find(app: &Services, permit: &Permit<ListCertificates>, thumbprint: &str) -> Option<Arc<RegisteredCertificate>> {
    let entry = app.authority.find(permit, &thumbprint.parse::<Thumbprint>().ok()?)?;
    match &entry.collection {
        Collection::Secondary { primary } => app.authority.find(permit, primary),
        Collection::Single | Collection::Primary { .. } => Some(entry),
    }
}

fn document<'a>(app: &Services, results: Vec<Definition<'a>>) -> CertificateList<'a> {
    let well_known = app.authenticator.well_known();
    let administrators: Vec<String> = well_known.administrators().map(ToString::to_string).collect();
    CertificateList {
        results,
        loaded_server_cert: app.server_certificates.current().certificate().thumbprint().to_string(),
        well_known_admin_certs: (!administrators.is_empty()).then_some(administrators),
        well_known_issuers: well_known
            .issuers()
            .map(|issuer| Thumbprint::of(issuer).to_string())
            .collect(),
    }
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

const SERVER_CERTIFICATE: &str = "Server Certificate";
