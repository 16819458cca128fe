//! Deleting registered certificates (`docs/contracts/ravendb.md#delete` and `docs/contracts/ravendb.md#purge`).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::super::answer;
use super::super::authorized::Authorized;
use super::super::problem::Problem;
use super::super::query::Query;
use crate::access::authz::action::{DeleteCertificate, PurgeCertificates};
use crate::api::Services;

/// `DELETE /admin/certificates`. Deleting an unregistered certificate succeeds (records `432`, `438`).
pub(in super::super) async fn delete(
    Authorized(permit): Authorized<DeleteCertificate>,
    State(app): State<Arc<Services>>,
    query: Query,
) -> Result<Response, Problem> {
    if let Ok(thumbprint) = query.required_text("thumbprint")?.parse() {
        app.authority.delete(&permit, &thumbprint).await?;
    }
    Ok(answer::empty_json(StatusCode::NO_CONTENT))
}

/// `DELETE /admin/certificates/purge`
pub(in super::super) async fn purge(
    Authorized(permit): Authorized<PurgeCertificates>,
    State(app): State<Arc<Services>>,
) -> Result<Response, Problem> {
    app.authority.purge(&permit).await?;
    Ok(answer::empty_json(StatusCode::NO_CONTENT))
}
