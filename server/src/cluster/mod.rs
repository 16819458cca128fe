//! The cluster of Redis Enterprise's API: its users, roles, ACLs, settings and certificates, and what can be done with
//! them. No HTTP and no JSON: those stop at the dialect.
//!
//! Each change is checked, recorded and made visible in one step that no other change can come between, and that goes
//! on when the caller hangs up. It is on the disk before it is answered.

pub mod access;
pub mod bootstrap;
mod certificate_rules;
mod certificates;
mod cipher_list;
pub mod database;
pub mod databases;
mod error;
mod list_length;
pub mod name;
pub mod named_certificate;
mod password_rules;
pub mod permission;
pub mod policy;
mod precondition;
pub mod redis_acl;
pub mod redis_acl_rules;
mod redis_acls;
pub(crate) mod removal;
pub mod role;
mod roles;
pub mod settings;
mod settings_update;
pub mod state;
pub mod trust;
pub mod uid;
pub mod user;
mod user_passwords;
mod users;

use std::sync::{Arc, PoisonError, RwLock};

use time::OffsetDateTime;
use tokio::sync::{Mutex, watch};

pub use bootstrap::NewCluster;
pub use error::ClusterError;
pub use precondition::Precondition;
pub use state::ClusterState;
pub use user_passwords::PasswordChange;

use self::access::{ClusterAction, ClusterCaller, ClusterPermit, Lockouts, PasswordHasher, Proof, Required};
use self::permission::{ManagementRole, PermissionSet};
use self::state::Change;
use crate::audit::{Actor, Audit, AuditRecord, Outcome};
use crate::authn::Authenticator;
use crate::clock::Clock;
use crate::store::{Store, StoreError};

/// The cluster: its present state, and the one way to change it.
#[derive(Debug)]
pub struct Cluster {
    shared: Arc<Shared>,
}

/// What a [`Cluster`] is made of.
#[derive(Debug)]
pub struct ClusterParts {
    /// Where changes are recorded.
    pub store: Store,
    /// Who is an administrator by a certificate of RavenDB's API.
    pub authenticator: Arc<Authenticator>,
    /// Makes and checks the hashes of passwords.
    pub passwords: Arc<PasswordHasher>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where refusals are recorded.
    pub audit: Audit,
}

/// Whether a use case is carried out, or only checked and answered as if it had been (`dry_run`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// Make the change.
    Apply,
    /// Make none.
    Dry,
}

#[derive(Debug)]
struct Shared {
    parts: ClusterParts,
    state: RwLock<Arc<ClusterState>>,
    changes: watch::Sender<u64>,
    /// Held from the checks of a change until the state shows it.
    writer: Mutex<()>,
    lockouts: Lockouts,
}

/// What a change is planned from.
pub(crate) struct Planning<'a> {
    /// The cluster as it is.
    pub(crate) state: &'a ClusterState,
    /// What the caller may do at this moment.
    pub(crate) rights: PermissionSet,
    /// The time.
    pub(crate) now: OffsetDateTime,
}

/// A change that has passed every check.
pub(crate) struct Plan<T> {
    /// What changes; nothing is recorded when nothing does.
    pub(crate) changes: Vec<Change>,
    /// What the audit says was done.
    pub(crate) detail: String,
    /// What the use case returns.
    pub(crate) outcome: T,
}

/// Who asks for what: the head of an audit record, and what it takes to be allowed that.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    actor: Actor,
    /// None when the server acts by itself.
    caller: Option<Arc<ClusterCaller>>,
    action: &'static str,
    target: String,
    required: Required,
    /// Whether the permit is on the caller itself alone.
    on_itself: bool,
}

impl Asked {
    /// The holder of a permit asks.
    pub(crate) fn by<A: ClusterAction>(permit: &ClusterPermit<A>, target: impl Into<String>) -> Self {
        Self {
            actor: permit.caller().actor(),
            caller: Some(Arc::clone(permit.caller())),
            action: A::NAME,
            target: target.into(),
            required: A::REQUIRED,
            on_itself: permit.target().is_some(),
        }
    }

    /// The server acts by itself.
    pub(crate) fn server(action: &'static str, target: impl Into<String>) -> Self {
        Self {
            actor: Actor::server(),
            caller: None,
            action,
            target: target.into(),
            required: Required::Authenticated,
            on_itself: false,
        }
    }
}

impl Planning<'_> {
    /// Refuses an attempt on rights that the caller does not have itself: a user manager neither makes nor touches
    /// administrators.
    pub(crate) fn check_reach(
        &self,
        wanted: ManagementRole,
        attempt: impl FnOnce() -> String,
    ) -> Result<(), ClusterError> {
        if wanted == ManagementRole::Admin && !self.is_by_admin() {
            return Err(ClusterError::AboveOwnRights { attempt: attempt() });
        }
        Ok(())
    }

    /// Refuses changes after which the caller could not call again by what it called with: the way back would be closed
    /// too. Administrators by a certificate of RavenDB's API are let in whatever the settings say.
    pub(crate) fn check_lets_back_in(&self, caller: &ClusterCaller, changes: &[Change]) -> Result<(), ClusterError> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut next = self.state.clone();
        next.apply(changes);
        let (setting, reason) = match caller.proof() {
            Some(Proof::Password) if !next.settings().control_plane_basic_authentication => {
                ("control_plane_basic_authentication", "authenticated by password")
            }
            Some(Proof::Token) if !next.settings().control_plane_basic_authentication => (
                "control_plane_basic_authentication",
                "authenticated by the token of a user with a password",
            ),
            Some(Proof::Certificate) if !caller.has_admissible_certificate(&next, self.now) => (
                "this change of certificate authentication",
                "authenticated by a certificate that would not be let in; call by another way, or keep its CA and subject",
            ),
            _ => return Ok(()),
        };
        Err(ClusterError::WouldLockOutCaller { setting, reason })
    }

    /// Whether the caller may do everything.
    pub(crate) fn is_by_admin(&self) -> bool {
        is_admin(self.rights)
    }
}

impl Cluster {
    /// Joins the parts. `state` is what the store holds.
    #[must_use]
    pub fn new(parts: ClusterParts, state: ClusterState) -> Self {
        let changes = watch::Sender::new(state.revision());
        Self {
            shared: Arc::new(Shared {
                parts,
                state: RwLock::new(Arc::new(state)),
                changes,
                writer: Mutex::new(()),
                lockouts: Lockouts::default(),
            }),
        }
    }

    /// The cluster at this moment. Keep it no longer than a request.
    #[must_use]
    pub fn state(&self) -> Arc<ClusterState> {
        self.shared.state()
    }

    /// The revision of the last change, without the state that belongs to it.
    pub(crate) fn revision(&self) -> u64 {
        *self.shared.changes.borrow()
    }

    /// The revision of each later change.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changes.subscribe()
    }

    pub(crate) fn passwords(&self) -> &Arc<PasswordHasher> {
        &self.shared.parts.passwords
    }

    pub(crate) fn store(&self) -> &Store {
        &self.shared.parts.store
    }

    fn lockouts(&self) -> &Lockouts {
        &self.shared.lockouts
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.parts.clock
    }

    pub(crate) fn authenticator(&self) -> &Arc<Authenticator> {
        &self.shared.parts.authenticator
    }

    /// Decides with `plan`, records and makes visible what it planned. With [`Run::Dry`] it is only decided.
    ///
    /// # Errors
    ///
    /// Those of `plan`; [`ClusterError::CallerLostRights`] when the caller is no longer let in, or no longer has
    /// the permission that the action needs; [`ClusterError::Store`].
    pub(crate) async fn change<T, F>(&self, asked: Asked, run: Run, plan: F) -> Result<T, ClusterError>
    where
        T: Send + 'static,
        F: FnOnce(&Planning<'_>) -> Result<Plan<T>, ClusterError> + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        // A task of its own: a caller that hangs up between commit and visibility must not leave them apart.
        let step = tokio::spawn(async move {
            let outcome = shared.decide(&asked, run, plan).await;
            if let Err(error) = &outcome {
                shared.refused(&asked, error);
            }
            outcome
        });
        let store = &self.shared.parts.store;
        store.outcome_of(step).await.map_err(ClusterError::Store).flatten()
    }

    /// What whoever asks may do at this moment, when what it asks for is among it. A refusal is recorded.
    ///
    /// # Errors
    ///
    /// [`ClusterError::CallerLostRights`].
    pub(crate) fn look_again(&self, asked: &Asked) -> Result<PermissionSet, ClusterError> {
        let now = self.shared.rights_now(asked, &self.state());
        now.inspect_err(|error| self.shared.refused(asked, error))
    }

    /// Records that what was asked for is refused before it comes to [`Self::change`], and gives the reason back.
    pub(crate) fn refused(&self, asked: Asked, error: ClusterError) -> ClusterError {
        self.shared.refused(&asked, &error);
        error
    }
}

impl Shared {
    fn state(&self) -> Arc<ClusterState> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn decide<T, F>(&self, asked: &Asked, run: Run, plan: F) -> Result<T, ClusterError>
    where
        F: FnOnce(&Planning<'_>) -> Result<Plan<T>, ClusterError>,
    {
        let parts = &self.parts;
        let _writer = parts.store.turn(&self.writer).await.map_err(ClusterError::Store)?;
        let now = parts.clock.now();
        let state = self.state();
        let Plan {
            changes,
            detail,
            outcome,
        } = plan(&Planning {
            state: &state,
            rights: self.rights_now(asked, &state)?,
            now,
        })?;
        if run == Run::Dry || changes.is_empty() {
            return Ok(outcome);
        }
        let record = AuditRecord {
            at: now,
            actor: asked.actor.clone(),
            action: asked.action.into(),
            target: asked.target.clone(),
            outcome: Outcome::Done(detail.into()),
            occurrences: 1,
        };
        let revision = state.revision() + 1;
        let highest = state.highest_uids().after(&changes);
        // Let go of, so that the next state can be made of this one without a copy.
        drop(state);
        parts
            .store
            .commit_cluster(&changes, revision, highest, &[record])
            .await
            .map_err(ClusterError::Store)?;
        Arc::make_mut(&mut self.state.write().unwrap_or_else(PoisonError::into_inner)).apply(&changes);
        self.changes.send_replace(revision);
        parts.audit.committed();
        Ok(outcome)
    }

    /// The caller's rights of this moment, when the permission that the action needs is among them: those it was let in
    /// with may have been taken away while its request was read, or while it waited.
    fn rights_now(&self, asked: &Asked, state: &ClusterState) -> Result<PermissionSet, ClusterError> {
        let Some(caller) = &asked.caller else {
            return Ok(ManagementRole::Admin.permissions());
        };
        caller
            .permissions_now(state, &self.parts.authenticator, self.parts.clock.now())
            .filter(|rights| asked.required.check(*rights, asked.on_itself).is_ok())
            .ok_or(ClusterError::CallerLostRights)
    }

    fn refused(&self, asked: &Asked, error: &ClusterError) {
        // That the store refuses changes has been logged, once.
        let is_known = matches!(error, ClusterError::Store(StoreError::Unavailable { .. }));
        if matches!(error, ClusterError::Store(_) | ClusterError::Issue(_)) && !is_known {
            tracing::error!(
                error = error as &dyn std::error::Error,
                action = asked.action,
                "a change failed"
            );
        }
        self.parts.audit.refused(
            asked.actor.clone(),
            asked.action,
            asked.target.clone(),
            error.to_string(),
        );
    }
}

/// Whether these are the permissions of an administrator: all of them.
fn is_admin(permissions: PermissionSet) -> bool {
    permissions.covers(ManagementRole::Admin.permissions())
}

#[cfg(test)]
mod tests;
