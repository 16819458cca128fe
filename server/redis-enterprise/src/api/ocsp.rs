//! `/v1/ocsp`: how the cluster would ask for the status of its own proxy certificate
//! (`docs/contracts/redis-enterprise.md#ocsp`). It says nothing of clients' certificates.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::authorized::Authorized;
use super::body::RequestBody;
use super::json::{self, Body as _, Request};
use super::problem::{Code, Problem};
use super::wire::{Ocsp, OcspStatus};
use super::{Dialect, answer};
use crate::cluster::access::action::{TestOcspStatus, UpdateOcspSettings, ViewOcspSettings, ViewOcspStatus};
use certward_redis_model::policy::OcspSettings;

/// `GET /v1/ocsp`
pub(super) async fn read(_: Authorized<ViewOcspSettings>, State(dialect): State<Arc<Dialect>>) -> Response {
    answer::json(&shown(&dialect.app.cluster.state().settings().ocsp))
}

/// `PUT /v1/ocsp`
pub(super) async fn update(
    Authorized(permit): Authorized<UpdateOcspSettings>,
    State(dialect): State<Arc<Dialect>>,
    body: RequestBody,
) -> Result<Response, Problem> {
    let body = body.object().await?;
    let current = shown(&dialect.app.cluster.state().settings().ocsp);
    // What only the server writes never changes.
    json::check(&body, Ocsp::SCHEMA, Request::Change(&answer::members(&current)))?;
    let body = Ocsp::of(&body)?;
    if body.ocsp_functionality == Some(true) {
        return Err(no_responder());
    }
    let settings = dialect.app.cluster.update_ocsp(&permit, body.into()).await?;
    Ok(answer::json(&shown(&settings)))
}

/// `GET /v1/ocsp/status`: nothing has been asked, so that nothing is known.
pub(super) async fn status(_: Authorized<ViewOcspStatus>) -> Response {
    answer::json(&OcspStatus {
        cert_status: "UNKNOWN",
        ..OcspStatus::default()
    })
}

/// `POST /v1/ocsp/test`
pub(super) async fn test(_: Authorized<TestOcspStatus>) -> Problem {
    no_responder()
}

/// No certificate of this server's names a responder.
fn no_responder() -> Problem {
    Problem::new(
        Code::NoResponderUrl,
        "the proxy certificate names no OCSP responder, so that there is none to ask",
    )
}

fn shown(settings: &OcspSettings) -> Ocsp {
    Ocsp {
        ocsp_functionality: Some(false),
        responder_url: Some(""),
        ..Ocsp::showing(settings)
    }
}
