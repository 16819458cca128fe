//! Routes that show who a caller is to the cluster, and change by whom it trusts callers.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::routing::{get, put};
use axum::{Extension, Router};
use certward_server::app::App;
use certward_server::cluster::access::{
    ClusterAction, ClusterCaller, ClusterPermit, Credentials, ExpiredPassword, authorize,
};
use certward_server::cluster::named_certificate::{CertificateName, NewCertificate};
use certward_server::cluster::permission::ManagementRole;
use certward_server::cluster::settings::TlsVersion;
use certward_server::cluster::settings_update::SettingsUpdate;
use certward_server::cluster::user::{AuthMethod, EmailAlerts, NewUser, RoleSelection};
use certward_server::cluster::{ClusterError, Run};
use certward_server::listener::peer::Peer;
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt as _;

type Answer = Result<String, (StatusCode, String)>;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/cluster/whoami", get(whoami))
        .route("/cluster/trusted-ca", put(trust))
        .route("/cluster/certificate-authentication/{on}", put(switch))
        .route("/cluster/tls-1.3", put(require_tls_1_3))
        .route("/cluster/users/{name}", put(create).delete(delete))
}

async fn caller(app: &App, peer: &Arc<Peer>, headers: &HeaderMap) -> Result<Arc<ClusterCaller>, (StatusCode, String)> {
    let credentials = headers
        .get(header::AUTHORIZATION)
        .map(|value| Credentials::from_authorization(value.to_str().unwrap()).unwrap());
    app.cluster_access
        .authenticate(peer, credentials.as_ref(), ExpiredPassword::Refused)
        .await
        .map_err(|refusal| (StatusCode::UNAUTHORIZED, refusal.reason().to_owned()))
}

async fn permit<A: ClusterAction>(app: &App, peer: &Arc<Peer>) -> Result<ClusterPermit<A>, (StatusCode, String)> {
    let caller = caller(app, peer, &HeaderMap::new()).await?;
    authorize(&caller).map_err(|denied| (StatusCode::FORBIDDEN, denied.to_string()))
}

async fn whoami(State(app): State<Arc<App>>, Extension(peer): Extension<Arc<Peer>>, headers: HeaderMap) -> Answer {
    let caller = caller(&app, &peer, &headers).await?;
    Ok(format!("{} {}", caller.name(), caller.management_role()))
}

async fn trust(State(app): State<Arc<App>>, Extension(peer): Extension<Arc<Peer>>, body: Body) -> Answer {
    let permit = permit(&app, &peer).await?;
    let pem = body.collect().await.unwrap().to_bytes().to_vec();
    let certificate = NewCertificate {
        name: CertificateName::MtlsTrustedCa,
        certificate: String::from_utf8(pem).unwrap(),
        key: None,
    };
    answer(app.cluster.put_certificates(&permit, vec![certificate]).await)
}

async fn switch(State(app): State<Arc<App>>, Extension(peer): Extension<Arc<Peer>>, Path(on): Path<bool>) -> Answer {
    let permit = permit(&app, &peer).await?;
    let update = SettingsUpdate {
        mtls_certificate_authentication: Some(on),
        ..SettingsUpdate::default()
    };
    answer(app.cluster.update_settings(&permit, update, Run::Apply).await)
}

async fn require_tls_1_3(State(app): State<Arc<App>>, Extension(peer): Extension<Arc<Peer>>) -> Answer {
    let permit = permit(&app, &peer).await?;
    let update = SettingsUpdate {
        min_control_tls_version: Some(TlsVersion::V1_3),
        ..SettingsUpdate::default()
    };
    answer(app.cluster.update_settings(&permit, update, Run::Apply).await)
}

async fn create(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(name): Path<String>,
    body: Body,
) -> Answer {
    let permit = permit(&app, &peer).await?;
    let password = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    let is_certified = password.is_empty();
    let new = NewUser {
        uid: None,
        name: Some(name.parse().unwrap()),
        email: None,
        auth_method: if is_certified {
            AuthMethod::Certificate
        } else {
            AuthMethod::Regular
        },
        password: (!is_certified).then(|| password.into()),
        certificate_subject_line: is_certified.then(|| format!("CN={name}").parse().unwrap()),
        roles: RoleSelection::Management(ManagementRole::DbViewer),
        alerts: EmailAlerts::default(),
    };
    answer(app.cluster.create_user(&permit, new, Run::Apply).await)
}

async fn delete(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(name): Path<String>,
) -> Answer {
    let permit = permit(&app, &peer).await?;
    let uid = app.cluster.state().user_named(&name).unwrap().uid;
    answer(app.cluster.delete_user(&permit, uid).await)
}

fn answer<T>(outcome: Result<T, ClusterError>) -> Answer {
    match outcome {
        Ok(_) => Ok(String::new()),
        Err(error) => Err((StatusCode::CONFLICT, error.to_string())),
    }
}
