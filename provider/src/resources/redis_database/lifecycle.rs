//! A database as Redis Enterprise has it, and the calls that read and change it.

use std::time::Duration;

use certward::redis_enterprise::{Client, Database, DatabaseStatus, Removal};
use certward::{Error, SecretString};
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostic, Diagnostics};

use super::definition::DatabaseDefinition;
use super::model::{RedisDatabaseState, Timeouts};
use super::{RedisDatabase, persistence, roles_permissions};
use crate::report::failure;
use crate::report::{error, shown};
use crate::resources::redis_object::{RedisObject, Run, Step};
use crate::session::Kind;

impl RedisObject for RedisDatabase {
    type State = RedisDatabaseState;
    type Object = Database;
    type Definition = DatabaseDefinition;

    const KIND: Kind = super::KIND;
    const NOUN: &'static str = "database";

    fn id_and_name(state: &RedisDatabaseState) -> (&Value<String>, &Value<String>) {
        (&state.id, &state.name)
    }

    fn of_state(state: &RedisDatabaseState) -> Option<DatabaseDefinition> {
        DatabaseDefinition::of_state(state)
    }

    fn of_object(database: &Database) -> DatabaseDefinition {
        DatabaseDefinition::of_database(database)
    }

    fn of_object_beside(database: &Database, state: &RedisDatabaseState) -> DatabaseDefinition {
        DatabaseDefinition {
            password_version: state.default_user_password_wo_version.as_ref_option().copied(),
            ..DatabaseDefinition::of_database(database)
        }
    }

    fn add_write_only(wanted: &mut DatabaseDefinition, config: &RedisDatabaseState) {
        let password = config.default_user_password_wo.as_deref_option();
        wanted.password = password.map(SecretString::from);
    }

    async fn complete(client: &Client, database: &Database, wanted: &DatabaseDefinition) -> Result<(), Error> {
        match &wanted.password {
            Some(password) => client.databases().set_password(database.uid, password).await.map(drop),
            None => Ok(()),
        }
    }

    /// Nobody was told of the database, so there is nothing in it to protect.
    fn unusable(state: RedisDatabaseState) -> RedisDatabaseState {
        RedisDatabaseState {
            deletion_protection: Value::Value(false),
            ..state
        }
    }

    fn uid(database: &Database) -> u64 {
        database.uid.get()
    }

    fn removal(uid: u64) -> Removal {
        Removal::Database(uid.into())
    }

    fn take_over(state: &mut RedisDatabaseState, database: &Database) {
        take_over(state, database);
    }

    fn confirm(planned: RedisDatabaseState, database: &Database) -> RedisDatabaseState {
        let mut state = planned.clone();
        take_over(&mut state, database);
        // Terraform insists on what a plan has promised; what else has changed meanwhile is found by the next refresh.
        if !planned.status.is_unknown() {
            state.status = planned.status;
        }
        if !planned.endpoint.is_unknown() {
            state.endpoint = planned.endpoint;
        }
        state
    }

    fn imported() -> RedisDatabaseState {
        RedisDatabaseState {
            deletion_protection: Value::Value(true),
            // Says that nothing is known to be managed yet.
            mtls: Value::Unknown,
            ..RedisDatabaseState::default()
        }
    }

    async fn settle(
        diags: &mut Diagnostics,
        client: &Client,
        database: Database,
        planned: &RedisDatabaseState,
        step: Step,
    ) -> Database {
        let timeouts = Timeouts::of_state(&planned.timeouts);
        let (timeout, attribute) = match step {
            Step::Creation => (timeouts.create, "create"),
            Step::Change => (timeouts.update, "update"),
        };
        if database.status == Some(DatabaseStatus::Active) {
            return database;
        }
        let problem = match client.databases().wait_until_active(database.uid, timeout).await {
            Ok(database) => return database,
            Err(problem) => problem,
        };
        let called = format!("\"{}\" (uid {})", shown(&database.name), database.uid);
        if problem.is_failed_action() {
            error(
                diags,
                AttributePath::root(),
                "Database could not be made",
                format!(
                    "The cluster took the request for {called} and then failed to make it: {}. When that is mended, apply \
                     again: it is removed and made anew; there is no data in it to protect.",
                    problem
                        .server_message()
                        .map_or("its own log says why", |reason| reason.trim_end_matches('.'))
                ),
            );
            let mut failed = database;
            failed.status = Some(DatabaseStatus::CreationFailed);
            return failed;
        }
        if problem.is_timeout() && problem.status().is_none() {
            let status = database.status.as_ref().map_or("unknown", DatabaseStatus::as_str);
            let status = shown(status);
            error(
                diags,
                AttributePath::new("timeouts"),
                "Database is not usable in time",
                format!(
                    "{called} was {status} when it was asked for, and not active after {} s. The cluster goes on with \
                     it. {}To wait longer, set timeouts.{attribute}.",
                    timeout.as_secs(),
                    match step {
                        Step::Creation =>
                            "To keep it, take Terraform's mark off it when it is active, terraform untaint with the \
                             address of this resource, and apply again; else the next apply removes it and makes it anew, \
                             also with deletion_protection, because nobody was told of it. ",
                        Step::Change => "Apply again. ",
                    }
                ),
            );
        } else {
            failure::redis_enterprise(
                diags,
                &format!("wait until the database {called} can be used"),
                &problem,
            );
        }
        database
    }

    fn removal_timeout(state: &RedisDatabaseState) -> Duration {
        Timeouts::of_state(&state.timeouts).delete
    }

    fn warnings(database: &Database) -> &[String] {
        &database.certward_warnings
    }

    fn unknown_setting(wanted: &DatabaseDefinition, database: &Database) -> Option<Diagnostic> {
        wanted.mtls.unknown_to(database)
    }

    async fn find(client: &Client, uid: u64) -> Result<Option<Database>, Error> {
        client.databases().get(uid.into()).await
    }

    async fn list(client: &Client) -> Result<Vec<Database>, Error> {
        client.databases().list().await
    }

    async fn create(client: &Client, wanted: &DatabaseDefinition, run: Run) -> Result<Database, Error> {
        let request = wanted.create_request();
        match run {
            Run::Apply => client.databases().create(&request).send().await,
            Run::Try => client.databases().create(&request).dry_run().send().await,
        }
    }

    async fn update(
        client: &Client,
        uid: u64,
        there: &DatabaseDefinition,
        wanted: &DatabaseDefinition,
        run: Run,
    ) -> Result<Database, Error> {
        let mut request = wanted.update_request(there);
        if request.is_empty() {
            // Only the password changes; a request that says what holds anyway answers with the database.
            request = request.default_user(wanted.default_user_enabled);
        }
        if run == Run::Try {
            return client.databases().update(uid.into(), &request).dry_run().send().await;
        }
        if wanted.changes_password(there)
            && let Some(password) = &wanted.password
        {
            client.databases().set_password(uid.into(), password).await?;
        }
        client.databases().update(uid.into(), &request).send().await
    }

    async fn delete(client: &Client, uid: u64) -> Result<(), Error> {
        client.databases().delete(uid.into()).await.map(drop)
    }
}

/// Returns the address for clients: the first endpoint's name or address, and its port.
pub(crate) fn endpoint(database: &Database) -> Option<String> {
    let endpoint = database.endpoints.first()?;
    let host = endpoint.dns_name.as_ref().or_else(|| endpoint.addr.first())?;
    let port = endpoint.port.or(database.port)?;
    Some(if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    })
}

/// Fills in the cluster's values. An equivalent value keeps its former spelling.
fn take_over(state: &mut RedisDatabaseState, database: &Database) {
    let there = DatabaseDefinition::of_database(database);
    if persistence::known(&state.snapshot_policy) != there.snapshot_policy {
        let policies = there.snapshot_policy.as_ref();
        state.snapshot_policy = policies.map_or(Value::Null, persistence::to_value);
    }
    if roles_permissions::known(&state.roles_permissions).as_ref() != Some(&there.roles_permissions) {
        state.roles_permissions = roles_permissions::to_value(&there.roles_permissions);
    }
    there.mtls.take_over(&mut state.mtls);
    state.id = Value::Value(database.uid.to_string());
    state.name = Value::Value(there.name);
    state.memory_size = i64::try_from(there.memory_size).map_or(Value::Null, Value::Value);
    state.port = there.port.map_or(Value::Null, |port| Value::Value(i64::from(port)));
    state.eviction_policy = Value::Value(there.eviction_policy);
    state.data_persistence = Value::Value(there.data_persistence);
    state.aof_policy = there.aof_policy.map_or(Value::Null, Value::Value);
    state.default_user_enabled = Value::Value(there.default_user_enabled);
    state.default_user_password_wo = Value::Null;
    let status = database.status.as_ref();
    state.status = status.map_or(Value::Null, |status| Value::Value(status.to_string()));
    state.endpoint = endpoint(database).map_or(Value::Null, Value::Value);
}

#[cfg(test)]
#[path = "lifecycle_tests.rs"]
mod tests;
