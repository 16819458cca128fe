//! `/v1/roles`: what users may do (`docs/contracts/redis-enterprise.md#roles`).

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;

use super::actions::Deleted;
use super::authorized::Authorized;
use super::body::RequestBody;
use super::json::{self, Object, Request, Value};
use super::problem::{Code, Problem};
use super::query::Query;
use super::schemas::ROLE;
use super::{Dialect, answer};
use crate::cluster::access::action::{CreateRole, DeleteRole, UpdateRole, ViewRole, ViewRoles};
use crate::cluster::name::{NameError, ObjectName};
use crate::cluster::permission::ManagementRole;
use crate::cluster::role::{NewRole, Role, RoleUpdate};
use crate::cluster::uid::{RoleUid, UidError};

/// A role, with the members of the captured one (`roles/create.answer.json`).
#[derive(Serialize)]
struct View<'a> {
    management: &'static str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<[Resource; 1]>,
    uid: u32,
}

#[derive(Serialize)]
struct Resource {
    #[serde(rename = "type")]
    kind: &'static str,
    uids: Vec<String>,
}

impl<'a> View<'a> {
    fn of(role: &'a Role) -> Self {
        let resources = (!role.databases.is_empty()).then(|| {
            [Resource {
                kind: DATABASES,
                uids: role.databases.iter().map(u32::to_string).collect(),
            }]
        });
        Self {
            management: role.management.as_str(),
            name: role.name.as_str(),
            resources,
            uid: role.uid.get(),
        }
    }
}

/// `GET /v1/roles`
pub(super) async fn list(_: Authorized<ViewRoles>, State(dialect): State<Arc<Dialect>>) -> Response {
    let state = dialect.app.cluster.state();
    let roles: Vec<View<'_>> = state.roles().map(|role| View::of(role)).collect();
    answer::json(&roles)
}

/// `GET /v1/roles/{uid}`
pub(super) async fn read(
    _: Authorized<ViewRole>,
    State(dialect): State<Arc<Dialect>>,
    Path(uid): Path<String>,
) -> Result<Response, Problem> {
    Ok(answer::json(&View::of(&*find(&dialect, number(&uid)?)?)))
}

/// `POST /v1/roles`
pub(super) async fn create(
    Authorized(permit): Authorized<CreateRole>,
    State(dialect): State<Arc<Dialect>>,
    query: Query,
    body: RequestBody,
) -> Result<Response, Problem> {
    let run = query.run()?;
    let body = body.object().await?;
    json::check(&body, &ROLE, Request::New)?;
    let new = NewRole {
        uid: body.integer("uid").and_then(RoleUid::new),
        name: name(&body)?.ok_or_else(|| Problem::new(Code::MissingField, "the field 'name' is missing"))?,
        management: management(&body).unwrap_or(ManagementRole::None),
        databases: databases(&body)?.unwrap_or_default(),
    };
    check_scope(new.management, &new.databases)?;
    let role = dialect.app.cluster.create_role(&permit, new, run).await?;
    Ok(answer::json(&View::of(&role)))
}

/// `PUT /v1/roles/{uid}`
pub(super) async fn update(
    Authorized(permit): Authorized<UpdateRole>,
    State(dialect): State<Arc<Dialect>>,
    query: Query,
    Path(uid): Path<String>,
    body: RequestBody,
) -> Result<Response, Problem> {
    let run = query.run()?;
    let body = body.object().await?;
    let uid = number(&uid)?;
    let current = find(&dialect, uid)?;
    json::check(&body, &ROLE, Request::Change(&answer::members(&View::of(&current))))?;
    let update = RoleUpdate {
        name: name(&body)?,
        management: management(&body),
        databases: databases(&body)?,
    };
    check_scope(
        update.management.unwrap_or(current.management),
        update.databases.as_deref().unwrap_or(&current.databases),
    )?;
    let role = dialect.app.cluster.update_role(&permit, uid, update, run).await?;
    Ok(answer::json(&View::of(&role)))
}

/// `DELETE /v1/roles/{uid}`
pub(super) async fn delete(
    Authorized(permit): Authorized<DeleteRole>,
    State(dialect): State<Arc<Dialect>>,
    query: Query,
    Path(uid): Path<String>,
) -> Result<Response, Problem> {
    let run = query.run()?;
    dialect.app.cluster.delete_role(&permit, number(&uid)?, run).await?;
    Ok(answer::json(&Deleted {
        action_uid: dialect.actions.done("delete_role"),
    }))
}

fn find(dialect: &Dialect, uid: RoleUid) -> Result<Arc<Role>, Problem> {
    let role = dialect.app.cluster.state().role(uid).cloned();
    role.ok_or_else(|| Problem::new(Code::RoleNotExist, format!("there is no role {uid}")))
}

fn number(uid: &str) -> Result<RoleUid, Problem> {
    uid.parse()
        .map_err(|error: UidError| Problem::new(Code::RoleNotExist, error.to_string()))
}

/// The name of a role or an ACL.
pub(super) fn name(body: &Object) -> Result<Option<ObjectName>, Problem> {
    let name = body.text("name").map(str::parse).transpose();
    name.map_err(|error: NameError| Problem::new(Code::InvalidSchema, error.to_string()))
}

fn management(body: &Object) -> Option<ManagementRole> {
    body.text("management")?.parse().ok()
}

/// The databases that `resources` names.
///
/// # Errors
///
/// `unsupported_resource` for anything but databases, and for uids that are no numbers.
fn databases(body: &Object) -> Result<Option<Vec<u32>>, Problem> {
    let Some(resources) = body.array("resources") else {
        return Ok(None);
    };
    let unsupported =
        |problem: &str| Problem::new(Code::UnsupportedResource, format!("the field 'resources' {problem}"));
    let (mut databases, mut seen) = (Vec::new(), HashSet::new());
    for resource in resources.iter().filter_map(Value::as_object) {
        if resource.text("type") != Some(DATABASES) {
            return Err(unsupported("must have the type db"));
        }
        for uid in resource.texts("uids").unwrap_or_default() {
            match uid.parse() {
                Ok(0) | Err(_) => return Err(unsupported("holds a uid that is no number from 1")),
                Ok(uid) if !seen.insert(uid) => return Err(unsupported("names a database twice")),
                Ok(uid) => databases.push(uid),
            }
        }
    }
    Ok(Some(databases))
}

/// Only two management roles can be limited to databases (`docs/contracts/redis-enterprise.md#roles`).
fn check_scope(management: ManagementRole, databases: &[u32]) -> Result<(), Problem> {
    if databases.is_empty() || matches!(management, ManagementRole::DbMember | ManagementRole::DbViewer) {
        return Ok(());
    }
    Err(Problem::new(
        Code::UnsupportedResource,
        format!("the field 'resources' limits db_member and db_viewer; the role has the management role {management}"),
    ))
}

const DATABASES: &str = "db";
