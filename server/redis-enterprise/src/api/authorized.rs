//! From a connection and a header to a permit: the part of every route that comes before its handler.

use std::sync::Arc;

use axum::extract::{Extension, FromRequestParts, Path};
use axum::response::{IntoResponse, Response};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue};

use super::problem::{Code, Problem};
use super::query::Query;
use super::{CannotBeTried, Dialect};
use crate::cluster::access::action::{ChangePassword, CreateCluster};
use crate::cluster::access::{
    self, ClusterAction, ClusterCaller, ClusterCallerOrigin, ClusterDenied, ClusterPermit, ClusterRefusal, Credentials,
    ExpiredPassword, Way,
};
use crate::cluster::{Asked, Run};
use certward_redis_model::uid::UserUid;
use certward_redis_proxy::PasswordRefusal;
use certward_store::audit::Actor;
use certward_transport::http::{NamedUser, RequestUser, WhyRefused};
use certward_transport::listener::peer::Peer;

/// The permit of a caller who may do `A`. A route with this argument runs for no other caller.
pub(super) struct Authorized<A>(pub(super) ClusterPermit<A>);

/// The permit of a caller who may do `A` to the user in the path, and that user's number; none when the path holds no
/// number, which only those are told who may do `A` to everybody.
pub(super) struct AuthorizedOn<A> {
    pub(super) permit: ClusterPermit<A>,
    pub(super) target: Option<UserUid>,
}

/// The permit to change passwords, which a password that has expired gives too: it could not be replaced otherwise.
pub(super) struct AuthorizedToChangePassword(pub(super) ClusterPermit<ChangePassword>);

/// The permit to create the cluster, which there is nobody to give yet.
pub(super) struct AuthorizedToCreateCluster(pub(super) ClusterPermit<CreateCluster>);

impl<A: ClusterAction> FromRequestParts<Arc<Dialect>> for Authorized<A> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, dialect: &Arc<Dialect>) -> Result<Self, Response> {
        let caller = caller(dialect, parts, A::NAME, ExpiredPassword::Refused).await?;
        granted(dialect, parts, &caller, access::authorize(&caller)).map(Self)
    }
}

impl<A: ClusterAction> FromRequestParts<Arc<Dialect>> for AuthorizedOn<A> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, dialect: &Arc<Dialect>) -> Result<Self, Response> {
        let caller = caller(dialect, parts, A::NAME, ExpiredPassword::Refused).await?;
        let target = match Path::<String>::from_request_parts(parts, dialect).await {
            Ok(Path(uid)) => uid.parse().ok(),
            Err(_) => None,
        };
        let permit = match target {
            Some(target) => access::authorize_on::<A>(&caller, target),
            None => access::authorize::<A>(&caller),
        };
        let permit = granted(dialect, parts, &caller, permit)?;
        Ok(Self { permit, target })
    }
}

impl FromRequestParts<Arc<Dialect>> for AuthorizedToChangePassword {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, dialect: &Arc<Dialect>) -> Result<Self, Response> {
        let caller = caller(dialect, parts, ChangePassword::NAME, ExpiredPassword::Admitted).await?;
        granted(dialect, parts, &caller, access::authorize(&caller)).map(Self)
    }
}

impl FromRequestParts<Arc<Dialect>> for AuthorizedToCreateCluster {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, dialect: &Arc<Dialect>) -> Result<Self, Response> {
        let name = CreateCluster::NAME;
        let (peer, credentials) = presented(dialect, parts, name).await?;
        let access = &dialect.app.cluster_access;
        let caller = access
            .authenticate_founder(&peer, credentials.as_ref(), way(&parts.headers))
            .await
            .map_err(|refusal| not_let_in(dialect, parts, name, &peer, &refusal))?;
        granted(dialect, parts, &caller, access::authorize(&caller)).map(Self)
    }
}

/// Detects a proxy that has forwarded the request, by the headers that it adds and a client behind it cannot remove.
fn way(headers: &HeaderMap) -> Way {
    let is_a_proxys = |name: &HeaderName| {
        // Some write hyphens as underscores.
        let name = &*name.as_str().replace('_', "-");
        PROXY_HEADERS.contains(&name) || PROXY_HEADER_STARTS.iter().any(|start| name.starts_with(start))
    };
    if headers.keys().any(is_a_proxys) {
        Way::Forwarded
    } else {
        Way::Direct
    }
}

/// RFC 7239, RFC 9110 section 7.6.3, and what proxies and content delivery networks write.
const PROXY_HEADERS: [&str; 11] = [
    "cdn-loop",
    "client-ip",
    "forwarded",
    "proxy-connection",
    "true-client-ip",
    "via",
    "wl-proxy-client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-real-ip",
    "x-remote-ip",
];
const PROXY_HEADER_STARTS: [&str; 9] = [
    "cf-",
    "fastly-",
    "x-amzn-",
    "x-arr-",
    "x-azure-",
    "x-envoy-",
    "x-forwarded",
    "x-original-",
    "x-proxy",
];

/// The permit, when there is one and the request can be carried out as it is. Leaves with the request what
/// [`super::body::RequestBody`] decides anew when the body has come.
#[allow(clippy::result_large_err, reason = "the error is the response itself")]
fn granted<A: ClusterAction>(
    dialect: &Dialect,
    parts: &mut Parts,
    caller: &ClusterCaller,
    permit: Result<ClusterPermit<A>, ClusterDenied>,
) -> Result<ClusterPermit<A>, Response> {
    let permit = permit.map_err(|denied| refuse(dialect, parts, A::NAME, caller, denied))?;
    check_trial(parts).map_err(IntoResponse::into_response)?;
    parts.extensions.insert(Asked::by(&permit, parts.uri.path()));
    Ok(permit)
}

/// Identifies the caller. An `Authorization` header takes precedence over the certificate of the connection.
async fn caller(
    dialect: &Dialect,
    parts: &mut Parts,
    action: &'static str,
    expired: ExpiredPassword,
) -> Result<Arc<ClusterCaller>, Response> {
    let (peer, credentials) = presented(dialect, parts, action).await?;
    let access = &dialect.app.cluster_access;
    match access.authenticate(&peer, credentials.as_ref(), expired).await {
        Ok(caller) => {
            name_user(&parts.extensions, &caller);
            Ok(caller)
        }
        Err(refusal) => Err(not_let_in(dialect, parts, action, &peer, &refusal)),
    }
}

/// Has the log line of the request say which user the caller is.
pub(super) fn name_user(extensions: &Extensions, caller: &ClusterCaller) {
    if let (ClusterCallerOrigin::User { user, proof }, Some(named)) = (caller.origin(), extensions.get::<RequestUser>())
    {
        named.is(NamedUser {
            uid: user.uid.get(),
            name: user.name.to_string(),
            email: user.email.as_ref().map(|email| email.as_str().to_owned()),
            proof: proof.as_str(),
        });
    }
}

/// The connection, and what the caller says of itself.
async fn presented(
    dialect: &Dialect,
    parts: &mut Parts,
    action: &'static str,
) -> Result<(Arc<Peer>, Option<Credentials>), Response> {
    let peer = peer(parts).await?;
    match credentials(&parts.headers) {
        Ok(credentials) => Ok((peer, credentials)),
        Err(problem) => {
            record(dialect, &peer, action, parts.uri.path(), MALFORMED);
            Err(WhyRefused::word(MALFORMED).answer(problem))
        }
    }
}

fn not_let_in(
    dialect: &Dialect,
    parts: &Parts,
    action: &'static str,
    peer: &Peer,
    refusal: &ClusterRefusal,
) -> Response {
    // Only `authorize` tells that a password has expired (`docs/contracts/redis-enterprise.md#passwords-and-tokens`).
    let problem = problem_of(refusal, ExpiredPassword::Admitted);
    refuse_stranger(dialect, peer, action, parts.uri.path(), refusal, problem)
}

/// Answers somebody who was not let in with `problem`, and records why.
pub(super) fn refuse_stranger(
    dialect: &Dialect,
    peer: &Peer,
    action: &'static str,
    path: &str,
    refusal: &ClusterRefusal,
    problem: Problem,
) -> Response {
    record(dialect, peer, action, path, refusal.reason());
    WhyRefused::error(refusal.reason(), refusal).answer(problem)
}

/// The peer of the connection, which the listener attaches to every request.
pub(super) async fn peer(parts: &mut Parts) -> Result<Arc<Peer>, Response> {
    let Extension(peer) = Extension::<Arc<Peer>>::from_request_parts(parts, &())
        .await
        .map_err(IntoResponse::into_response)?;
    Ok(peer)
}

/// The credentials in the `Authorization` header, if there is one.
///
/// # Errors
///
/// If it holds no credentials, or there are two of it.
pub(super) fn credentials(headers: &HeaderMap) -> Result<Option<Credentials>, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Problem::challenge("there is more than one Authorization header"));
    }
    let read = |value: &HeaderValue| Credentials::from_authorization(value.to_str().unwrap_or_default());
    match read(value) {
        Ok(credentials) => Ok(Some(credentials)),
        Err(error) => Err(Problem::challenge(error.to_string())),
    }
}

/// The response to a refused caller. A stranger learns nothing else from it.
pub(super) fn problem_of(refusal: &ClusterRefusal, expired: ExpiredPassword) -> Problem {
    match refusal {
        ClusterRefusal::Password(PasswordRefusal::Busy) => {
            Problem::new(Code::Busy, "too many passwords are being checked; try again")
        }
        ClusterRefusal::Password(PasswordRefusal::Expired) if expired == ExpiredPassword::Refused => Problem::new(
            Code::PasswordExpired,
            "the password has expired; set a new one with PUT /v1/users/password",
        ),
        ClusterRefusal::Password(_) => Problem::challenge("the name or the password is wrong, or cannot be used now"),
        ClusterRefusal::NotTheFounder => Problem::new(
            Code::Unauthorized,
            "the cluster can be created only with an administrator's certificate, or from the server's machine as its own \
             user, over 127.0.0.1 and by no proxy",
        ),
        ClusterRefusal::PasswordsOff => Problem::new(Code::Unauthorized, "basic authentication is off on this cluster"),
        ClusterRefusal::Token(_) => Problem::challenge("the token is wrong, has expired or was revoked"),
        ClusterRefusal::Certificate(_) if refusal.is_about_a_certificate() => Problem::new(
            Code::ClientCertificateRefused,
            "the client certificate lets nobody in, and there are no other credentials",
        ),
        ClusterRefusal::Certificate(_) => {
            Problem::challenge("credentials are needed: a client certificate, a name and a password, or a token")
        }
    }
}

/// Refuses to try what can only be done: a change that was meant for a trial cannot be taken back.
fn check_trial(parts: &Parts) -> Result<(), Problem> {
    let wants_trial = match Query::of(&parts.uri).run() {
        _ if parts.method.is_safe() => return Ok(()),
        Ok(run) => run == Run::Dry,
        Err(problem) => return Err(problem),
    };
    if wants_trial && parts.extensions.get::<CannotBeTried>().is_some() {
        return Err(Problem::new(
            Code::NotSupported,
            "dry_run is not supported on this route",
        ));
    }
    Ok(())
}

/// Records that somebody was not let in.
fn record(dialect: &Dialect, peer: &Peer, action: &'static str, path: &str, reason: &'static str) {
    dialect.app.audit.refused(
        Actor::stranger(peer.address().ip(), peer.thumbprint()),
        action,
        path,
        reason,
    );
}

fn refuse(
    dialect: &Dialect,
    parts: &Parts,
    action: &'static str,
    caller: &ClusterCaller,
    denied: ClusterDenied,
) -> Response {
    let reason = "permission_missing";
    dialect
        .app
        .audit
        .refused(caller.actor(), action, parts.uri.path(), reason);
    let description = format!("the roles of the caller do not have the permission {}", denied.required);
    WhyRefused::word(reason).answer(Problem::new(Code::UnauthorizedAction, description))
}

/// The header holds no credentials that can be read.
const MALFORMED: &str = "malformed_credentials";
