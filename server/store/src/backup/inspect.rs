//! Inspects a database file: its integrity and its position.

use std::num::NonZeroU32;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use super::BackupError;
use crate::store::position::{self, Position};
use crate::store::sqlite::BUSY_TIMEOUT;

/// The position and size of a database.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) schema: i64,
    pub(super) store_id: String,
    pub(super) position: Position,
    pub(super) certificates: i64,
    pub(super) users: i64,
    pub(super) databases: i64,
}

/// Opens a database beside its server, read-only: the server treats any other writer as a fault.
pub(super) fn read_only(database: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(database)
        .create_if_missing(false)
        .read_only(true)
        .busy_timeout(BUSY_TIMEOUT)
}

/// Checks a finished copy that no other process has open, and leaves no file beside it.
pub(super) async fn check_copy(copy: &Path) -> Result<Result<Facts, String>, BackupError> {
    let failed = BackupError::database(copy);
    let mut connection = read_only(copy).immutable(true).connect().await.map_err(&failed)?;
    let checked = match findings(&mut connection).await {
        Ok(findings) if findings.is_empty() => facts(&mut connection).await.map_err(|error| error.to_string()),
        Ok(findings) => Err(findings.join("; ")),
        // What is no database at all fails here.
        Err(error) => Err(error.to_string()),
    };
    connection.close().await.map_err(&failed)?;
    Ok(checked)
}

/// Returns the faults that SQLite finds in a database.
pub(super) async fn findings(connection: &mut SqliteConnection) -> Result<Vec<String>, sqlx::Error> {
    let mut findings: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check(20)")
        .fetch_all(&mut *connection)
        .await?;
    findings.retain(|finding| finding != "ok");
    let broken: Vec<(String, Option<i64>, String)> =
        sqlx::query_as("SELECT \"table\", rowid, parent FROM pragma_foreign_key_check LIMIT 20")
            .fetch_all(connection)
            .await?;
    findings.extend(broken.into_iter().map(|(table, row, parent)| {
        let row = row.map_or_else(String::new, |row| format!(", row {row}"));
        format!("{table}{row} refers to what {parent} does not have")
    }));
    Ok(findings)
}

/// The schema version of a database.
pub(super) async fn schema(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT COALESCE(max(version), 0) FROM _sqlx_migrations WHERE success")
        .fetch_one(connection)
        .await
}

/// Reads the position of a database.
pub(super) async fn facts(connection: &mut SqliteConnection) -> Result<Facts, sqlx::Error> {
    let schema = schema(connection).await?;
    let reading = position::read(connection).await?;
    let (certificates, users, databases) = sqlx::query_as(
        "SELECT (SELECT COUNT(*) FROM certificates), (SELECT COUNT(*) FROM cluster_users), \
         (SELECT COUNT(*) FROM cluster_databases)",
    )
    .fetch_one(connection)
    .await?;
    Ok(Facts {
        schema,
        store_id: reading.store_id,
        position: reading.position,
        certificates,
        users,
        databases,
    })
}

/// The databases in a finished copy, with their names.
pub(super) async fn databases(copy: &Path) -> Result<Vec<(NonZeroU32, String)>, BackupError> {
    let failed = BackupError::database(copy);
    let mut connection = read_only(copy).immutable(true).connect().await.map_err(&failed)?;
    let rows: Vec<(u32, String)> = sqlx::query_as("SELECT uid, name FROM cluster_databases ORDER BY uid")
        .fetch_all(&mut connection)
        .await
        .map_err(&failed)?;
    connection.close().await.map_err(&failed)?;
    let known = rows
        .into_iter()
        .filter_map(|(uid, name)| Some((NonZeroU32::new(uid)?, name)));
    Ok(known.collect())
}
