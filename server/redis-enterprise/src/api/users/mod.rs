//! `/v1/users`: the users of the cluster (`docs/contracts/redis-enterprise.md#users`).

mod definition;
mod password;
mod permissions;
mod token;
mod view;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;

pub(super) use password::{add_password, remove_password, set_password};
pub(super) use permissions::{own_role, permissions, permissions_of_role};
pub(super) use token::{authorize, refresh};

use self::view::shown;
use super::authorized::{Authorized, AuthorizedOn};
use super::body::RequestBody;
use super::json::{self, Body as _, Request};
use super::problem::{Code, Problem};
use super::query::Query;
use super::unchanged::Unchanged;
use super::wire::{self, Deleted};
use super::{Dialect, answer};
use crate::cluster::access::action::{CreateUser, DeleteUser, UpdateUser, ViewUser, ViewUsers};
use crate::cluster::{ClusterState, Run};
use certward_redis_model::uid::UserUid;
use certward_redis_model::user::User;

/// `GET /v1/users`
pub(super) async fn list(_: Authorized<ViewUsers>, State(dialect): State<Arc<Dialect>>) -> Response {
    let state = dialect.app.cluster.state();
    let users: Vec<_> = state.users().map(|user| shown(user, &state, &dialect)).collect();
    answer::json(&users)
}

/// `GET /v1/users/{uid}`
pub(super) async fn read(
    AuthorizedOn { target, .. }: AuthorizedOn<ViewUser>,
    State(dialect): State<Arc<Dialect>>,
) -> Result<Response, Problem> {
    let user = find(&dialect, target)?;
    Ok(answer::json(&shown(&user, &dialect.app.cluster.state(), &dialect)))
}

/// `POST /v1/users`
pub(super) async fn create(
    Authorized(permit): Authorized<CreateUser>,
    State(dialect): State<Arc<Dialect>>,
    query: Query,
    body: RequestBody,
) -> Result<Response, Problem> {
    let run = query.run()?;
    let new = definition::new_user(body.read().await?)?;
    let user = dialect.app.cluster.create_user(&permit, new, run).await?;
    // A user who was only tried has roles that exist, so that the state of this moment tells what it would be.
    let state = dialect.app.cluster.state();
    let mut view = shown(&user, &state, &dialect);
    if run == Run::Apply {
        view.action_uid = Some(dialect.actions.done("create_user"));
    }
    Ok(answer::json(&view))
}

/// `PUT /v1/users/{uid}`
pub(super) async fn update(
    AuthorizedOn { permit, target }: AuthorizedOn<UpdateUser>,
    State(dialect): State<Arc<Dialect>>,
    query: Query,
    body: RequestBody,
) -> Result<Response, Problem> {
    let run = query.run()?;
    let mut body = body.object().await?;
    let uid = find(&dialect, target)?.uid;
    let known = Arc::clone(&dialect);
    let present = move |state: &ClusterState| Some(answer::members(&shown(state.user(uid)?, state, &known)));
    let current = present(&dialect.app.cluster.state()).unwrap_or_default();
    json::check(&body, wire::User::SCHEMA, Request::Change(&current))?;
    let mut unchanged = Unchanged::take_out_of::<wire::User>(&mut body);
    // The answers show a role beside the uids of roles; a client that sends both back means the uids.
    let is_sent_back = |role: &json::Value| current.get("role").is_some_and(|current| role.says(current));
    if body.get("role_uids").is_some() && body.get("role").is_some_and(is_sent_back) {
        unchanged.take(&mut body, "role");
    }
    let update = definition::user_update(wire::User::of(&body)?, unchanged.precondition(present))?;
    let user = dialect.app.cluster.update_user(&permit, uid, update, run).await?;
    Ok(answer::json(&shown(&user, &dialect.app.cluster.state(), &dialect)))
}

/// `DELETE /v1/users/{uid}`
pub(super) async fn delete(
    Authorized(permit): Authorized<DeleteUser>,
    State(dialect): State<Arc<Dialect>>,
    Path(uid): Path<String>,
) -> Result<Response, Problem> {
    dialect.app.cluster.delete_user(&permit, number(&uid)?).await?;
    Ok(answer::json(&Deleted {
        action_uid: dialect.actions.done("delete_user"),
    }))
}

/// The user with the number in the path. A segment that is not a number matches none.
fn find(dialect: &Dialect, target: Option<UserUid>) -> Result<Arc<User>, Problem> {
    let state = dialect.app.cluster.state();
    target
        .and_then(|uid| state.user(uid).cloned())
        .ok_or_else(|| match target {
            Some(uid) => Problem::new(Code::UserNotExist, format!("there is no user {uid}")),
            None => Problem::new(Code::UserNotExist, "the path holds no uid of a user"),
        })
}

fn number(uid: &str) -> Result<UserUid, Problem> {
    uid.parse()
        .map_err(|error: certward_redis_model::uid::UidError| Problem::new(Code::UserNotExist, error.to_string()))
}
