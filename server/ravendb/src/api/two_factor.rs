//! One-time codes: sessions, their settings, and new secrets (`docs/contracts/ravendb.md#two-factor-authentication`).

use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::answer;
use super::authorized::{Authorized, TWO_FACTOR_COOKIE, two_factor_cookie};
use super::body::RequestBody;
use super::json::Properties as _;
use super::problem::Problem;
use super::query::Query;
use crate::access::authn::{Decision, Renewal};
use crate::access::authz::action::GenerateTwoFactorSecret;
use crate::access::two_factor::{OpenedSession, TwoFactorError, generate_secret, secret_text};
use crate::api::Services;
use crate::model::definition::RegisteredCertificate;
use certward_store::audit::Actor;
use certward_transport::http::WhyRefused;
use certward_transport::listener::peer::Peer;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Configuration {
    default_two_factor_session_duration_in_min: u32,
    max_two_factor_session_duration_in_min: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewSecret<'a> {
    secret: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Failed {
    error: String,
}

/// `GET /authentication/2fa/configuration`
pub(super) async fn configuration(State(app): State<Arc<Services>>) -> Response {
    answer::json(&Configuration {
        default_two_factor_session_duration_in_min: app.settings.two_factor.default_minutes,
        max_two_factor_session_duration_in_min: app.settings.two_factor.max_minutes,
    })
}

/// `GET /admin/certificates/2fa/generate`
pub(super) async fn generate(_: Authorized<GenerateTwoFactorSecret>) -> Result<Response, Problem> {
    let secret =
        generate_secret().map_err(|error| Problem::invalid_operation("no secret could be made").because(&error))?;
    Ok(answer::json(&NewSecret {
        secret: &secret_text(&secret),
    }))
}

/// `POST /authentication/2fa`
///
/// The checks are, in this order: the duration of the session, the certificate, its entry, the body, the code. The real
/// server reads the body before it looks for the entry, and so for any client.
pub(super) async fn open(
    State(app): State<Arc<Services>>,
    Extension(peer): Extension<Arc<Peer>>,
    query: Query,
    request: Request,
) -> Result<Response, Problem> {
    let with_cookie = query.flag("hasLimits")?.unwrap_or(true);
    let minutes = query.count("sessionDurationInMin")?;
    let most = app.settings.two_factor.max_minutes;
    if minutes.is_some_and(|minutes| minutes > most) {
        return Ok(failed(
            StatusCode::BAD_REQUEST,
            format!("the session may last {most} minutes at most"),
        ));
    }
    let Some(thumbprint) = peer.certificate().map(certward_pki::Certificate::thumbprint) else {
        return Ok(failed(
            StatusCode::BAD_REQUEST,
            "a one-time code needs a client certificate, and none was shown".to_owned(),
        ));
    };
    let Some(holder) = holder(&app, &peer) else {
        return Ok(refused(
            &app,
            &peer,
            StatusCode::BAD_REQUEST,
            format!("the certificate {thumbprint} is not known to the server"),
        ));
    };
    let body = RequestBody::of_a_stranger(request, MAX_BODY).await?.object().await?;
    let code = body.integer("Token")?.unwrap_or(0);
    let entry = holder.entry();
    let accepted = match u32::try_from(code) {
        Ok(code) => app.two_factor.accept(entry, code, minutes),
        Err(_) if entry.has_two_factor() => Err(TwoFactorError::WrongCode),
        Err(_) => Err(TwoFactorError::NotConfigured),
    };
    Ok(match accepted {
        Ok(code) => {
            if let Holder::Renewing(renewal) = &holder {
                app.authority.register_renewal(renewal, Some(&code)).await?;
            }
            accepted_answer(&app.two_factor.begin(thumbprint, code, with_cookie))
        }
        Err(TwoFactorError::WrongCode) => refused(
            &app,
            &peer,
            StatusCode::NOT_ACCEPTABLE,
            format!("the one-time code for {thumbprint} is wrong"),
        ),
        Err(error) => refused(&app, &peer, StatusCode::BAD_REQUEST, format!("{error} ({thumbprint})")),
    })
}

/// `DELETE /authentication/2fa`
pub(super) async fn close(
    State(app): State<Arc<Services>>,
    Extension(peer): Extension<Arc<Peer>>,
    headers: HeaderMap,
) -> Response {
    if let Some(certificate) = peer.certificate() {
        app.two_factor
            .close(&certificate.thumbprint(), two_factor_cookie(&headers));
    }
    answer::empty(StatusCode::NO_CONTENT)
}

/// The holder of the key, whose code is checked.
enum Holder {
    /// The entry of exactly the presented certificate.
    Registered(Arc<RegisteredCertificate>),
    /// A certificate that is registered once a code of the original has been accepted.
    Renewing(Arc<Renewal>),
}

impl Holder {
    /// The entry with the secret of the codes, if codes are required.
    fn entry(&self) -> &RegisteredCertificate {
        match self {
            Self::Registered(entry) => entry,
            Self::Renewing(renewal) => renewal.original(),
        }
    }
}

/// The holder of the presented certificate, if it may be used now.
fn holder(app: &Services, peer: &Peer) -> Option<Holder> {
    match app.authenticator.authenticate(peer) {
        Decision::Admitted(caller) => caller.registered_certificate().cloned().map(Holder::Registered),
        Decision::Renewed(renewal) => Some(Holder::Renewing(renewal)),
        Decision::Refused(_) => None,
    }
}

fn accepted_answer(session: &OpenedSession) -> Response {
    let mut response = answer::empty(StatusCode::ACCEPTED);
    if let Some(cookie) = session.cookie {
        let cookie = format!(
            "{TWO_FACTOR_COOKIE}={cookie}; max-age={}; path=/; secure; samesite=strict; httponly",
            session.duration.whole_seconds()
        );
        // A UUID and a number are header text.
        if let Ok(cookie) = HeaderValue::try_from(cookie) {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
    }
    response
}

fn refused(app: &Services, peer: &Peer, status: StatusCode, error: String) -> Response {
    app.audit.refused(
        Actor::stranger(peer.address().ip(), peer.thumbprint()),
        "open_two_factor_session",
        "",
        error.clone(),
    );
    WhyRefused::detailed("one_time_code_refused", error.clone()).answer(failed(status, error))
}

fn failed(status: StatusCode, error: String) -> Response {
    answer::json_with_status(status, &Failed { error })
}

/// Maximum size of a body before the code is accepted, in bytes.
const MAX_BODY: usize = 4 * 1024;
