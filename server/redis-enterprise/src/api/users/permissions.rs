//! The permissions of the caller and of the management roles.

use std::collections::BTreeMap;

use axum::extract::Path;
use axum::response::Response;

use super::super::answer;
use super::super::authorized::Authorized;
use super::super::problem::{Code, Problem};
use super::super::wire::{OwnRole, RolePermissions};
use crate::cluster::access::action::ViewPermissions;
use certward_redis_model::permission::ManagementRole;

/// `GET /v1/users/role`
pub(in super::super) async fn own_role(Authorized(permit): Authorized<ViewPermissions>) -> Response {
    answer::json(&OwnRole {
        role: Some(permit.caller().management_role()),
    })
}

/// `GET /v1/users/permissions`
pub(in super::super) async fn permissions(_: Authorized<ViewPermissions>) -> Response {
    answer::json(&by_role(ManagementRole::ALL))
}

/// `GET /v1/users/permissions/{role}`
pub(in super::super) async fn permissions_of_role(
    _: Authorized<ViewPermissions>,
    Path(role): Path<String>,
) -> Result<Response, Problem> {
    let role: ManagementRole =
        role.parse()
            .map_err(|error: certward_redis_model::permission::UnknownManagementRole| {
                Problem::new(Code::RoleNotExist, error.to_string())
            })?;
    Ok(answer::json(&by_role([role])))
}

/// There is no UI of this server's: what a role could do in the vendor's is what it can do over the API.
fn by_role(roles: impl IntoIterator<Item = ManagementRole>) -> BTreeMap<&'static str, RolePermissions> {
    roles
        .into_iter()
        .map(|role| {
            let names: Vec<&'static str> = role
                .permissions()
                .iter()
                .map(|permission| permission.as_str())
                .collect();
            let permissions = RolePermissions {
                api_permissions: names.clone(),
                ui_permissions: names,
            };
            (role.as_str(), permissions)
        })
        .collect()
}
