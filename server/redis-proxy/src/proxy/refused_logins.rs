//! Failed logins by `AUTH` and `HELLO`, and users whose rules an engine refuses: counted and logged.

use std::fmt;

use super::DatabaseProxy;
use super::sessions::Session;
use crate::engine::EngineError;
use certward_certificates::certificate::shown;
use certward_redis_model::rights;
use certward_system::telemetry::{self, Sparing};

impl DatabaseProxy {
    /// Counts and logs a failed login. `name` is the client's claim; the password is not logged.
    pub(super) fn refuse_login(
        &self,
        session: &Session,
        name: &[u8],
        reason: &'static str,
        detail: &impl fmt::Display,
    ) {
        static LINE: Sparing = Sparing::new();
        metrics::counter!(telemetry::REFUSALS, "reason" => reason).increment(1);
        if let Some(omitted) = LINE.admit() {
            tracing::info!(
                peer.address = %session.address(),
                database.uid = self.database.get(),
                user.given = shown(&String::from_utf8_lossy(name)),
                refused.reason = reason,
                refused.detail = %detail,
                lines.omitted = omitted,
                "a database refuses a login"
            );
        }
    }

    /// Logs the ACLs that an engine refuses, if that is why it refuses the rules of a user.
    pub(super) async fn warn_of_refused_rules(&self, error: &EngineError) {
        static LINE: Sparing = Sparing::new();
        let EngineError::RulesRefused { name, objection } = error else {
            return;
        };
        let Some(omitted) = LINE.admit() else { return };
        let state = self.parts.cluster.state();
        let (Some(database), Some(user)) = (state.database(self.database), state.user_named(name)) else {
            return;
        };
        let given = rights::acls_of(database, user, &state);
        let rules: Vec<_> = given.iter().map(|(_, acl)| &acl.acl).collect();
        let objections = self.engine.objections_to(&rules).await;
        let refused = given
            .iter()
            .zip(objections)
            .filter(|(_, objection)| objection.is_some());
        let refused: Vec<String> = refused
            .take(MAX_SHOWN)
            .map(|((role_uid, acl), _)| {
                let role = state.role(*role_uid).map_or("", |role| role.name.as_str());
                format!("{} ({}) of role {role_uid} ({role})", acl.uid, acl.name)
            })
            .collect();
        tracing::warn!(
            database.uid = self.database.get(),
            database.name = database.name.as_str(),
            user.uid = user.uid.get(),
            user.name = user.name.as_str(),
            redis_acls = refused.join(", "),
            engine.objection = objection,
            lines.omitted = omitted,
            "the engine of a database refuses the rules of a user, who cannot log in"
        );
    }
}

/// Maximum number of ACLs in a line of the log.
const MAX_SHOWN: usize = 16;
