//! The cluster, as its databases see it: who may come in, and as whom.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use tokio::sync::watch;

use certward_redis_model::state::ClusterState;
use certward_redis_model::uid::DatabaseUid;
use certward_redis_model::user::User;
use certward_store::StoreError;

/// The cluster, as its databases see it.
pub trait ClusterView: fmt::Debug + Send + Sync {
    /// The cluster at this moment. Keep it no longer than a decision.
    fn state(&self) -> Arc<ClusterState>;

    /// The revision of the last change, without the state that belongs to it.
    fn revision(&self) -> u64;

    /// The revision of each later change.
    fn changes(&self) -> watch::Receiver<u64>;

    /// The user of this name, if the password is the user's and has not expired, for a client at `address`.
    fn user_by_password<'a>(
        &'a self,
        name: &'a str,
        password: &'a SecretString,
        address: IpAddr,
    ) -> BoxFuture<'a, Result<Arc<User>, PasswordRefusal>>;

    /// The deleted databases whose data may still be on the disk.
    fn deleted_databases(&self) -> BoxFuture<'_, Result<Vec<DatabaseUid>, StoreError>>;

    /// Records that the data of a deleted database is gone.
    fn forget_deleted_database(&self, uid: DatabaseUid) -> BoxFuture<'_, Result<(), StoreError>>;
}

/// A name and a password admit nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefusal {
    /// No user has this name and this password.
    #[error("the name or the password is wrong")]
    Wrong,
    /// The user is locked. Clients are answered as for [`Self::Wrong`].
    #[error("the user is locked after too many wrong passwords")]
    Locked,
    /// The password is right and has expired.
    #[error("the password has expired")]
    Expired,
    /// The queue for password hashing is full: retry.
    #[error("the password was not checked: more passwords are being checked than the server takes on at once")]
    Busy,
}

impl PasswordRefusal {
    /// Label for logs, metrics and audit records.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Wrong => "wrong_password",
            Self::Locked => "locked",
            Self::Expired => "password_expired",
            Self::Busy => "busy",
        }
    }
}
