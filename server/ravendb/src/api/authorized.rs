//! From a connection to a permit: the part of every route that precedes its handler.

use std::sync::Arc;

use axum::extract::{Extension, FromRequestParts};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, header};

use super::problem::Problem;
use super::refusal::{Reason, Refused, Required};
use crate::access::authn::{Caller, Decision};
use crate::access::authz::{Action, Permit, authorize};
use crate::api::Services;
use crate::usecases::{Asked, Error};
use certward_store::audit::Actor;
use certward_transport::http::WhyRefused;
use certward_transport::listener::peer::Peer;

/// The permit of a caller who may do `A`. A route with this argument runs for no other caller.
pub(super) struct Authorized<A>(pub(super) Permit<A>);

/// Any authenticated caller, for routes whose required rank depends on the request.
pub(super) struct Authenticated(pub(super) Arc<Caller>);

impl<A: Action> FromRequestParts<Arc<Services>> for Authorized<A> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<Services>) -> Result<Self, Response> {
        let peer = peer(parts, app).await?;
        let required = Required::Level(A::REQUIRED);
        let caller = caller(app, &peer, parts, required, A::NAME).await?;
        let permit = authorize::<A>(&caller).map_err(|_| {
            let word = "clearance_too_low";
            app.audit.refused(caller.actor(), A::NAME, parts.uri.path(), word);
            let refused = refused(&peer, Reason::RankTooLow(caller.level()), required);
            WhyRefused::word(word).answer(refused.answer(&parts.headers))
        })?;
        // For the body, which may be long in coming: see `RequestBody`.
        parts.extensions.insert(Asked::by(&permit, parts.uri.path()));
        Ok(Self(permit))
    }
}

impl FromRequestParts<Arc<Services>> for Authenticated {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<Services>) -> Result<Self, Response> {
        let peer = peer(parts, app).await?;
        let required = Required::Level(crate::model::clearance::Level::ValidUser);
        caller(app, &peer, parts, required, "authenticate").await.map(Self)
    }
}

/// The peer of the connection, which the listener attaches to every request.
pub(super) async fn peer(parts: &mut Parts, app: &Arc<Services>) -> Result<Arc<Peer>, Response> {
    let Extension(peer) = Extension::<Arc<Peer>>::from_request_parts(parts, app)
        .await
        .map_err(IntoResponse::into_response)?;
    Ok(peer)
}

/// The refusal of `peer`.
pub(super) fn refused(peer: &Peer, reason: Reason, required: Required) -> Refused<'_> {
    Refused {
        reason,
        certificate: peer.certificate(),
        required,
    }
}

/// Authenticates the caller: its certificate, and a one-time code if the certificate requires one.
async fn caller(
    app: &Arc<Services>,
    peer: &Arc<Peer>,
    parts: &Parts,
    required: Required,
    action: &'static str,
) -> Result<Arc<Caller>, Response> {
    let refuse = |reason: Reason, word: &'static str| {
        app.audit.refused(
            Actor::stranger(peer.address().ip(), peer.thumbprint()),
            action,
            parts.uri.path(),
            word,
        );
        WhyRefused::word(word).answer(refused(peer, reason, required).answer(&parts.headers))
    };
    let mut decision = app.authenticator.authenticate(peer);
    if let Decision::Renewed(renewal) = &decision {
        // The rights of the old certificate pass to the new one before anything is done with them, and not before the
        // one-time code.
        match app.authority.register_renewal(renewal, None).await {
            Ok(()) => decision = app.authenticator.authenticate(peer),
            Err(error @ (Error::Store(_) | Error::Issuer(_))) => return Err(Problem::from(error).into_response()),
            Err(Error::OneTimeCodeMissing { .. }) => {
                return Err(refuse(Reason::TwoFactorMissing, "two_factor_missing"));
            }
            Err(_) => return Err(refuse(Reason::Unknown, "renewal_refused")),
        }
    }
    let caller = match decision {
        Decision::Admitted(caller) => caller,
        Decision::Refused(refusal) => return Err(refuse(Reason::of(&refusal), refusal.reason())),
        Decision::Renewed(_) => return Err(refuse(Reason::Unknown, "renewal_refused")),
    };
    if lacks_second_factor(app, &caller, &parts.headers) {
        return Err(refuse(Reason::TwoFactorMissing, "two_factor_missing"));
    }
    Ok(caller)
}

fn lacks_second_factor(app: &Services, caller: &Caller, headers: &HeaderMap) -> bool {
    caller
        .registered_certificate()
        .is_some_and(|entry| !app.two_factor.admits(entry, two_factor_cookie(headers)))
}

/// The value of the cookie from the response to a one-time code.
pub(super) fn two_factor_cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .find_map(|cookies| {
            cookies.split(';').find_map(|cookie| {
                let (name, value) = cookie.trim().split_once('=')?;
                (name == TWO_FACTOR_COOKIE).then_some(value)
            })
        })
}

/// The name of that cookie (`docs/contracts/ravendb.md#two-factor-authentication`).
pub(super) const TWO_FACTOR_COOKIE: &str = "2fa-cookie";
