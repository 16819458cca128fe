//! Changing name and rights of a registered certificate (`docs/contracts/ravendb.md#edit`).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::super::authorized::Authorized;
use super::super::body::RequestBody;
use super::super::json::Properties as _;
use super::super::problem::Problem;
use super::super::query::Query;
use super::super::{answer, grant};
use crate::access::authz::action::EditCertificate;
use crate::api::Services;
use crate::usecases::{EditRequest, TwoFactorChange};

/// `POST /admin/certificates/edit`
pub(in super::super) async fn edit(
    Authorized(permit): Authorized<EditCertificate>,
    State(app): State<Arc<Services>>,
    query: Query,
    body: RequestBody,
) -> Result<Response, Problem> {
    let remove_two_factor = query.flag("deleteTwoFactorConfiguration")?.unwrap_or(false);
    let definition = body.object().await?;
    super::refuse_single_sign_on(&definition)?;
    definition.date("NotAfter")?;
    // An edit that leaves `Disabled` out enables the certificate: nothing is merged with what was there.
    let disabled = definition.boolean("Disabled")?.unwrap_or(false);
    let grant = grant::read(&definition, app.settings.licensed_read_only_access)?;
    let thumbprint = definition
        .text("Thumbprint")
        .ok_or_else(|| Problem::null_reference("the definition names no Thumbprint, and so no certificate to edit"))?;
    let Ok(thumbprint) = thumbprint.parse() else {
        return Err(Problem::invalid_operation(format!(
            "the certificate with thumbprint '{thumbprint}' cannot be edited: it doesn't exist in the cluster"
        )));
    };
    let two_factor = match grant.two_factor_key {
        _ if remove_two_factor => TwoFactorChange::Remove,
        Some(key) => TwoFactorChange::Set(key),
        None => TwoFactorChange::Keep,
    };
    let request = EditRequest {
        thumbprint,
        name: grant.name,
        clearance: grant.clearance,
        permissions: grant.permissions,
        disabled,
        two_factor,
    };
    app.authority.edit(&permit, request).await?;
    Ok(answer::empty(StatusCode::CREATED))
}
