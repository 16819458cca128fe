//! Routes that show what is below the routes.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::routing::{get, post, put};
use axum::{Extension, Router};
use certward_pki::Thumbprint;
use certward_server::app::App;
use certward_server::certificate::CertificateBundle;
use certward_server::http::BodyError;
use certward_server::listener::peer::Peer;
use certward_server::ravendb::access::authn::{Caller, Decision};
use certward_server::ravendb::access::authz::authorize;
use certward_server::ravendb::model::clearance::{Permissions, SecurityClearance};
use certward_server::ravendb::model::definition::Grant;
use certward_server::ravendb::usecases::replacement::ReplaceRequest;
use certward_server::ravendb::usecases::{EditRequest, RegisterRequest, TwoFactorChange};
use http::StatusCode;
use http_body_util::BodyExt as _;
use zeroize::Zeroizing;

use super::cluster_routes;

type Answer = Result<String, (StatusCode, String)>;

pub(super) fn routes(app: Arc<App>) -> Router {
    Router::new()
        .route("/whoami", get(whoami))
        .route("/echo", post(echo))
        .route("/slow", get(slow))
        .route("/large", get(async || "x".repeat(64 * 1024 * 1024)))
        .route("/panic", get(async || -> String { panic!("a panic in a handler") }))
        .route("/certificates/{id}", put(register).delete(remove))
        .route("/certificates/{id}/demote", post(demote))
        .route("/server-certificate/{when}", post(replace).get(replacement))
        .merge(cluster_routes::routes())
        .with_state(app)
}

fn caller(app: &App, peer: &Peer) -> Result<Arc<Caller>, (StatusCode, String)> {
    match app.authenticator.authenticate(peer) {
        Decision::Admitted(caller) => Ok(caller),
        Decision::Renewed(_) => Err((StatusCode::FORBIDDEN, "renewed".to_owned())),
        Decision::Refused(refusal) => Err((StatusCode::FORBIDDEN, refusal.reason().to_owned())),
    }
}

async fn whoami(State(app): State<Arc<App>>, Extension(peer): Extension<Arc<Peer>>) -> Answer {
    let caller = caller(&app, &peer)?;
    Ok(format!("{} {}", caller.name(), caller.clearance()))
}

async fn echo(body: Body) -> Result<Vec<u8>, StatusCode> {
    match body.collect().await {
        Ok(body) => Ok(body.to_bytes().to_vec()),
        Err(error) => Err(match BodyError::within(&error) {
            Some(BodyError::TooLarge { .. }) => StatusCode::PAYLOAD_TOO_LARGE,
            Some(BodyError::TimedOut { .. }) => StatusCode::REQUEST_TIMEOUT,
            Some(BodyError::Broken(_)) | None => StatusCode::BAD_REQUEST,
        }),
    }
}

async fn slow(State(app): State<Arc<App>>, Extension(peer): Extension<Arc<Peer>>) -> Answer {
    let caller = caller(&app, &peer)?;
    tokio::time::sleep(Duration::from_millis(700)).await;
    Ok(caller.name().to_owned())
}

async fn register(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(clearance): Path<String>,
    body: Body,
) -> Answer {
    let permit = authorize(&caller(&app, &peer)?).map_err(|denied| (StatusCode::FORBIDDEN, denied.to_string()))?;
    let body = body.collect().await.map_err(failed)?.to_bytes().to_vec();
    let certificates = CertificateBundle::parse(body, None).await.map_err(failed)?;
    let clearance = clearance.parse::<SecurityClearance>().map_err(failed)?;
    let grant = Grant {
        name: "client".to_owned(),
        clearance,
        permissions: Permissions::none(),
        disabled: false,
        two_factor_key: None,
    };
    app.authority
        .register(&permit, RegisterRequest { grant, certificates })
        .await
        .map_err(failed)?;
    Ok(String::new())
}

async fn remove(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(thumbprint): Path<String>,
) -> Answer {
    let permit = authorize(&caller(&app, &peer)?).map_err(|denied| (StatusCode::FORBIDDEN, denied.to_string()))?;
    let thumbprint = thumbprint.parse::<Thumbprint>().map_err(failed)?;
    app.authority.delete(&permit, &thumbprint).await.map_err(failed)?;
    Ok(String::new())
}

async fn demote(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(thumbprint): Path<String>,
) -> Answer {
    let permit = authorize(&caller(&app, &peer)?).map_err(|denied| (StatusCode::FORBIDDEN, denied.to_string()))?;
    let request = EditRequest {
        thumbprint: thumbprint.parse().map_err(failed)?,
        name: "client".to_owned(),
        clearance: SecurityClearance::ValidUser,
        permissions: Permissions::none(),
        disabled: false,
        two_factor: TwoFactorChange::Keep,
    };
    app.authority.edit(&permit, request).await.map_err(failed)?;
    Ok(String::new())
}

async fn replace(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(when): Path<String>,
    body: Body,
) -> Answer {
    let permit = authorize(&caller(&app, &peer)?).map_err(|denied| (StatusCode::FORBIDDEN, denied.to_string()))?;
    let file = Zeroizing::new(body.collect().await.map_err(failed)?.to_bytes().to_vec());
    let request = ReplaceRequest {
        file,
        password: None,
        replace_immediately: when == "now",
    };
    app.replacement.replace(&permit, request).await.map_err(failed)?;
    Ok(String::new())
}

async fn replacement(State(app): State<Arc<App>>, Extension(peer): Extension<Arc<Peer>>) -> Answer {
    let permit = authorize(&caller(&app, &peer)?).map_err(|denied| (StatusCode::FORBIDDEN, denied.to_string()))?;
    Ok(app.replacement.status(&permit).map_or_else(
        || "none".to_owned(),
        |status| format!("confirmations {} replaced {}", status.confirmations, status.replaced),
    ))
}

fn failed(error: impl std::error::Error) -> (StatusCode, String) {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}
