//! `/v1/bdbs`: the databases (`docs/contracts/redis-enterprise.md#databases`).

mod certificates;
mod definition;
mod password;
mod view;

use std::num::NonZeroU16;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value};

pub(super) use self::certificates::{delete_certificate, list_certificates, put_certificate, read_certificate};
pub(super) use self::password::{add_password, remove_password, set_password};
pub(super) use self::view::major_and_minor;
use super::authorized::Authorized;
use super::body::RequestBody;
use super::json::{self, Object, Request};
use super::problem::{Code, Problem};
use super::query::Query;
use super::wire::{Bdb, Deleted, NEW_BDB};
use super::{Dialect, answer};
use crate::cluster::access::action::{
    ChangesDatabases, CreateDatabase, DeleteDatabase, UpdateDatabase, UpdateDatabaseWithAction, ViewDatabase,
    ViewDatabases,
};
use crate::cluster::access::{ClusterAction, ClusterPermit};
use crate::cluster::{ClusterError, ClusterState, Run};
use certward_redis_model::database::{Database, DatabaseTls, DefaultUser, EvictionPolicy, Persistence};
use certward_redis_model::permission::Permission;
use certward_redis_model::uid::{DatabaseUid, MAX_UID, UidError};
use certward_redis_proxy::DatabaseStatus;

/// `GET /v1/bdbs`: those that the caller may see, with the members that `fields` names.
pub(super) async fn list(
    Authorized(permit): Authorized<ViewDatabases>,
    State(dialect): State<Arc<Dialect>>,
    query: Query,
) -> Result<Response, Problem> {
    let fields = query.text("fields")?;
    let state = dialect.app.cluster.state();
    let databases: Vec<_> = state
        .databases()
        .filter(|database| sees(&permit, &state, database.uid))
        .map(|database| chosen(&shown(&dialect, database), fields))
        .collect();
    Ok(answer::json(&databases))
}

/// `GET /v1/bdbs/{uid}`
pub(super) async fn read(
    Authorized(permit): Authorized<ViewDatabase>,
    State(dialect): State<Arc<Dialect>>,
    query: Query,
    Path(uid): Path<String>,
) -> Result<Response, Problem> {
    let fields = query.text("fields")?;
    let database = find(&dialect, &permit, &uid)?;
    Ok(answer::json(&chosen(&shown(&dialect, &database), fields)))
}

/// `POST /v1/bdbs`
pub(super) async fn create(
    Authorized(permit): Authorized<CreateDatabase>,
    State(dialect): State<Arc<Dialect>>,
    query: Query,
    body: RequestBody,
) -> Result<Response, Problem> {
    let run = query.run()?;
    make(&dialect, &permit, body.object().await?, run).await
}

/// `POST /v2/bdbs`: the database is a member of the body, beside a plan for its recovery.
pub(super) async fn create_from_plan(
    Authorized(permit): Authorized<CreateDatabase>,
    State(dialect): State<Arc<Dialect>>,
    query: Query,
    body: RequestBody,
) -> Result<Response, Problem> {
    let run = query.run()?;
    let mut body = body.object().await?;
    json::check(&body, &NEW_BDB, Request::New)?;
    if body.get("recovery_plan").is_some() {
        return Err(Problem::new(
            Code::DatabaseNotSupported,
            "a recovery_plan is not supported: a new database is empty",
        ));
    }
    match body.take("bdb") {
        Some(json::Value::Object(database)) => make(&dialect, &permit, database, run).await,
        _ => Err(Problem::new(
            Code::InvalidSchema,
            "the field 'bdb' must be an object: the database",
        )),
    }
}

/// `PUT /v1/bdbs/{uid}`
pub(super) async fn update(
    Authorized(permit): Authorized<UpdateDatabase>,
    State(dialect): State<Arc<Dialect>>,
    query: Query,
    Path(uid): Path<String>,
    body: RequestBody,
) -> Result<Response, Problem> {
    let run = query.run()?;
    let database = change(&dialect, &permit, &uid, body.object().await?, run).await?;
    Ok(done(&dialect, &database, run, "update_bdb"))
}

/// `PUT /v1/bdbs/{uid}/{action}`: changes the database, if there is a body, and does what the path says.
pub(super) async fn act(
    Authorized(permit): Authorized<UpdateDatabaseWithAction>,
    State(dialect): State<Arc<Dialect>>,
    query: Query,
    Path((uid, action)): Path<(String, String)>,
    body: RequestBody,
) -> Result<Response, Problem> {
    let run = query.run()?;
    match action.as_str() {
        "flush" => {
            let changed = change(&dialect, &permit, &uid, body.object_if_any().await?, run).await?;
            let flushed = dialect.app.administration.flush(&permit, changed.uid, run).await?;
            Ok(done(&dialect, &flushed, run, "flush_bdb"))
        }
        "reset_admin_pass" => {
            find(&dialect, &permit, &uid)?;
            Err(Problem::new(
                Code::DatabaseNotSupported,
                "there is no administrator's password to reset: the server has a secret of its own in its engines, made \
                 anew when it starts",
            ))
        }
        _ => Err(Problem::new(
            Code::NotFound,
            "databases have no such action; the actions are flush and reset_admin_pass",
        )),
    }
}

/// `DELETE /v1/bdbs/{uid}`
pub(super) async fn delete(
    Authorized(permit): Authorized<DeleteDatabase>,
    State(dialect): State<Arc<Dialect>>,
    Path(uid): Path<String>,
) -> Result<Response, Problem> {
    dialect.app.administration.delete(&permit, number(&uid)?).await?;
    Ok(answer::json(&Deleted {
        action_uid: dialect.actions.done("delete_bdb"),
    }))
}

/// `GET /v1/bdbs/{uid}/availability`, and the same of its one endpoint: 200 without a body, or 503.
pub(super) async fn availability(
    Authorized(permit): Authorized<ViewDatabase>,
    State(dialect): State<Arc<Dialect>>,
    Path(uid): Path<String>,
) -> Result<Response, Problem> {
    let database = find(&dialect, &permit, &uid)?;
    dialect.app.administration.check_usable(database.uid)?;
    Ok(answer::empty().into_response())
}

async fn make(
    dialect: &Dialect,
    permit: &ClusterPermit<CreateDatabase>,
    mut body: Object,
    run: Run,
) -> Result<Response, Problem> {
    let new = definition::new_database(&mut body, &answer::members(&fresh(dialect)))?;
    let database = dialect.app.administration.create(permit, new, run).await?;
    Ok(done(dialect, &database, run, "create_bdb"))
}

async fn change<A: ChangesDatabases>(
    dialect: &Dialect,
    permit: &ClusterPermit<A>,
    uid: &str,
    mut body: Object,
    run: Run,
) -> Result<Arc<Database>, Problem> {
    let current = find(dialect, permit, uid)?;
    let update = definition::database_update(&mut body, &answer::members(&shown(dialect, &current)))?;
    Ok(dialect
        .app
        .administration
        .update(permit, current.uid, update, run)
        .await?)
}

/// The answer to a change: the database, and the action that the change is unless it was only tried.
fn done(dialect: &Dialect, database: &Arc<Database>, run: Run, action: &'static str) -> Response {
    answer::json(&Bdb {
        action_uid: (run == Run::Apply).then(|| dialect.actions.begun(action, database.uid)),
        ..shown(dialect, database)
    })
}

/// The database with the number in the path. A segment that is not a number matches none.
fn find<A: ClusterAction>(dialect: &Dialect, permit: &ClusterPermit<A>, uid: &str) -> Result<Arc<Database>, Problem> {
    let uid = number(uid)?;
    let state = dialect.app.cluster.state();
    let database = state.database(uid).ok_or(ClusterError::NoSuchDatabase { uid })?;
    if !sees(permit, &state, uid) {
        return Err(ClusterError::OutsideScope { uid }.into());
    }
    Ok(Arc::clone(database))
}

/// Returns `true` when the caller's roles, which may be limited to some databases, let it read this one.
fn sees<A>(permit: &ClusterPermit<A>, state: &ClusterState, uid: DatabaseUid) -> bool {
    let permissions = permit.caller().permissions_on(state, uid);
    permissions.contains(Permission::ViewBdbInfo)
}

fn number(uid: &str) -> Result<DatabaseUid, Problem> {
    uid.parse()
        .map_err(|error: UidError| Problem::new(Code::DatabaseNotExist, error.to_string()))
}

fn shown(dialect: &Dialect, database: &Arc<Database>) -> Bdb {
    view::shown(database, dialect.app.databases.status(database), dialect)
}

/// The members of a database that has nothing but defaults: what a new one may say of what cannot be changed.
fn fresh(dialect: &Dialect) -> Bdb {
    let now = dialect.app.clock.now();
    let database = Database {
        uid: DatabaseUid::new(MAX_UID).expect("the greatest uid is one"),
        name: "fresh".parse().expect("the name is letters"),
        port: NonZeroU16::MAX,
        memory_size: 0,
        eviction_policy: EvictionPolicy::default(),
        persistence: Persistence::default(),
        tls: DatabaseTls::default(),
        default_user: DefaultUser {
            is_enabled: true,
            password_hashes: Vec::new(),
        },
        roles_permissions: Vec::new(),
        created_at: now,
        changed_at: now,
    };
    view::shown(&database, DatabaseStatus::Pending, dialect)
}

/// The members that `fields` names, separated by commas; all without it.
fn chosen(database: &Bdb, fields: Option<&str>) -> Map<String, Value> {
    let members = answer::members(database);
    let Some(fields) = fields.filter(|fields| !fields.is_empty()) else {
        return members;
    };
    let wanted: Vec<&str> = fields.split(',').map(str::trim).collect();
    members
        .into_iter()
        .filter(|(name, _)| wanted.contains(&name.as_str()))
        .collect()
}
