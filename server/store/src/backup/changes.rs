//! Adapts the copy in a backup so that it can succeed the present store.

use std::collections::BTreeMap;
use std::path::Path;

use futures_util::TryStreamExt as _;
use sha2::{Digest as _, Sha256};
use sqlx::sqlite::{SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};

use super::difference::Deletion;
use super::{BackupError, inspect};
use crate::audit::AuditRecord;
use crate::store::mark::Mark;
use crate::store::{position, records};

/// Numbers of the present store that must not be reused.
#[derive(Debug, Default)]
pub(super) struct Present {
    /// None if there is no present store, or it cannot be read.
    pub(super) store_id: Option<String>,
    pub(super) generation: i64,
    pub(super) revision: i64,
    /// The cluster's revision, and the highest numbers of users, roles, Redis ACLs and databases.
    pub(super) cluster: [i64; 5],
    /// Certificates that were deleted before they expired: fingerprint and end of validity.
    pub(super) deleted: Vec<(Vec<u8>, i64)>,
}

impl Present {
    pub(super) async fn read(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let reading = position::read(connection).await?;
        let stands = reading.position;
        let cluster: Option<(i64, i64, i64, i64, i64)> = sqlx::query_as(
            "SELECT revision, highest_user, highest_role, highest_redis_acl, highest_database FROM cluster_state",
        )
        .fetch_optional(&mut *connection)
        .await?;
        let deleted = sqlx::query_as("SELECT fingerprint, not_after FROM deleted_certificates")
            .fetch_all(connection)
            .await?;
        Ok(Self {
            store_id: Some(reading.store_id),
            generation: stands.generation,
            revision: stands.revision,
            cluster: cluster.map_or([0; 5], |(revision, user, role, acl, database)| {
                [revision, user, role, acl, database]
            }),
            deleted,
        })
    }
}

/// Deletes the entries that have to stay deleted, raises the copy's numbers above those of the present store, and
/// appends the audit record of the restore. Returns the matching mark.
///
/// All tokens are revoked: one that a change of a password had revoked would otherwise be valid again. The records of
/// deleted databases with data to delete are dropped, as at a start without a mark: the data may belong to another
/// database by now.
pub(super) async fn apply<'d>(
    copy: &Path,
    present: &Present,
    deletions: impl Iterator<Item = &'d Deletion>,
    restore: AuditRecord,
) -> Result<Mark, BackupError> {
    let failed = BackupError::database(copy);
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(copy)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Delete)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .connect()
        .await
        .map_err(&failed)?;
    let changed = change(&mut connection, present, deletions, restore).await;
    let closed = connection.close().await;
    let mark = changed.map_err(&failed)?;
    closed.map_err(&failed)?;
    // What was changed here must be as sound as what was unpacked.
    match inspect::check_copy(copy).await? {
        Ok(_) => Ok(mark),
        Err(findings) => Err(BackupError::Unsound { findings }),
    }
}

async fn change<'d>(
    connection: &mut SqliteConnection,
    present: &Present,
    deletions: impl Iterator<Item = &'d Deletion>,
    restore: AuditRecord,
) -> Result<Mark, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    for deletion in deletions {
        delete(&mut transaction, deletion).await?;
    }
    remember_deleted(&mut transaction, present).await?;
    let sequence = sqlx::query_scalar(
        "UPDATE store_state SET generation = max(generation, $1) + 1, revision = max(revision, $2) + 1, \
         audit_sequence = audit_sequence + 1 RETURNING audit_sequence",
    )
    .bind(present.generation)
    .bind(present.revision)
    .fetch_one(&mut *transaction)
    .await?;
    records::append(&mut transaction, &[restore], sequence).await?;
    let [revision, user, role, redis_acl, database] = present.cluster;
    sqlx::query(
        "UPDATE cluster_state SET revision = max(revision, $1) + 1, highest_user = max(highest_user, $2), \
         highest_role = max(highest_role, $3), highest_redis_acl = max(highest_redis_acl, $4), \
         highest_database = max(highest_database, $5)",
    )
    .bind(revision)
    .bind(user)
    .bind(role)
    .bind(redis_acl)
    .bind(database)
    .execute(&mut *transaction)
    .await?;
    for statement in [
        "UPDATE cluster_users SET credentials_revision = (SELECT revision FROM cluster_state)",
        "DELETE FROM deleted_databases",
    ] {
        sqlx::query(statement).execute(&mut *transaction).await?;
    }
    let (store_id, generation, audit_sequence) =
        sqlx::query_as("SELECT store_id, generation, audit_sequence FROM store_state")
            .fetch_one(&mut *transaction)
            .await?;
    transaction.commit().await?;
    Ok(Mark {
        store_id,
        generation,
        audit_sequence,
    })
}

async fn delete(connection: &mut SqliteConnection, deletion: &Deletion) -> Result<(), sqlx::Error> {
    match deletion {
        Deletion::Certificate(thumbprint) => {
            sqlx::query("DELETE FROM certificates WHERE thumbprint = unhex($1)")
                .bind(thumbprint)
                .execute(connection)
                .await?;
        }
        Deletion::User(uid) => {
            sqlx::query("DELETE FROM cluster_users WHERE uid = CAST($1 AS INTEGER)")
                .bind(uid)
                .execute(connection)
                .await?;
        }
    }
    Ok(())
}

/// Copies the list of deleted certificates, except for those that the backup restores.
async fn remember_deleted(connection: &mut SqliteConnection, present: &Present) -> Result<(), sqlx::Error> {
    let mut deleted: BTreeMap<&[u8], i64> = present
        .deleted
        .iter()
        .map(|(fingerprint, not_after)| (&**fingerprint, *not_after))
        .collect();
    if !deleted.is_empty() {
        // One at a time: there may be more certificates than memory.
        let mut registered = sqlx::query_scalar::<_, Vec<u8>>("SELECT der FROM certificates").fetch(&mut *connection);
        while let Some(der) = registered.try_next().await? {
            deleted.remove(Sha256::digest(&der).as_slice());
        }
    }
    for (fingerprint, not_after) in deleted {
        sqlx::query("INSERT INTO deleted_certificates (fingerprint, not_after) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(fingerprint)
            .bind(not_after)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
