//! The actions: what a real cluster does after its answer, and this server mostly before it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, State};
use axum::response::Response;
use time::OffsetDateTime;
use uuid::Uuid;

use super::authorized::Authorized;
use super::problem::{Code, Problem};
use super::{Dialect, answer, wire};
use crate::cluster::access::action::ViewActions;
use certward_redis_model::uid::DatabaseUid;
use certward_redis_proxy::DatabaseStatus;
use certward_system::clock::Clock;

/// The last actions.
pub(super) struct Actions {
    done: Mutex<VecDeque<Action>>,
    clock: Arc<dyn Clock>,
}

#[derive(Clone)]
struct Action {
    uid: Uuid,
    name: &'static str,
    at: OffsetDateTime,
    /// The database that it is about, if it may go on after its answer.
    database: Option<DatabaseUid>,
}

impl Actions {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            done: Mutex::default(),
            clock,
        }
    }

    /// Remembers that something was done, under the number that is given.
    pub(super) fn done(&self, name: &'static str) -> String {
        self.remember(name, None)
    }

    /// Remembers that something was begun with a database, under the number that is given. It is done when the database
    /// is as it should be.
    pub(super) fn begun(&self, name: &'static str, database: DatabaseUid) -> String {
        self.remember(name, Some(database))
    }

    fn remember(&self, name: &'static str, database: Option<DatabaseUid>) -> String {
        let uid = Uuid::new_v4();
        let mut done = self.lock();
        if done.len() == REMEMBERED {
            done.pop_front();
        }
        done.push_back(Action {
            uid,
            name,
            at: self.clock.now(),
            database,
        });
        uid.to_string()
    }

    fn find(&self, uid: Uuid) -> Option<Action> {
        self.lock().iter().rev().find(|action| action.uid == uid).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Action>> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl wire::Action {
    fn of(action: &Action, dialect: &Dialect) -> Self {
        let status = action.database.and_then(|uid| status_of(dialect, uid));
        let (status, progress) = match status {
            Some(DatabaseStatus::CreationFailed) => ("failed", "0"),
            Some(status) if status.is_passing() => ("running", "50"),
            _ => ("completed", "100"),
        };
        Self {
            action_uid: action.uid.to_string(),
            creation_time: action.at.unix_timestamp().to_string(),
            name: action.name,
            node_uid: "1",
            progress,
            status,
            task_id: action.uid.to_string(),
        }
    }
}

/// Returns the status of the database with this uid, if it exists.
fn status_of(dialect: &Dialect, uid: DatabaseUid) -> Option<DatabaseStatus> {
    let state = dialect.app.cluster.state();
    state
        .database(uid)
        .map(|database| dialect.app.databases.status(database))
}

/// `GET /v1/actions`
pub(super) async fn list(_: Authorized<ViewActions>, State(dialect): State<Arc<Dialect>>) -> Response {
    let remembered: Vec<Action> = dialect.actions.lock().iter().cloned().collect();
    let actions = remembered
        .iter()
        .map(|action| wire::Action::of(action, &dialect))
        .collect();
    answer::json(&wire::Actions {
        actions,
        state_machines: Vec::new(),
    })
}

/// `GET /v1/actions/{uid}`
pub(super) async fn read(
    _: Authorized<ViewActions>,
    State(dialect): State<Arc<Dialect>>,
    Path(uid): Path<String>,
) -> Result<Response, Problem> {
    let action = uid.parse().ok().and_then(|uid| dialect.actions.find(uid));
    match action {
        Some(action) => Ok(answer::json(&wire::Action::of(&action, &dialect))),
        None => Err(Problem::new(
            Code::ActionNotExist,
            format!("there is no action of this number; the last {REMEMBERED} are remembered, until the server stops"),
        )),
    }
}

/// Clients ask for an action right after the answer that named it.
const REMEMBERED: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use certward_system::clock::SystemClock;

    #[test]
    fn the_last_thousand_actions_are_remembered() {
        let actions = Actions::new(Arc::new(SystemClock));
        let first: Uuid = actions.done("delete_user").parse().unwrap();
        let second: Uuid = actions.done("delete_role").parse().unwrap();
        for _ in 0..REMEMBERED - 1 {
            actions.done("delete_user");
        }
        assert!(actions.find(first).is_none());
        assert_eq!(actions.find(second).map(|action| action.name), Some("delete_role"));
    }
}
