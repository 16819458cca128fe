//! `GET /certificates/whoami`: the server's knowledge of the caller's certificate.

use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::response::Response;
use certward_pki::{Certificate, Sha256Fingerprint};
use http::{HeaderMap, StatusCode};
use time::OffsetDateTime;

use super::answer;
use super::authorized::two_factor_cookie;
use super::wire::{Definition, Detail, WhoAmI, date};
use crate::access::authn::{Caller, CallerOrigin, Decision};
use crate::api::Services;
use crate::model::definition::RegisteredCertificate;
use crate::usecases::Error;
use certward_transport::listener::peer::Peer;

/// Answers every client: with a definition if the certificate is known, even if it is refused elsewhere because it is
/// expired, not yet valid, disabled or lacks its one-time code; with 204 otherwise (observed records `501` to `529`,
/// `729`).
///
/// A renewal is recorded at its first request, which gets 204 as on the real server, and is known afterwards (records
/// `512`, `534`); one whose original requires one-time codes is recorded with the first code.
pub(super) async fn whoami(
    State(app): State<Arc<Services>>,
    Extension(peer): Extension<Arc<Peer>>,
    request: Request,
) -> Response {
    let headers = request.headers();
    match app.authenticator.authenticate(&peer) {
        Decision::Admitted(caller) => admitted(&app, &caller, headers),
        Decision::Renewed(renewal) => {
            match app.authority.register_renewal(&renewal, None).await {
                Ok(()) | Err(Error::OneTimeCodeMissing { .. }) => {}
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    thumbprint = %renewal.certificate().thumbprint(),
                    "A renewed certificate could not be recorded",
                ),
            }
            answer::empty(StatusCode::NO_CONTENT)
        }
        Decision::Refused(refusal) => match refusal.registered() {
            Some(entry) => registered(&app, entry, headers),
            None => answer::empty(StatusCode::NO_CONTENT),
        },
    }
}

fn admitted(app: &Services, caller: &Caller, headers: &HeaderMap) -> Response {
    let Some(certificate) = caller.certificate() else {
        return answer::empty(StatusCode::NO_CONTENT);
    };
    let definition = match caller.origin() {
        // How a session of one-time codes stands changes by itself; nothing else does.
        CallerOrigin::Registered(entry) if entry.has_two_factor() => return registered(app, entry, headers),
        CallerOrigin::Registered(entry) => {
            return answer::json_body(caller.description(|| answer::rendered(&definition(entry, None))));
        }
        CallerOrigin::Server => Definition::server(certificate, Detail::Full),
        CallerOrigin::WellKnownAdministrator => {
            Definition::well_known("Well Known Admin Certificate", "Client", certificate)
        }
        CallerOrigin::WellKnownIssuer(issuer) => {
            Definition::well_known(issuer_name(app, issuer), "WellKnownIssuer", certificate)
        }
        CallerOrigin::Console => return answer::empty(StatusCode::NO_CONTENT),
    };
    answer::json(&WhoAmI {
        definition,
        has_two_factor: false,
        two_factor_expiration_date: None,
    })
}

/// RavenDB's name for a client that a certificate of `Security.WellKnownIssuers.Admin` admits.
fn issuer_name(app: &Services, issuer: &Sha256Fingerprint) -> String {
    let issuers = app.authenticator.well_known().issuers();
    let known = issuers
        .filter_map(|der| Certificate::from_der(der.to_vec()).ok())
        .find(|known| known.fingerprint() == *issuer);
    match known {
        Some(known) => format!(
            "Well Known Issuer Certificate: {} - {}",
            known.subject(),
            known.thumbprint()
        ),
        None => "Well Known Issuer Certificate".to_owned(),
    }
}

fn registered(app: &Services, entry: &Arc<RegisteredCertificate>, headers: &HeaderMap) -> Response {
    let expires = match entry.has_two_factor() {
        true => app.two_factor.expires_at(entry, two_factor_cookie(headers)),
        false => None,
    };
    answer::json(&definition(entry, expires))
}

fn definition(entry: &Arc<RegisteredCertificate>, two_factor_expires: Option<OffsetDateTime>) -> WhoAmI<'_> {
    WhoAmI {
        definition: Definition::registered(entry, Detail::Full),
        has_two_factor: entry.has_two_factor(),
        two_factor_expiration_date: two_factor_expires.map(date),
    }
}
