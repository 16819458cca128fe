//! `/v1/redis_acls`: what users may do in databases (`docs/contracts/redis-enterprise.md#redis-acls`).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;

use super::authorized::Authorized;
use super::body::RequestBody;
use super::json::{self, Body as _, Object, Request};
use super::problem::{Code, Problem};
use super::query::Query;
use super::unchanged::Unchanged;
use super::wire::{self, Deleted};
use super::{Dialect, answer};
use crate::cluster::RedisAclUpdate;
use crate::cluster::access::ClusterPermit;
use crate::cluster::access::action::{CreateRedisAcl, DeleteRedisAcl, UpdateRedisAcl, ViewRedisAcl, ViewRedisAcls};
use crate::cluster::{ClusterState, Run};
use certward_redis_model::redis_acl::{NewRedisAcl, RedisAcl};
use certward_redis_model::redis_acl_rules::{RedisAclRefusal, RedisAclRules};
use certward_redis_model::uid::{RedisAclUid, UidError};

/// An ACL as answers show it.
fn shown(acl: &RedisAcl) -> wire::RedisAcl {
    wire::RedisAcl {
        acl: Some(acl.acl.as_str().to_owned()),
        max_version: Some("9999"),
        min_version: Some(acl.acl.min_version().to_string()),
        name: Some(acl.name.clone()),
        uid: Some(acl.uid),
        ..wire::RedisAcl::default()
    }
}

/// `GET /v1/redis_acls`
pub(super) async fn list(_: Authorized<ViewRedisAcls>, State(dialect): State<Arc<Dialect>>) -> Response {
    let state = dialect.app.cluster.state();
    let acls: Vec<_> = state.redis_acls().map(|acl| shown(acl)).collect();
    answer::json(&acls)
}

/// `GET /v1/redis_acls/{uid}`
pub(super) async fn read(
    _: Authorized<ViewRedisAcl>,
    State(dialect): State<Arc<Dialect>>,
    Path(uid): Path<String>,
) -> Result<Response, Problem> {
    Ok(answer::json(&shown(&*find(&dialect, number(&uid)?)?)))
}

/// `POST /v1/redis_acls`
pub(super) async fn create(
    Authorized(permit): Authorized<CreateRedisAcl>,
    State(dialect): State<Arc<Dialect>>,
    query: Query,
    body: RequestBody,
) -> Result<Response, Problem> {
    make(&dialect, &permit, &mut body.object().await?, query.run()?).await
}

/// `POST /v1/redis_acls/validate`, deprecated: the same as a dry run of [`create`].
pub(super) async fn validate(
    Authorized(permit): Authorized<CreateRedisAcl>,
    State(dialect): State<Arc<Dialect>>,
    body: RequestBody,
) -> Result<Response, Problem> {
    make(&dialect, &permit, &mut body.object().await?, Run::Dry).await
}

/// `PUT /v1/redis_acls/{uid}`
pub(super) async fn update(
    Authorized(permit): Authorized<UpdateRedisAcl>,
    State(dialect): State<Arc<Dialect>>,
    query: Query,
    Path(uid): Path<String>,
    body: RequestBody,
) -> Result<Response, Problem> {
    let run = query.run()?;
    let mut body = body.object().await?;
    body.forget(&INFORMATION);
    let uid = number(&uid)?;
    let present = move |state: &ClusterState| Some(answer::members(&shown(state.redis_acl(uid)?)));
    let current = answer::members(&shown(&*find(&dialect, uid)?));
    json::check(&body, wire::RedisAcl::SCHEMA, Request::Change(&current))?;
    let unchanged = Unchanged::take_out_of::<wire::RedisAcl>(&mut body);
    let body = wire::RedisAcl::of(&body)?;
    let update = RedisAclUpdate {
        name: body.name,
        acl: rules(body.acl)?,
        precondition: unchanged.precondition(present),
    };
    let acl = dialect.app.cluster.update_redis_acl(&permit, uid, update, run).await?;
    Ok(answer_with_warnings(&dialect, &acl, run).await)
}

/// `DELETE /v1/redis_acls/{uid}`
pub(super) async fn delete(
    Authorized(permit): Authorized<DeleteRedisAcl>,
    State(dialect): State<Arc<Dialect>>,
    Path(uid): Path<String>,
) -> Result<Response, Problem> {
    dialect.app.cluster.delete_redis_acl(&permit, number(&uid)?).await?;
    Ok(answer::json(&Deleted {
        action_uid: dialect.actions.done("delete_redis_acl"),
    }))
}

async fn make(
    dialect: &Dialect,
    permit: &ClusterPermit<CreateRedisAcl>,
    body: &mut Object,
    run: Run,
) -> Result<Response, Problem> {
    body.forget(&INFORMATION);
    json::check(body, wire::RedisAcl::SCHEMA, Request::New)?;
    let body = wire::RedisAcl::of(body)?;
    let missing = |field| Problem::new(Code::MissingField, format!("the field '{field}' is missing"));
    let new = NewRedisAcl {
        uid: body.uid,
        name: body.name.ok_or_else(|| missing("name"))?,
        acl: rules(body.acl)?.ok_or_else(|| missing("acl"))?,
    };
    let acl = dialect.app.cluster.create_redis_acl(permit, new, run).await?;
    Ok(answer_with_warnings(dialect, &acl, run).await)
}

/// The ACL as it is now, or would be, with what engines say against it: which commands there are, they know alone.
async fn answer_with_warnings(dialect: &Dialect, acl: &Arc<RedisAcl>, run: Run) -> Response {
    let warnings = dialect.app.databases.review_acl(acl, run).await;
    answer::json(&wire::RedisAcl {
        certward_warnings: (!warnings.is_empty()).then_some(warnings),
        ..shown(acl)
    })
}

/// The rules, when they pass the grammar.
fn rules(text: Option<String>) -> Result<Option<RedisAclRules>, Problem> {
    let rules = text.as_deref().map(str::parse).transpose();
    rules.map_err(|error: RedisAclRefusal| Problem::new(Code::InvalidParam, format!("acl: {error}")))
}

/// Members of responses that are ignored in requests.
const INFORMATION: [&str; 1] = ["certward_warnings"];

fn find(dialect: &Dialect, uid: RedisAclUid) -> Result<Arc<RedisAcl>, Problem> {
    let acl = dialect.app.cluster.state().redis_acl(uid).cloned();
    acl.ok_or_else(|| Problem::new(Code::RedisAclNotExist, format!("there is no Redis ACL {uid}")))
}

fn number(uid: &str) -> Result<RedisAclUid, Problem> {
    uid.parse()
        .map_err(|error: UidError| Problem::new(Code::RedisAclNotExist, error.to_string()))
}
