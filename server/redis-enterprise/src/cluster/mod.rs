//! The cluster of Redis Enterprise's API: its users, roles, ACLs, settings and certificates, and the operations on
//! them. It knows neither HTTP nor JSON, which belong to the dialect.
//!
//! Each change is checked, recorded and published atomically, and completes even if the caller disconnects. It is on
//! disk before the response is sent.

pub mod access;
pub mod bootstrap;
mod certificate_rules;
mod certificates;
mod cipher_list;
pub mod databases;
mod error;
mod list_length;
mod password_rules;
mod policy_update;
mod precondition;
mod redis_acls;
mod roles;
pub mod settings_update;
mod updates;
mod user_passwords;
mod users;

use std::sync::{Arc, PoisonError, RwLock};

use certward_transport::administrators::{Administrator, Administrators};
use time::OffsetDateTime;
use tokio::sync::watch;

pub use bootstrap::NewCluster;
pub use certward_redis_model::run::Run;
pub use certward_redis_model::state::ClusterState;
pub use certward_redis_model::{
    database, name, named_certificate, password_hash, permission, policy, redis_acl, redis_acl_rules, removal, role,
    run, settings, state, token_key, uid, user,
};
pub use error::ClusterError;
pub use precondition::Precondition;
pub use updates::{RedisAclUpdate, UserUpdate};
pub use user_passwords::PasswordChange;

use self::access::{ClusterAction, ClusterCaller, ClusterPermit, Lockouts, PasswordHasher, Proof, Required};
use crate::rows;
use certward_redis_model::permission::{ManagementRole, PermissionSet};
use certward_redis_model::state::Change;
use certward_store::audit::{Actor, Audit};
use certward_store::ledger::{self, Domain, Head, Ledger};
use certward_store::{Changes, Store};
use certward_system::clock::Clock;
use certward_transport::listener::peer::Peer;

/// The cluster: its current state, and the only way to change it.
#[derive(Debug)]
pub struct Cluster {
    ledger: Arc<Ledger<Shared>>,
}

/// Dependencies of a [`Cluster`].
#[derive(Debug)]
pub struct ClusterParts {
    /// Persists changes.
    pub store: Store,
    /// Decides who administers the whole server by a certificate.
    pub administrators: Arc<dyn Administrators>,
    /// Computes and checks the hashes of passwords.
    pub passwords: Arc<PasswordHasher>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Persists refusals.
    pub audit: Audit,
}

#[derive(Debug)]
struct Shared {
    parts: ClusterParts,
    state: RwLock<Arc<ClusterState>>,
    changes: watch::Sender<u64>,
    lockouts: Lockouts,
}

/// Inputs for planning a change.
pub struct Planning<'a> {
    /// The current state of the cluster.
    pub state: &'a ClusterState,
    /// The caller's current permissions.
    pub rights: PermissionSet,
    /// The time.
    pub now: OffsetDateTime,
}

/// A change that has passed all checks.
pub type Plan<T> = ledger::Plan<Change, T>;

/// A request: the head of its audit record, and the permission that it needs.
#[derive(Debug, Clone)]
pub struct Asked {
    head: Head,
    /// None if the server acts by itself.
    caller: Option<Arc<ClusterCaller>>,
    required: Required,
    /// True if the permit covers only the caller itself.
    on_itself: bool,
}

impl Asked {
    /// The request of a permit's holder.
    pub fn by<A: ClusterAction>(permit: &ClusterPermit<A>, target: impl Into<String>) -> Self {
        Self {
            head: Head {
                actor: permit.caller().actor(),
                action: A::NAME,
                target: target.into(),
            },
            caller: Some(Arc::clone(permit.caller())),
            required: A::REQUIRED,
            on_itself: permit.target().is_some(),
        }
    }

    /// A request of the server itself.
    pub fn server(action: &'static str, target: impl Into<String>) -> Self {
        Self {
            head: Head {
                actor: Actor::server(),
                action,
                target: target.into(),
            },
            caller: None,
            required: Required::Authenticated,
            on_itself: false,
        }
    }
}

impl AsRef<Head> for Asked {
    fn as_ref(&self) -> &Head {
        &self.head
    }
}

impl Planning<'_> {
    /// Refuses a change that says of the state what is no longer so.
    pub fn check_precondition(&self, precondition: &Precondition) -> Result<(), ClusterError> {
        match precondition.differing(self.state) {
            Some(field) => Err(ClusterError::ReadOnlyField { field }),
            None => Ok(()),
        }
    }

    /// Refuses an operation on rights that the caller lacks: a user manager can neither create nor change
    /// administrators.
    pub fn check_reach(&self, wanted: ManagementRole, attempt: impl FnOnce() -> String) -> Result<(), ClusterError> {
        if wanted == ManagementRole::Admin && !self.is_by_admin() {
            return Err(ClusterError::AboveOwnRights { attempt: attempt() });
        }
        Ok(())
    }

    /// Refuses changes after which the caller's credentials would no longer be accepted, because the caller could not
    /// revert them. Administrators by a certificate of RavenDB's API are admitted under all settings.
    pub fn check_lets_back_in(&self, caller: &ClusterCaller, changes: &[Change]) -> Result<(), ClusterError> {
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

    /// True if the caller is an administrator.
    pub fn is_by_admin(&self) -> bool {
        is_admin(self.rights)
    }
}

impl Cluster {
    /// Assembles the cluster. `state` comes from the store.
    #[must_use]
    pub fn new(parts: ClusterParts, state: ClusterState) -> Self {
        let changes = watch::Sender::new(state.revision());
        let (store, clock, audit) = (parts.store.clone(), Arc::clone(&parts.clock), parts.audit.clone());
        let shared = Shared {
            parts,
            state: RwLock::new(Arc::new(state)),
            changes,
            lockouts: Lockouts::default(),
        };
        Self {
            ledger: Ledger::new(shared, store, clock, audit),
        }
    }

    fn shared(&self) -> &Shared {
        self.ledger.domain()
    }

    /// The current state of the cluster. Do not keep it longer than a request.
    #[must_use]
    pub fn state(&self) -> Arc<ClusterState> {
        self.shared().state()
    }

    /// The revision of the last change.
    pub fn revision(&self) -> u64 {
        *self.shared().changes.borrow()
    }

    /// Notifies of the revision of each later change.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared().changes.subscribe()
    }

    pub(crate) fn passwords(&self) -> &Arc<PasswordHasher> {
        &self.shared().parts.passwords
    }

    pub(crate) fn store(&self) -> &Store {
        &self.shared().parts.store
    }

    fn lockouts(&self) -> &Lockouts {
        &self.shared().lockouts
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared().parts.clock
    }

    pub(crate) fn administrator(&self, peer: &Peer) -> Option<Administrator> {
        self.shared().parts.administrators.administrator(peer)
    }

    /// Decides with `plan`, then records and publishes the planned changes. With [`Run::Dry`] it only decides.
    ///
    /// # Errors
    ///
    /// Those of `plan`; [`ClusterError::CallerLostRights`] if the caller is no longer admitted, or no longer has the
    /// permission that the action needs; [`ClusterError::Store`].
    pub async fn change<T, F>(&self, asked: Asked, run: Run, plan: F) -> Result<T, ClusterError>
    where
        T: Send + 'static,
        F: FnOnce(&Planning<'_>) -> Result<Plan<T>, ClusterError> + Send + 'static,
    {
        let plan = move |_: &Shared, (state, rights, now): &(Arc<ClusterState>, PermissionSet, OffsetDateTime)| {
            plan(&Planning {
                state,
                rights: *rights,
                now: *now,
            })
        };
        self.ledger.change(asked, run == Run::Dry, plan).await
    }

    /// Returns the requester's current permissions, if they still cover the request. A refusal is recorded.
    ///
    /// # Errors
    ///
    /// [`ClusterError::CallerLostRights`].
    pub fn look_again(&self, asked: &Asked) -> Result<PermissionSet, ClusterError> {
        let now = self.shared().rights_now(asked, &self.state());
        now.inspect_err(|error| self.ledger.refused(asked, error))
    }

    /// Records a refusal that precedes [`Self::change`], and returns its error.
    pub fn refused(&self, asked: Asked, error: ClusterError) -> ClusterError {
        self.ledger.refused(&asked, &error);
        error
    }
}

impl Shared {
    fn state(&self) -> Arc<ClusterState> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The caller's current rights, if they include the permission that the action needs: rights from its admission may
    /// have been withdrawn while its request was read, or while it waited.
    fn rights_now(&self, asked: &Asked, state: &ClusterState) -> Result<PermissionSet, ClusterError> {
        let Some(caller) = &asked.caller else {
            return Ok(ManagementRole::Admin.permissions());
        };
        caller
            .permissions_now(state, &*self.parts.administrators, self.parts.clock.now())
            .filter(|rights| asked.required.check(*rights, asked.on_itself).is_ok())
            .ok_or(ClusterError::CallerLostRights)
    }
}

impl Domain for Shared {
    type Asked = Asked;
    type Basis = (Arc<ClusterState>, PermissionSet, OffsetDateTime);
    type Change = Change;
    type Error = ClusterError;

    async fn admit(&self, asked: &Asked) -> Result<Self::Basis, ClusterError> {
        let state = self.state();
        let rights = self.rights_now(asked, &state)?;
        Ok((state, rights, self.parts.clock.now()))
    }

    fn write<'a>(&self, _asked: &'a Asked, changes: &'a [Change]) -> impl Changes + 'a {
        let state = self.state();
        rows::Write::Changes {
            changes,
            revision: state.revision() + 1,
            highest: state.highest_uids().after(changes),
        }
    }

    fn publish(&self, changes: &[Change]) {
        let revision = {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            Arc::make_mut(&mut state).apply(changes);
            state.revision()
        };
        self.changes.send_replace(revision);
    }

    fn is_fault(error: &ClusterError) -> bool {
        match error {
            ClusterError::Store(error) => error.is_news(),
            ClusterError::Issue(_) => true,
            _ => false,
        }
    }
}

/// True for an administrator's permissions, which are all that exist.
fn is_admin(permissions: PermissionSet) -> bool {
    permissions.covers(ManagementRole::Admin.permissions())
}

#[cfg(test)]
mod tests;
