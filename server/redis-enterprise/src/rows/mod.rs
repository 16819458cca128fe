//! The tables of the cluster: its users, roles, ACLs, certificates, settings and databases.

mod cluster;
mod databases;

use std::path::Path;

use futures_util::future::BoxFuture;
use sqlx::sqlite::{SqliteConnection, SqlitePool};

use certward_redis_model::state::{Change, ClusterIdentity, ClusterState, HighestUids};
use certward_redis_model::token_key::TokenKey;
use certward_redis_model::uid::DatabaseUid;
use certward_store::backup::Tables;
use certward_store::{Changes, Moves, Store, StoreError};

/// A write to the tables.
pub(crate) enum Write<'a> {
    /// The first cluster.
    Fresh { state: &'a ClusterState, key: &'a TokenKey },
    /// Changes to the cluster, whose revision becomes `revision`.
    Changes {
        changes: &'a [Change],
        revision: u64,
        highest: HighestUids,
    },
    /// The data of a deleted database is gone.
    ClearedDatabase(DatabaseUid),
}

impl Changes for Write<'_> {
    fn moves(&self) -> Moves {
        match self {
            Self::Fresh { state, .. } => Moves::Cluster(state.revision()),
            Self::Changes { revision, .. } => Moves::Cluster(*revision),
            Self::ClearedDatabase(_) => Moves::Nothing,
        }
    }

    fn apply<'a>(
        &'a self,
        connection: &'a mut SqliteConnection,
        _revision: i64,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        match self {
            Self::Fresh { state, key } => Box::pin(cluster::create(connection, state, key)),
            Self::Changes {
                changes,
                revision,
                highest,
            } => Box::pin(cluster::apply(connection, changes, *revision, *highest)),
            Self::ClearedDatabase(uid) => Box::pin(databases::forget_deleted(connection, *uid)),
        }
    }
}

/// Returns the cluster, and the key that its tokens are signed with. When there is none yet, a fresh one is made and called
/// `identity`.
///
/// # Errors
///
/// [`StoreError::Damaged`] when something of it is not what was written, [`StoreError::Read`] when reading fails,
/// [`StoreError::Write`] when a fresh one cannot be written.
pub async fn open_cluster(store: &Store, identity: ClusterIdentity) -> Result<(ClusterState, TokenKey), StoreError> {
    if let Some(kept) = cluster::load(store.reader(), store.path()).await? {
        return Ok(kept);
    }
    let (state, key) = (ClusterState::fresh(identity), TokenKey::generate());
    let fresh = Write::Fresh {
        state: &state,
        key: &key,
    };
    store.commit(&fresh, &[]).await?;
    Ok((state, key))
}

/// The databases that were deleted, and whose data may still be on the disk.
///
/// # Errors
///
/// [`StoreError::Read`].
pub async fn deleted_databases(store: &Store) -> Result<Vec<DatabaseUid>, StoreError> {
    let uids: Vec<i64> = sqlx::query_scalar("SELECT uid FROM deleted_databases ORDER BY uid")
        .fetch_all(store.reader())
        .await
        .map_err(StoreError::Read)?;
    let uid = |uid: i64| u32::try_from(uid).ok().and_then(DatabaseUid::new);
    Ok(uids.into_iter().filter_map(uid).collect())
}

/// Notes that the data of a deleted database is gone.
///
/// # Errors
///
/// As [`Store::commit`].
pub async fn forget_deleted_database(store: &Store, uid: DatabaseUid) -> Result<(), StoreError> {
    store.commit(&Write::ClearedDatabase(uid), &[]).await
}

/// The tables, for `store check`.
#[derive(Debug)]
pub struct ClusterTables;

impl Tables for ClusterTables {
    fn faults<'a>(&'a self, pool: &'a SqlitePool, path: &'a Path) -> BoxFuture<'a, Result<Vec<String>, sqlx::Error>> {
        Box::pin(async move {
            let loaded = cluster::load(pool, path).await;
            Ok(loaded.err().iter().map(ToString::to_string).collect())
        })
    }
}

#[cfg(test)]
mod tests;
