//! The server's own certificate: download and replacement (`docs/contracts/ravendb.md#routes` and
//! `docs/contracts/ravendb.md#server-certificate-replacement`).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use secrecy::SecretString;
use serde::Serialize;
use zeroize::Zeroizing;

use super::answer;
use super::authorized::Authorized;
use super::body::RequestBody;
use super::certificates::from_base64;
use super::json::Properties as _;
use super::problem::Problem;
use super::query::Query;
use crate::access::authz::action::{ExportServerCertificates, ReplaceServerCertificate};
use crate::api::Services;
use crate::usecases::replacement::{ReplaceRequest, ReplacementError};
use certward_certificates::pkcs12;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Status {
    confirmations: u32,
    thumbprint: String,
    old_thumbprint: String,
    replace_immediately: bool,
    replaced: u32,
}

/// `GET /admin/certificates/export`: the public server certificates as a PKCS#12 file without password.
pub(super) async fn export(
    _: Authorized<ExportServerCertificates>,
    State(app): State<Arc<Services>>,
) -> Result<Response, Problem> {
    let server = app.server_certificates.current();
    let ders: Vec<&[u8]> = std::iter::once(server.certificate().der())
        .chain(server.chain())
        .map(AsRef::as_ref)
        .collect();
    let file = pkcs12::write_certificates(&ders, "").map_err(|error| not_exported(&error))?;
    Ok(answer::attachment("ServerCertificatesCollection.pfx", file.into()))
}

/// `GET /admin/certificates/for-communication/export`: the server certificate in DER, as other nodes would see it.
pub(super) async fn export_for_communication(
    _: Authorized<ExportServerCertificates>,
    State(app): State<Arc<Services>>,
) -> Response {
    let der = Bytes::copy_from_slice(app.server_certificates.current().certificate().der());
    answer::attachment("ServerCertificateForCommunication.crt", der)
}

/// `POST /admin/certificates/replace-cluster-cert`
pub(super) async fn replace(
    Authorized(permit): Authorized<ReplaceServerCertificate>,
    State(app): State<Arc<Services>>,
    query: Query,
    body: RequestBody,
) -> Result<Response, Problem> {
    let replace_immediately = query.flag("replaceImmediately")?.unwrap_or(false);
    let definition = body.object().await?;
    let file = definition
        .text("Certificate")
        .filter(|text| !text.trim().is_empty())
        .and_then(from_base64)
        .ok_or_else(|| not_replaced().because(&NoCertificate))?;
    let request = ReplaceRequest {
        file: Zeroizing::new(file),
        password: definition.text("Password").map(SecretString::from),
        replace_immediately,
    };
    app.replacement
        .replace(&permit, request)
        .await
        .map_err(|error| match error {
            ReplacementError::Refused(refused) => refused.into(),
            error @ ReplacementError::File(_) => not_replaced().because(&error),
        })?;
    Ok(answer::empty(StatusCode::CREATED))
}

/// `GET /admin/certificates/replacement/status`
pub(super) async fn replacement_status(
    Authorized(permit): Authorized<ReplaceServerCertificate>,
    State(app): State<Arc<Services>>,
) -> Response {
    match app.replacement.status(&permit) {
        None => answer::empty_json(StatusCode::NOT_FOUND),
        Some(status) => answer::json(&Status {
            confirmations: status.confirmations,
            thumbprint: status.thumbprint.to_string(),
            old_thumbprint: status.old_thumbprint.to_string(),
            replace_immediately: status.replace_immediately,
            replaced: status.replaced,
        }),
    }
}

/// `POST /admin/certificates/replacement/reset`
pub(super) async fn reset_replacement(
    Authorized(permit): Authorized<ReplaceServerCertificate>,
    State(app): State<Arc<Services>>,
) -> Result<Response, Problem> {
    app.replacement.reset(&permit).map_err(|error| match error {
        ReplacementError::Refused(refused) => refused.into(),
        error @ ReplacementError::File(_) => not_replaced().because(&error),
    })?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

/// `POST /admin/certificates/refresh`: reads the configured file again.
pub(super) async fn refresh(
    Authorized(permit): Authorized<ReplaceServerCertificate>,
    State(app): State<Arc<Services>>,
    query: Query,
) -> Result<Response, Problem> {
    query.flag("replaceImmediately")?;
    app.replacement.refresh(&permit).await.map_err(|error| match error {
        ReplacementError::Refused(refused) => refused.into(),
        ReplacementError::File(error) => {
            Problem::invalid_operation("the server certificate could not be read again").because(&error)
        }
    })?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

/// The real server's error for every failed replacement, whose cause is in `Error` only.
fn not_replaced() -> Problem {
    Problem::invalid_operation("Failed to replace the server certificate.")
}

fn not_exported(error: &(dyn std::error::Error + 'static)) -> Problem {
    Problem::invalid_operation("the server certificates could not be written").because(error)
}

#[derive(Debug, thiserror::Error)]
#[error("the Certificate property must hold a PKCS#12 file in Base64")]
struct NoCertificate;
