//! Operations on running databases, for the use cases.

use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use super::Databases;
use super::ports::{PortError, ReservedPort};
use crate::engine::EngineProgramError;
use certward_redis_model::database::{Database, DatabaseName};
use certward_redis_model::redis_acl_rules::RedisAclRules;
use certward_redis_model::uid::DatabaseUid;

impl Databases {
    /// Checks that a new database of this name could run.
    ///
    /// # Errors
    ///
    /// [`EngineProgramError`] if no engine can be started for it.
    pub async fn check_can_run(&self, name: &DatabaseName) -> Result<(), EngineProgramError> {
        if self.upstream_for(name, None).is_some() {
            return Ok(());
        }
        self.program().await.map(drop)
    }

    /// Reserves the port of a database: `wanted`, or a free one that is not `spoken_for`.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    pub async fn reserve_port(
        &self,
        wanted: Option<NonZeroU16>,
        spoken_for: impl Fn(u16) -> bool,
    ) -> Result<ReservedPort, PortError> {
        self.ports.reserve(wanted, spoken_for).await
    }

    /// The engine's objections to these rules, in their order; none without a running engine.
    pub async fn objections_to(&self, uid: DatabaseUid, rules: &[&RedisAclRules]) -> Option<Vec<Option<String>>> {
        let engine = self.engine_of(uid)?;
        Some(engine.objections_to(rules).await)
    }

    /// Deletes all data of a database.
    ///
    /// # Errors
    ///
    /// The reason, if the database has no running engine or the engine fails.
    pub async fn flush(&self, uid: DatabaseUid) -> Result<(), String> {
        let engine = self.engine_of(uid).ok_or_else(|| self.reason(uid))?;
        engine.flush().await.map_err(|error| error.to_string())
    }

    /// The reason why clients cannot use a database.
    #[must_use]
    pub fn reason(&self, uid: DatabaseUid) -> String {
        let running = self.running().get(&uid).cloned();
        let reason = running.and_then(|running| running.reason());
        reason.unwrap_or_else(|| "its engine is being started".to_owned())
    }

    /// Completes when the database that runs under this number now has ended.
    pub fn end_of(&self, uid: DatabaseUid) -> impl Future<Output = ()> + Send + use<> {
        let running = self.running().get(&uid).cloned();
        async move {
            if let Some(running) = running {
                running.ended().await;
            }
        }
    }

    /// Waits until the database has its desired configuration, for at most `SETTLE`. Afterwards its status says so.
    pub async fn wait_until_applied(&self, database: &Arc<Database>) {
        let applied = async {
            let mut running = None;
            while running.is_none() {
                running = self.running().get(&database.uid).cloned();
                if running.is_none() {
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
            }
            if let Some(running) = running {
                running.settled(database).await;
            }
        };
        // What is not done by then goes on, and the status says so.
        let _ = tokio::time::timeout(SETTLE, applied).await;
    }
}

/// Ten times as long as an engine without data takes to start.
const SETTLE: Duration = Duration::from_secs(2);
/// The running databases follow the state without delay, so polling is frequent.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
