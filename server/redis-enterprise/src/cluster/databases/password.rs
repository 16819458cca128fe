//! The passwords of a database's default user: several are valid at a time, so that they can be rotated.

use std::sync::Arc;

use secrecy::SecretString;

use super::{changed, described};
use crate::cluster::access::ClusterPermit;
use crate::cluster::access::action::UpdateDatabase;
use crate::cluster::{Cluster, ClusterError, Plan, Planning, Run};
use certward_redis_model::database::{Database, PasswordDigest};
use certward_redis_model::uid::DatabaseUid;

impl Cluster {
    /// Replaces all passwords of the default user with this one.
    ///
    /// # Errors
    ///
    /// In this order: [`ClusterError::NoSuchDatabase`]; [`ClusterError::OutsideScope`]; [`ClusterError::Store`].
    pub async fn set_database_password(
        &self,
        permit: &ClusterPermit<UpdateDatabase>,
        uid: DatabaseUid,
        password: &SecretString,
    ) -> Result<Arc<Database>, ClusterError> {
        let set = |_: &[PasswordDigest], digest| Ok(vec![digest]);
        self.change_password(permit, uid, password, set, "set the default user's password")
            .await
    }

    /// Adds a password to the default user; nothing changes if it is one already.
    ///
    /// # Errors
    ///
    /// As [`Self::set_database_password`]; [`ClusterError::TooManyDatabasePasswords`].
    pub async fn add_database_password(
        &self,
        permit: &ClusterPermit<UpdateDatabase>,
        uid: DatabaseUid,
        password: &SecretString,
    ) -> Result<Arc<Database>, ClusterError> {
        let add = |present: &[PasswordDigest], digest| {
            if present.contains(&digest) {
                return Ok(present.to_vec());
            }
            if present.len() >= MAX_PASSWORDS {
                return Err(ClusterError::TooManyDatabasePasswords { limit: MAX_PASSWORDS });
            }
            Ok(present.iter().copied().chain([digest]).collect())
        };
        self.change_password(permit, uid, password, add, "added a password of the default user")
            .await
    }

    /// Deletes a password of the default user. Without any password, the user needs none.
    ///
    /// # Errors
    ///
    /// As [`Self::set_database_password`]; [`ClusterError::NoSuchDatabasePassword`].
    pub async fn delete_database_password(
        &self,
        permit: &ClusterPermit<UpdateDatabase>,
        uid: DatabaseUid,
        password: &SecretString,
    ) -> Result<Arc<Database>, ClusterError> {
        let delete = |present: &[PasswordDigest], digest| {
            let left: Vec<_> = present.iter().copied().filter(|other| *other != digest).collect();
            if left.len() == present.len() {
                return Err(ClusterError::NoSuchDatabasePassword);
            }
            Ok(left)
        };
        let what = "deleted a password of the default user";
        self.change_password(permit, uid, password, delete, what).await
    }

    async fn change_password(
        &self,
        permit: &ClusterPermit<UpdateDatabase>,
        uid: DatabaseUid,
        password: &SecretString,
        next: impl FnOnce(&[PasswordDigest], PasswordDigest) -> Result<Vec<PasswordDigest>, ClusterError> + Send + 'static,
        what: &'static str,
    ) -> Result<Arc<Database>, ClusterError> {
        let digest = PasswordDigest::of(password);
        let plan = move |planning: &Planning<'_>, present: &Arc<Database>| {
            let mut database = Database::clone(present);
            database.default_user.password_hashes = next(&present.default_user.password_hashes, digest)?;
            if database == **present {
                return Ok(unchanged(present));
            }
            database.changed_at = planning.now;
            Ok(changed(database, |database| {
                let open = database.default_user.password_hashes.is_empty();
                let left = if open { "; it needs none any more" } else { "" };
                format!("{what} of {}{left}", described(database))
            }))
        };
        self.change_database(permit, uid, Run::Apply, plan).await
    }
}

fn unchanged(database: &Arc<Database>) -> Plan<Arc<Database>> {
    Plan {
        changes: Vec::new(),
        detail: String::new(),
        outcome: Arc::clone(database),
    }
}

/// The same limit as for users.
const MAX_PASSWORDS: usize = 8;
