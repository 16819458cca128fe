//! What is SQLite's own: making the file, keeping others away from it, and telling its errors apart.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::StoreError;
use crate::files::{TrustedDirectory, check_entry};

/// Opens or makes the database `certward.db` in `directory`, and brings its schema up to date.
///
/// There is one connection, because SQLite has one writer and every read of a request is served from memory. It holds
/// the file exclusively, so that a second process is refused by the database itself, through whatever path it came.
pub(super) async fn open(directory: &Path) -> Result<(SqlitePool, PathBuf), StoreError> {
    let path = directory.join(FILE_NAME);
    prepare_file(directory, &path).map_err(|error| StoreError::Open {
        path: path.clone(),
        source: error,
    })?;
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(false)
        .busy_timeout(BUSY_TIMEOUT)
        // Rows come from a thread of their own; handing over many at once is what makes loading fast.
        .row_buffer_size(ROWS_AT_ONCE)
        .locking_mode(SqliteLockingMode::Exclusive)
        .journal_mode(SqliteJournalMode::Wal)
        // Without FULL, a commit that was answered can be lost with the power.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true);
    let pool = SqlitePoolOptions::new()
        .min_connections(1)
        .max_connections(1)
        // The lock lives as long as the connection.
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(options)
        .await
        .map_err(|error| explain(error, &path))?;
    // A write transaction takes the exclusive lock now and not at the first change.
    sqlx::query("BEGIN EXCLUSIVE")
        .execute(&pool)
        .await
        .map_err(|error| explain(error, &path))?;
    sqlx::query("COMMIT")
        .execute(&pool)
        .await
        .map_err(|error| explain(error, &path))?;
    if let Some(problem) = sqlx::query_scalar::<_, String>("PRAGMA quick_check(1)")
        .fetch_optional(&pool)
        .await
        .map_err(|error| explain(error, &path))?
        .filter(|answer| answer != "ok")
    {
        return Err(StoreError::Damaged { path, detail: problem });
    }
    MIGRATIONS
        .run(&pool)
        .await
        .map_err(|error| explain_migration(error, &path))?;
    Ok((pool, path))
}

/// Makes the file before SQLite does, so that it, and the log SQLite makes beside it with the same mode, are never
/// readable by others, whatever the umask. A directory or file that others can change is refused: they could register
/// a certificate by it.
fn prepare_file(directory: &Path, path: &Path) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    TrustedDirectory::make(directory)?;
    for suffix in FILE_SUFFIXES {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        check_entry(Path::new(&name))?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => {
            file.sync_all()?;
            // The new name must survive a power cut as well.
            File::open(directory)?.sync_all()?;
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::set_permissions(path, Permissions::from_mode(0o600))?;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

fn explain(error: sqlx::Error, path: &Path) -> StoreError {
    let path = path.to_owned();
    let code = error
        .as_database_error()
        .and_then(|error| error.code())
        .and_then(|code| code.parse::<u32>().ok());
    // The lower octet of an extended result code is the primary one.
    match code.map(|code| code & 0xff) {
        Some(SQLITE_BUSY | SQLITE_LOCKED) => StoreError::InUse { path },
        Some(SQLITE_CORRUPT | SQLITE_NOTADB) => StoreError::Damaged {
            path,
            detail: error.to_string(),
        },
        _ => StoreError::Open {
            path,
            source: error.into(),
        },
    }
}

fn explain_migration(error: MigrateError, path: &Path) -> StoreError {
    match error {
        MigrateError::VersionMissing(found) | MigrateError::VersionTooNew(found, _) => StoreError::NewerSchema {
            path: path.to_owned(),
            found,
        },
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => explain(error, path),
        other => StoreError::Damaged {
            path: path.to_owned(),
            detail: other.to_string(),
        },
    }
}

const FILE_NAME: &str = "certward.db";
/// The database, its write-ahead log, that log's index, and a rollback journal (sqlite.org/tempfiles.html).
const FILE_SUFFIXES: [&str; 4] = ["", "-wal", "-shm", "-journal"];
/// A store in use stays in use for as long as the other server runs; waiting helps only across a quick restart.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// A write that waits this long for its turn is answered as failed.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
const ROWS_AT_ONCE: usize = 1024;
static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");
const SQLITE_BUSY: u32 = 5;
const SQLITE_LOCKED: u32 = 6;
const SQLITE_CORRUPT: u32 = 11;
const SQLITE_NOTADB: u32 = 26;
