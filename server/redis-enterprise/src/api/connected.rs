//! `/v1/certward`: Certward's own routes, which Redis Enterprise does not have. They list connected clients and the
//! effects of a removal.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use certward_transport::connected::Page;
use serde::Serialize;

use super::authorized::Authorized;
use super::json::{Kind, MAX_UID};
use super::problem::{Code, Problem};
use super::query::Query;
use super::routes::Parameter;
use super::{Connected, Dialect, answer};
use crate::cluster::access::action::ViewConnections;
use certward_redis_model::removal::{NotThere, Removal, TrustedBy};
use certward_redis_model::uid::UidError;
use certward_transport::http::{LISTINGS, aside};

/// `GET /v1/certward/connections`
pub(super) async fn list(
    _: Authorized<ViewConnections>,
    State(dialect): State<Arc<Dialect>>,
    query: Query,
) -> Result<Response, Problem> {
    query.only(CONNECTIONS_QUERY)?;
    let page = Page {
        offset: number(&query, "offset", 0, usize::MAX)?.unwrap_or(0),
        limit: number(&query, "limit", 1, Page::MAX_LIMIT)?.unwrap_or(Page::DEFAULT_LIMIT),
    };
    found(&dialect, move |connected| Ok(connected.list(page))).await
}

/// `GET /v1/certward/removals/{kind}/{id}`
pub(super) async fn removal(
    _: Authorized<ViewConnections>,
    State(dialect): State<Arc<Dialect>>,
    Path((kind, id)): Path<(String, String)>,
    query: Query,
) -> Result<Response, Problem> {
    query.only(REMOVALS_QUERY)?;
    let (removal, code) = asked(&kind, &id, &query)?;
    found(&dialect, move |connected| {
        connected.effect_of(removal).map_err(|not_there| match not_there {
            NotThere::Removed => Problem::new(code, format!("there is no {id} among the {kind}")),
            NotThere::Database(uid) => Problem::new(
                Code::DatabaseNotExist,
                format!("the query parameter 'bdb' names the database {uid}, which does not exist"),
            ),
        })
    })
    .await
}

/// Reads the removal that the request is about, and the error code for an object that does not exist.
fn asked(kind: &str, id: &str, query: &Query) -> Result<(Removal, Code), Problem> {
    fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(id: &str, code: Code) -> Result<T, Problem> {
        id.parse()
            .map_err(|error: T::Err| Problem::new(code, error.to_string()))
    }
    let trusted_by = match query.text("bdb")? {
        None => TrustedBy::Anybody,
        Some("0") => TrustedBy::Cluster,
        Some(uid) => TrustedBy::Database(uid.parse().map_err(|error: UidError| {
            Problem::new(
                Code::InvalidQuery,
                format!("the query parameter 'bdb' must be 0 or the uid of a database: {error}"),
            )
        })?),
    };
    Ok(match kind {
        "users" => (Removal::User(parsed(id, Code::UserNotExist)?), Code::UserNotExist),
        "roles" => (Removal::Role(parsed(id, Code::RoleNotExist)?), Code::RoleNotExist),
        "redis_acls" => (
            Removal::RedisAcl(parsed(id, Code::RedisAclNotExist)?),
            Code::RedisAclNotExist,
        ),
        "bdbs" => (
            Removal::Database(parsed(id, Code::DatabaseNotExist)?),
            Code::DatabaseNotExist,
        ),
        "certificates" => {
            let fingerprint = parsed(id, Code::CertificateNotExist)?;
            (Removal::Certificate(fingerprint, trusted_by), Code::CertificateNotExist)
        }
        _ => {
            return Err(Problem::new(
                Code::NotFound,
                format!("there is no {kind:?} to be removed; the kinds are {}", KINDS.join(", ")),
            ));
        }
    })
}

fn number(query: &Query, name: &str, min: usize, max: usize) -> Result<Option<usize>, Problem> {
    let Some(text) = query.text(name)? else { return Ok(None) };
    match text.parse() {
        Ok(number) if (min..=max).contains(&number) => Ok(Some(number)),
        _ => Err(Problem::new(
            Code::InvalidQuery,
            format!("the query parameter '{name}' must be a whole number from {min} to {max}"),
        )),
    }
}

/// Looks, and writes the answer, beside the thread that serves: there may be thousands of connections.
async fn found<T: Serialize + 'static>(
    dialect: &Dialect,
    look: impl FnOnce(&dyn Connected) -> Result<T, Problem> + Send + 'static,
) -> Result<Response, Problem> {
    let connected = Arc::clone(&dialect.app.connected);
    aside(&LISTINGS, move || Ok(answer::json(&look(&*connected)?))).await
}

/// The query parameters of [`list`].
pub(super) const CONNECTIONS_QUERY: &[Parameter] = &[
    (
        "offset",
        Kind::Integer { min: 0, max: i64::MAX },
        "how many connections to pass over; 0",
    ),
    (
        "limit",
        Kind::Integer { min: 1, max: 10_000 },
        "how many to show at most; 1000",
    ),
];

/// The query parameters of [`removal`].
pub(super) const REMOVALS_QUERY: &[Parameter] = &[(
    "bdb",
    Kind::Integer { min: 0, max: MAX_UID },
    "of a certificate: removed from this database alone; 0 for mtls_trusted_ca alone; all when it is left out",
)];

/// The kinds of objects that a request can be about.
pub(super) const KINDS: [&str; 5] = ["users", "roles", "redis_acls", "bdbs", "certificates"];
