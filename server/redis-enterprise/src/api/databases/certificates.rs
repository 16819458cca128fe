//! `/v1/bdbs/certificates` and `/v1/bdbs/{uid}/certificates`: the server certificates that databases have of their own
//! (`docs/contracts/redis-enterprise.md#database-proxy-certificates`).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use certward_pki::{Certificate, PrivateKeyPem, certificates_from_pem};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::authorized::Authorized;
use super::super::body::RequestBody;
use super::super::json::{self, Body as _, Request};
use super::super::problem::{Code, Problem};
use super::super::query::Query;
use super::super::timestamp::timestamp;
use super::super::wire::BdbCertificate;
use super::super::{Dialect, answer};
use super::{find, number, sees};
use crate::cluster::ClusterError;
use crate::cluster::access::action::{UpdateDatabase, ViewDatabase, ViewDatabases};
use certward_redis_model::database::{Database, ProxyCertificate, TlsMode};

/// The server certificate of a database; none for one that shows the cluster's. Its key is shown to nobody.
fn shown(database: &Database) -> Option<BdbCertificate> {
    let (own, end_entity) = own_certificate(database)?;
    let validity = end_entity.validity();
    Some(BdbCertificate {
        bdb_uid: Some(database.uid.to_string()),
        cert: own.chain.clone(),
        private_key: None,
        not_after: Some(timestamp(validity.not_after)),
        not_before: Some(timestamp(validity.not_before)),
    })
}

/// `GET /v1/bdbs/certificates`, page by page when `page` or `page_size` is given.
pub(in super::super) async fn list_certificates(
    Authorized(permit): Authorized<ViewDatabases>,
    State(dialect): State<Arc<Dialect>>,
    query: Query,
) -> Result<Response, Problem> {
    let (page, page_size) = (number_of(&query, "page")?, number_of(&query, "page_size")?);
    let expires_before = query.text("expires_before")?.map(instant).transpose()?;
    let mode = query.text("tls_mode")?.map(tls_mode).transpose()?;
    let state = dialect.app.cluster.state();
    let is_asked_for = |database: &&Arc<Database>| {
        let in_time = |before| own_certificate(database).is_some_and(|(_, own)| own.validity().not_after < before);
        sees(&permit, &state, database.uid)
            && mode.is_none_or(|mode| database.tls.mode == mode)
            && expires_before.is_none_or(in_time)
    };
    let all = state
        .databases()
        .filter(is_asked_for)
        .filter_map(|database| shown(database));
    let size = match (page, page_size) {
        (None, None) => usize::MAX,
        (_, size) => size.unwrap_or(DEFAULT_PAGE).min(MAX_PAGE),
    };
    let before = page.unwrap_or(1).saturating_sub(1).saturating_mul(size);
    let certificates: Vec<_> = all.skip(before).take(size).collect();
    Ok(answer::json(&certificates))
}

/// `GET /v1/bdbs/{uid}/certificates`
pub(in super::super) async fn read_certificate(
    Authorized(permit): Authorized<ViewDatabase>,
    State(dialect): State<Arc<Dialect>>,
    Path(uid): Path<String>,
) -> Result<Response, Problem> {
    let database = find(&dialect, &permit, &uid)?;
    match shown(&database) {
        Some(view) => Ok(answer::json(&view)),
        None => Err(ClusterError::NoDatabaseCertificate { uid: database.uid }.into()),
    }
}

/// `POST /v1/bdbs/{uid}/certificates`
pub(in super::super) async fn put_certificate(
    Authorized(permit): Authorized<UpdateDatabase>,
    State(dialect): State<Arc<Dialect>>,
    query: Query,
    Path(uid): Path<String>,
    body: RequestBody,
) -> Result<Response, Problem> {
    let run = query.run()?;
    let body = body.object().await?;
    let uid = number(&uid)?;
    json::check(&body, BdbCertificate::SCHEMA, Request::New)?;
    let body = BdbCertificate::of(&body)?;
    let key = PrivateKeyPem::from_pem(body.private_key.as_deref().map_or("", String::as_str)).map_err(|error| {
        Problem::new(
            Code::InvalidCertificate,
            format!("the field 'private_key' is not usable: {error}"),
        )
    })?;
    let certificate = ProxyCertificate { chain: body.cert, key };
    let cluster = &dialect.app.cluster;
    let database = cluster.put_database_certificate(&permit, uid, certificate, run).await?;
    match shown(&database) {
        Some(view) => Ok(answer::json(&view)),
        None => Err(ClusterError::NoDatabaseCertificate { uid }.into()),
    }
}

/// `DELETE /v1/bdbs/{uid}/certificates`
pub(in super::super) async fn delete_certificate(
    Authorized(permit): Authorized<UpdateDatabase>,
    State(dialect): State<Arc<Dialect>>,
    Path(uid): Path<String>,
) -> Result<Response, Problem> {
    let cluster = &dialect.app.cluster;
    cluster.delete_database_certificate(&permit, number(&uid)?).await?;
    Ok(answer::done())
}

/// Returns the database's own server certificate, and the first certificate of its chain.
fn own_certificate(database: &Database) -> Option<(&ProxyCertificate, Certificate)> {
    let own = database.tls.certificate.as_deref()?;
    let end_entity = certificates_from_pem(&own.chain).ok()?.into_iter().next()?;
    Some((own, end_entity))
}

/// A number from 1.
fn number_of(query: &Query, name: &str) -> Result<Option<usize>, Problem> {
    let Some(text) = query.text(name)? else { return Ok(None) };
    match text.parse() {
        Ok(number) if number > 0 => Ok(Some(number)),
        _ => Err(Problem::new(
            Code::InvalidQuery,
            format!("the query parameter '{name}' must be a whole number from 1"),
        )),
    }
}

/// An instant as answers write it, or in seconds since 1970.
fn instant(text: &str) -> Result<OffsetDateTime, Problem> {
    let seconds = || {
        text.parse()
            .ok()
            .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
    };
    let instant = OffsetDateTime::parse(text, &Rfc3339).ok().or_else(seconds);
    instant.ok_or_else(|| {
        Problem::new(
            Code::InvalidQuery,
            "the query parameter 'expires_before' must be an instant such as 2027-01-31T00:00:00Z",
        )
    })
}

fn tls_mode(text: &str) -> Result<TlsMode, Problem> {
    match text {
        "enabled" => Ok(TlsMode::Enabled),
        "disabled" => Ok(TlsMode::Disabled),
        _ => Err(Problem::new(
            Code::InvalidQuery,
            "the query parameter 'tls_mode' must be enabled or disabled",
        )),
    }
}

const DEFAULT_PAGE: usize = 100;
const MAX_PAGE: usize = 1000;
