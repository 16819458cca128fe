//! `/v1/ocsp`: how the cluster would ask for the status of its own proxy certificate
//! (`docs/contracts/redis-enterprise.md#ocsp`). It says nothing of clients' certificates.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::authorized::Authorized;
use super::body::RequestBody;
use super::json::{self, Request};
use super::problem::{Code, Problem};
use super::schemas::OCSP;
use super::{Dialect, answer};
use crate::cluster::access::action::{TestOcspStatus, UpdateOcspSettings, ViewOcspSettings, ViewOcspStatus};
use crate::cluster::policy::{OcspSettings, OcspUpdate};

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
    json::check(&body, &OCSP, Request::Change(&answer::members(&current)))?;
    if body.boolean("ocsp_functionality") == Some(true) {
        return Err(no_responder());
    }
    let update = OcspUpdate {
        query_frequency: body.integer("query_frequency"),
        recovery_frequency: body.integer("recovery_frequency"),
        recovery_max_tries: body.integer("recovery_max_tries"),
        response_timeout: body.integer("response_timeout"),
    };
    let settings = dialect.app.cluster.update_ocsp(&permit, update).await?;
    Ok(answer::json(&shown(&settings)))
}

/// `GET /v1/ocsp/status`: nothing has been asked, so that nothing is known.
pub(super) async fn status(_: Authorized<ViewOcspStatus>) -> Response {
    answer::json(&json!({
        "cert_status": "UNKNOWN",
        "next_update": "",
        "produced_at": "",
        "responder_url": "",
        "revocation_time": "",
        "this_update": "",
    }))
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

fn shown(settings: &OcspSettings) -> Value {
    json!({
        "ocsp_functionality": false,
        "query_frequency": settings.query_frequency,
        "recovery_frequency": settings.recovery_frequency,
        "recovery_max_tries": settings.recovery_max_tries,
        "responder_url": "",
        "response_timeout": settings.response_timeout,
    })
}
