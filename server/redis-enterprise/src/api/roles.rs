//! `/v1/roles`: what users may do (`docs/contracts/redis-enterprise.md#roles`).

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;

use super::authorized::Authorized;
use super::body::RequestBody;
use super::json::{self, Body as _, Request};
use super::problem::{Code, Problem};
use super::query::Query;
use super::wire::{self, Deleted, Resource};
use super::{Dialect, answer};
use crate::cluster::access::action::{CreateRole, DeleteRole, UpdateRole, ViewRole, ViewRoles};
use certward_redis_model::permission::ManagementRole;
use certward_redis_model::role::{NewRole, Role, RoleUpdate};
use certward_redis_model::uid::{RoleUid, UidError};

/// A role as answers show it.
fn shown(role: &Role) -> wire::Role {
    let resources = (!role.databases.is_empty()).then(|| {
        vec![Resource {
            kind: DATABASES.to_owned(),
            uids: role.databases.iter().map(u32::to_string).collect(),
        }]
    });
    wire::Role {
        management: Some(role.management),
        name: Some(role.name.clone()),
        resources,
        uid: Some(role.uid),
        action_uid: None,
    }
}

/// `GET /v1/roles`
pub(super) async fn list(_: Authorized<ViewRoles>, State(dialect): State<Arc<Dialect>>) -> Response {
    let state = dialect.app.cluster.state();
    let roles: Vec<_> = state.roles().map(|role| shown(role)).collect();
    answer::json(&roles)
}

/// `GET /v1/roles/{uid}`
pub(super) async fn read(
    _: Authorized<ViewRole>,
    State(dialect): State<Arc<Dialect>>,
    Path(uid): Path<String>,
) -> Result<Response, Problem> {
    Ok(answer::json(&shown(&*find(&dialect, number(&uid)?)?)))
}

/// `POST /v1/roles`
pub(super) async fn create(
    Authorized(permit): Authorized<CreateRole>,
    State(dialect): State<Arc<Dialect>>,
    query: Query,
    body: RequestBody,
) -> Result<Response, Problem> {
    let run = query.run()?;
    let body: wire::Role = body.read().await?;
    let new = NewRole {
        uid: body.uid,
        name: body
            .name
            .ok_or_else(|| Problem::new(Code::MissingField, "the field 'name' is missing"))?,
        management: body.management.unwrap_or(ManagementRole::None),
        databases: body.resources.map(databases).transpose()?.unwrap_or_default(),
    };
    let role = dialect.app.cluster.create_role(&permit, new, run).await?;
    Ok(answer::json(&shown(&role)))
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
    let current = answer::members(&shown(&*find(&dialect, uid)?));
    // The number is all that only the server writes, and it never changes.
    json::check(&body, wire::Role::SCHEMA, Request::Change(&current))?;
    let body = wire::Role::of(&body)?;
    let update = RoleUpdate {
        name: body.name,
        management: body.management,
        databases: body.resources.map(databases).transpose()?,
    };
    let role = dialect.app.cluster.update_role(&permit, uid, update, run).await?;
    Ok(answer::json(&shown(&role)))
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

/// The databases that `resources` names.
///
/// # Errors
///
/// `unsupported_resource` for anything but databases, and for uids that are no numbers.
fn databases(resources: Vec<Resource>) -> Result<Vec<u32>, Problem> {
    let unsupported =
        |problem: &str| Problem::new(Code::UnsupportedResource, format!("the field 'resources' {problem}"));
    let (mut databases, mut seen) = (Vec::new(), HashSet::new());
    for resource in resources {
        if resource.kind != DATABASES {
            return Err(unsupported("must have the type db"));
        }
        for uid in resource.uids {
            match uid.parse() {
                Ok(0) | Err(_) => return Err(unsupported("holds a uid that is no number from 1")),
                Ok(uid) if !seen.insert(uid) => return Err(unsupported("names a database twice")),
                Ok(uid) => databases.push(uid),
            }
        }
    }
    Ok(databases)
}

const DATABASES: &str = "db";
