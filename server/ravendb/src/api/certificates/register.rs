//! Registering certificates that another party issued (`docs/contracts/ravendb.md#register`).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::super::authorized::Authorized;
use super::super::body::RequestBody;
use super::super::json::Properties as _;
use super::super::problem::Problem;
use super::super::{answer, grant};
use crate::access::authz::action::RegisterCertificate;
use crate::api::Services;
use crate::usecases::RegisterRequest;
use certward_certificates::certificate::CertificateBundle;

/// `PUT /admin/certificates`
pub(in super::super) async fn register(
    Authorized(permit): Authorized<RegisterCertificate>,
    State(app): State<Arc<Services>>,
    body: RequestBody,
) -> Result<Response, Problem> {
    let definition = body.object().await?;
    super::refuse_single_sign_on(&definition)?;
    // Read and not used, as on the real server: what it says comes from the certificate (record `241`).
    definition.date("NotAfter")?;
    let grant = grant::read(&definition, app.settings.licensed_read_only_access)?;
    let certificate = definition.text("Certificate").filter(|text| !text.trim().is_empty());
    let certificate = certificate
        .ok_or_else(|| Problem::argument("Certificate is a mandatory property of a certificate that is registered"))?;
    let file = from_base64(certificate)
        .ok_or_else(|| Problem::argument("the Certificate property cannot be read; it is expected a Base64 value"))?;
    let certificates = CertificateBundle::parse(file, definition.text("Password").map(SecretString::from))
        .await
        .map_err(|error| Problem::argument("Unable to load the provided certificate.").because(&error))?;
    app.authority
        .register(&permit, RegisterRequest { grant, certificates })
        .await?;
    Ok(answer::empty(StatusCode::CREATED))
}

/// Decodes Base64 with padding; blanks and line ends between the characters are ignored.
pub(in super::super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let digits: Zeroizing<Vec<u8>> = Zeroizing::new(text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect());
    STANDARD.decode(&*digits).ok()
}
