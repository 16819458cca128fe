//! `/certward`: Certward's own routes, which RavenDB does not have. They list connected clients and the effects of a
//! deletion. The form of the responses is the same as on Redis Enterprise's API.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use certward_pki::Thumbprint;
use certward_transport::connected::Page;
use http::StatusCode;

use super::answer;
use super::authorized::Authorized;
use super::described::Kind;
use super::problem::Problem;
use super::query::Query;
use super::routes::{Parameter, parameter};
use crate::access::authz::action::ReadConnections;
use crate::api::Services;
use certward_transport::http::{LISTINGS, aside};

/// `GET /certward/connections`
pub(super) async fn list(
    _: Authorized<ReadConnections>,
    State(app): State<Arc<Services>>,
    query: Query,
) -> Result<Response, Problem> {
    let page = page(&query).map_err(Problem::of_own_route)?;
    Ok(aside(&LISTINGS, move || answer::json(&app.connected.list(page))).await)
}

/// The requested page of the list.
fn page(query: &Query) -> Result<Page, Problem> {
    query.only(CONNECTIONS_QUERY)?;
    let size = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
    let limit = query.count("limit")?.map_or(Page::DEFAULT_LIMIT, size);
    if !(1..=Page::MAX_LIMIT).contains(&limit) {
        return Err(Problem::argument(format!(
            "'limit' must be a whole number from 1 to {}, and is {limit}",
            Page::MAX_LIMIT
        )));
    }
    Ok(Page {
        offset: query.count("offset")?.map_or(0, size),
        limit,
    })
}

/// `GET /certward/removals/certificates`
pub(super) async fn removal(
    _: Authorized<ReadConnections>,
    State(app): State<Arc<Services>>,
    query: Query,
) -> Result<Response, Problem> {
    let thumbprint = query
        .only(REMOVALS_QUERY)
        .and_then(|()| query.required_text("thumbprint"))
        .map_err(Problem::of_own_route)?;
    let thumbprint = thumbprint.parse::<Thumbprint>().ok();
    let look = move || match thumbprint.and_then(|thumbprint| app.connected.effect_of_deletion(&thumbprint)) {
        Some(effect) => answer::json(&effect),
        None => answer::empty_json(StatusCode::NOT_FOUND),
    };
    Ok(aside(&LISTINGS, look).await)
}

/// The query parameters of [`list`].
pub(super) const CONNECTIONS_QUERY: &[Parameter] = &[
    parameter(
        "offset",
        Kind::Integer(0, 2_147_483_647),
        "how many connections to pass over; 0",
    ),
    parameter("limit", Kind::Integer(1, 10_000), "how many to show at most; 1000"),
];

/// The query parameters of [`removal`].
pub(super) const REMOVALS_QUERY: &[Parameter] = &[Parameter {
    is_required: true,
    ..parameter(
        "thumbprint",
        Kind::Form("\\S", 256),
        "the certificate; 404 when it is not registered",
    )
}];
