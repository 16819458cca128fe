//! A cluster without a store, whose users all have the same password.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use certward_redis_model::password_hash::{HASH_LENGTH, HashCost, PasswordHash, SALT_LENGTH};
use certward_redis_model::state::{Change, ClusterIdentity, ClusterState};
use certward_redis_model::uid::DatabaseUid;
use certward_redis_model::user::{Authentication, User};
use certward_store::StoreError;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::watch;

use super::world::{NOW, PASSWORD};
use crate::{ClusterView, PasswordRefusal};

#[derive(Debug)]
pub(super) struct TestCluster {
    state: Mutex<Arc<ClusterState>>,
    changes: watch::Sender<u64>,
}

impl Default for TestCluster {
    fn default() -> Self {
        let state = ClusterState::fresh(ClusterIdentity {
            name: "cluster.example".to_owned(),
            created_at: NOW,
        });
        Self {
            changes: watch::Sender::new(state.revision()),
            state: Mutex::new(Arc::new(state)),
        }
    }
}

impl TestCluster {
    /// Applies changes as one.
    pub(super) fn apply(&self, changes: &[Change]) {
        let revision = {
            let mut state = self.lock();
            Arc::make_mut(&mut state).apply(changes);
            state.revision()
        };
        self.changes.send_replace(revision);
    }

    /// The hash of a user with [`PASSWORD`]; no login computes it.
    pub(super) fn hash() -> PasswordHash {
        PasswordHash {
            cost: HashCost { memory: 8, passes: 1 },
            salt: [0; SALT_LENGTH],
            hash: [1; HASH_LENGTH],
        }
    }

    fn lock(&self) -> MutexGuard<'_, Arc<ClusterState>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClusterView for TestCluster {
    fn state(&self) -> Arc<ClusterState> {
        Arc::clone(&self.lock())
    }

    fn revision(&self) -> u64 {
        *self.changes.borrow()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn user_by_password<'a>(
        &'a self,
        name: &'a str,
        password: &'a SecretString,
        _: IpAddr,
    ) -> BoxFuture<'a, Result<Arc<User>, PasswordRefusal>> {
        let user = self.lock().user_named(name).cloned();
        let has_password = |user: &Arc<User>| matches!(user.authentication, Authentication::Regular { .. });
        let is_right = password.expose_secret() == PASSWORD;
        let found = user.filter(has_password).filter(|_| is_right);
        Box::pin(std::future::ready(found.ok_or(PasswordRefusal::Wrong)))
    }

    fn deleted_databases(&self) -> BoxFuture<'_, Result<Vec<DatabaseUid>, StoreError>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn forget_deleted_database(&self, _: DatabaseUid) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
