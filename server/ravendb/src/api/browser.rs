//! Pages for browsers, which explain that there is no Studio.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};

use super::answer;
use super::authorized::refused;
use super::refusal::{Reason, Required};
use crate::access::authn::Decision;
use crate::api::Services;
use certward_transport::listener::peer::Peer;

/// `GET /` (observed record `671-studio-root-nocert`)
pub(super) async fn root() -> Response {
    let headers = [
        (header::CONTENT_TYPE, answer::JSON),
        (header::LOCATION, http::HeaderValue::from_static(STUDIO)),
    ];
    answer::with_version((StatusCode::FOUND, headers).into_response())
}

/// `GET /studio/index.html`: for admitted callers. All others get the reason of the refusal (records `545`, `672`).
pub(super) async fn studio(
    State(app): State<Arc<Services>>,
    Extension(peer): Extension<Arc<Peer>>,
    headers: HeaderMap,
) -> Response {
    match app.authenticator.authenticate(&peer) {
        Decision::Admitted(_) | Decision::Renewed(_) => page(
            "This is Certward: RavenDB's certificate administration without the Studio. The API is described in \
             <a href=\"/openapi.json\">/openapi.json</a>.",
        ),
        Decision::Refused(refusal) => refused(&peer, Reason::of(&refusal), Required::Nothing).answer(&headers),
    }
}

/// `GET /auth-error.html`: the target of redirects for refused browsers.
pub(super) async fn authentication_error() -> Response {
    page(
        "The server does not accept the certificate your browser has shown, or it has shown none, or its rights are \
         too low for the page. Ask an administrator to register the certificate, and open a new private window: \
         browsers keep the choice of a certificate.",
    )
}

fn page(text: &str) -> Response {
    let html =
        format!("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Certward</title><p>{text}</p></html>");
    answer::content("text/html; charset=utf-8", html.into())
}

const STUDIO: &str = "/studio/index.html";
