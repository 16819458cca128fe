//! Generating a key and a certificate (`docs/contracts/ravendb.md#generate`).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use secrecy::SecretString;

use super::super::authorized::Authorized;
use super::super::body::RequestBody;
use super::super::json::Properties as _;
use super::super::problem::Problem;
use super::super::query::Query;
use super::super::{answer, grant};
use crate::access::authz::action::GenerateCertificate;
use crate::api::Services;
use crate::usecases::GenerateRequest;

/// `POST /admin/certificates`
pub(in super::super) async fn generate(
    Authorized(permit): Authorized<GenerateCertificate>,
    State(app): State<Arc<Services>>,
    query: Query,
    body: RequestBody,
) -> Result<Response, Problem> {
    if let Some(id) = query.text("operationId")?
        && id.trim().parse::<i64>().is_err()
    {
        return Err(Problem::argument(format!(
            "'operationId' must be a whole number, and is '{id}'"
        )));
    }
    let definition = body.object_or_form().await?;
    super::refuse_single_sign_on(&definition)?;
    let not_after = definition.date("NotAfter")?;
    let grant = grant::read_with(
        &definition,
        app.settings.licensed_read_only_access,
        || match not_after {
            Some(not_after) if not_after <= app.clock.now() => Err(Problem::argument("NotAfter must be in the future")),
            _ => Ok(()),
        },
    )?;
    let file_name = format!("{}.zip", grant.name);
    let issued = app
        .authority
        .generate(
            &permit,
            GenerateRequest {
                grant,
                password: definition.text("Password").map(SecretString::from),
                not_after,
                request_id: query.text("raft-request-id")?.map(str::to_owned),
            },
        )
        .await?;
    Ok(answer::attachment(&file_name, Bytes::from_owner(issued.archive)))
}
