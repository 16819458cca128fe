//! Tokens in the place of passwords: `authorize` and `refresh_jwt`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::Extensions;

use super::super::authorized::{self, Authorized};
use super::super::body::RequestBody;
use super::super::problem::{Code, Problem};
use super::super::wire::{AccessToken, Authorize, Refresh, Token};
use super::super::{Dialect, answer};
use crate::cluster::access::action::IssueToken;
use crate::cluster::access::{
    self, ClusterAction, ClusterPermit, ClusterRefusal, Credentials, ExpiredPassword, Proof, TokenLifetime,
};
use certward_transport::listener::peer::Peer;

/// `POST /v1/users/authorize`: name and password in the header, as the machine-made reference has it, or in the body, as
/// the hand-written one has.
pub(in super::super) async fn authorize(
    State(dialect): State<Arc<Dialect>>,
    request: Request,
) -> Result<Response, Response> {
    let (mut parts, body) = request.into_parts();
    let peer = authorized::peer(&mut parts).await?;
    let path = parts.uri.path().to_owned();
    let in_header = authorized::credentials(&parts.headers).map_err(IntoResponse::into_response)?;
    let body = RequestBody::of_a_stranger(&parts.headers, body).await;
    let body = body.map_err(IntoResponse::into_response)?.read_if_any().await;
    let body: Authorize = body.map_err(IntoResponse::into_response)?;
    let ttl = body.ttl;
    let credentials = match in_header {
        Some(credentials) => Some(credentials),
        None => in_body(body).map_err(IntoResponse::into_response)?,
    };
    let permit = permit(&dialect, &parts.extensions, &peer, credentials.as_ref())
        .await
        .map_err(|refusal| {
            let problem = authorized::problem_of(&refusal, ExpiredPassword::Refused);
            authorized::refuse_stranger(&dialect, &peer, IssueToken::NAME, &path, &refusal, problem)
        })?;
    answer_token(&dialect, &permit, ttl).map_err(IntoResponse::into_response)
}

/// `POST /v1/users/refresh_jwt`
pub(in super::super) async fn refresh(
    Authorized(permit): Authorized<IssueToken>,
    State(dialect): State<Arc<Dialect>>,
    body: RequestBody,
) -> Result<Response, Problem> {
    if permit.caller().proof() != Some(Proof::Token) {
        return Err(Problem::new(
            Code::Unauthorized,
            "a token is needed in the header, as in 'Authorization: JWT <token>'",
        ));
    }
    let body: Refresh = body.read_if_any().await?;
    answer_token(&dialect, &permit, body.ttl)
}

async fn permit(
    dialect: &Dialect,
    extensions: &Extensions,
    peer: &Arc<Peer>,
    credentials: Option<&Credentials>,
) -> Result<ClusterPermit<IssueToken>, ClusterRefusal> {
    let access = &dialect.app.cluster_access;
    let caller = access.authenticate(peer, credentials, ExpiredPassword::Refused).await?;
    authorized::name_user(extensions, &caller);
    Ok(access::authorize(&caller).expect("a token may be asked for by everybody who is let in"))
}

fn in_body(body: Authorize) -> Result<Option<Credentials>, Problem> {
    match (body.username, body.password) {
        (Some(login), Some(password)) => Ok(Some(Credentials::Password { login, password })),
        (None, None) => Ok(None),
        _ => Err(Problem::new(
            Code::MissingField,
            "username and password go together; give both, or neither and an Authorization header",
        )),
    }
}

fn answer_token(dialect: &Dialect, permit: &ClusterPermit<IssueToken>, ttl: Option<u64>) -> Result<Response, Problem> {
    let lifetime = match ttl {
        None => TokenLifetime::default(),
        Some(seconds) => TokenLifetime::from_seconds(seconds)
            .map_err(|error| Problem::new(Code::InvalidSchema, format!("ttl: {error}")))?,
    };
    let token = dialect.app.cluster_access.issue_token(permit, lifetime)?;
    Ok(answer::json(&AccessToken {
        access_token: Token(token),
    }))
}
