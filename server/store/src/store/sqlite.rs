//! SQLite: creates and opens the database file, and classifies errors.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteLockingMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _};
use uuid::Uuid;

use super::StoreError;
use super::files::{StoreFiles, with_suffix};
use super::lock::{self, LockError, StoreLock};
use super::mark::{self, Mark, MarkFile};
use super::migrations::MIGRATIONS;
use super::past::{is_empty, refuse_lost, refuse_older};
use super::position;
use super::writer::{Writer, WriterParts};
use certward_system::files::{TrustedDirectory, check_entry};

/// An opened store.
pub(crate) struct Opened {
    pub(crate) writer: Writer,
    /// Connections for reads.
    pub(crate) pool: SqlitePool,
    pub(crate) path: PathBuf,
    /// True if a mark proves that this is the newest state of the store.
    pub(crate) is_vouched_for: bool,
}

/// Opens or creates the database `certward.db` in `directory`, and migrates its schema.
///
/// A lock file keeps other servers away, regardless of the path they use. SQLite itself holds locks only during a
/// statement, so that its own tools can read and copy the store while the server runs.
pub(crate) async fn open(directory: &Path) -> Result<Opened, StoreError> {
    let path = directory.join(FILE_NAME);
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| StoreError::Open {
        path: path.clone(),
        source,
    };
    check_paths(directory, &path).map_err(failed)?;
    let database = real_path(directory, &path).map_err(|error| failed(error.into()))?;
    let lock = StoreLock::take(database.with_file_name(lock::FILE_NAME))
        .await
        .map_err(|error| match error {
            LockError::Held => StoreError::InUse { path: path.clone() },
            LockError::Io(error) => failed(error.into()),
        })?;
    let mark_file = MarkFile::new(database.with_file_name(mark::FILE_NAME));
    let mark = mark_file.read().map_err(|error| failed(error.into()))?;
    if is_empty(&database) {
        refuse_lost(&path, &database, &mark_file, mark.as_ref())?;
    }
    make_file(&database).map_err(|error| failed(error.into()))?;

    let options = options(&database);
    let mut connection = options.connect().await.map_err(|error| explain(error, &path))?;
    prepare(&mut connection, (&path, mark_file.path()), mark.as_ref()).await?;
    connection.close().await.map_err(|error| explain(error, &path))?;
    // The store was read by the connection that has brought it up to date; what counts is what another one sees.
    let mut prover = options.connect().await.map_err(|error| explain(error, &path))?;
    let stands = position::read(&mut prover)
        .await
        .map_err(|error| explain(error, &path))?;
    let pool = SqlitePoolOptions::new()
        .min_connections(1)
        .max_connections(2)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(options.clone().pragma("query_only", "ON"))
        .await
        .map_err(|error| explain(error, &path))?;
    let files = StoreFiles::opened(&path, &database).map_err(|error| failed(error.into()))?;
    let writer = Writer::new(WriterParts {
        prover,
        options,
        store_id: stands.store_id,
        stands: stands.position,
        files,
        lock,
        mark: mark_file,
    });
    Ok(Opened {
        writer,
        pool,
        path,
        is_vouched_for: mark.is_some(),
    })
}

pub(crate) fn options(database: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(database)
        .create_if_missing(false)
        .busy_timeout(BUSY_TIMEOUT)
        // Rows come from a thread of their own; handing over many at once is what makes loading fast.
        .row_buffer_size(ROWS_AT_ONCE)
        .locking_mode(SqliteLockingMode::Normal)
        .journal_mode(SqliteJournalMode::Wal)
        // Without FULL, a commit that was answered can be lost with the power.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
}

/// Checks the content of the file, migrates its tables, and names the store if it has no name.
async fn prepare(
    connection: &mut SqliteConnection,
    (path, mark_path): (&Path, &Path),
    mark: Option<&Mark>,
) -> Result<(), StoreError> {
    // Waits for no other program; a server from before has locked the file for good.
    for statement in ["BEGIN IMMEDIATE", "COMMIT"] {
        sqlx::query(statement)
            .execute(&mut *connection)
            .await
            .map_err(|error| explain(error, path))?;
    }
    let damaged = |detail| StoreError::Damaged {
        path: path.to_owned(),
        detail,
    };
    if let Some(problem) = sqlx::query_scalar::<_, String>("PRAGMA quick_check(1)")
        .fetch_optional(&mut *connection)
        .await
        .map_err(|error| explain(error, path))?
        .filter(|answer| answer != "ok")
    {
        return Err(damaged(problem));
    }
    if let Some(mark) = mark {
        refuse_older(connection, (path, mark_path), mark).await?;
    }
    MIGRATIONS
        .run_direct(None, &mut *connection, false)
        .await
        .map_err(|error| explain_migration(error, path))?;
    sqlx::query("UPDATE store_state SET store_id = $1 WHERE store_id = ''")
        .bind(Uuid::new_v4().simple().to_string())
        .execute(&mut *connection)
        .await
        .map_err(|error| explain(error, path))?;
    let (newest, last): (i64, i64) = sqlx::query_as(
        "SELECT COALESCE((SELECT max(sequence) FROM audit_records), 0), audit_sequence FROM store_state WHERE id = 1",
    )
    .fetch_one(connection)
    .await
    .map_err(|error| explain(error, path))?;
    if newest != last {
        return Err(damaged(format!(
            "its newest audit record is {newest}, and should be {last}: its parts are of different times"
        )));
    }
    Ok(())
}

/// Refuses a directory or file that other users can change: they could register a certificate through it.
pub(crate) fn check_paths(directory: &Path, path: &Path) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    TrustedDirectory::make(directory)?;
    for suffix in FILE_SUFFIXES {
        check_entry(&with_suffix(path, suffix))?;
    }
    Ok(())
}

/// Returns the path of the database without symbolic links, whether it exists or not. SQLite's other files are in the
/// same directory.
pub(crate) fn real_path(directory: &Path, path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(fs::canonicalize(directory)?.join(FILE_NAME)),
        found => found,
    }
}

/// Creates the file before SQLite does, so that it, and the log that SQLite creates with the same mode, can never be
/// read by other users, whatever the umask.
pub(crate) fn make_file(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => {
            file.sync_all()?;
            // The new name must survive a power cut as well.
            match path.parent() {
                Some(directory) => File::open(directory)?.sync_all(),
                None => Ok(()),
            }
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::set_permissions(path, Permissions::from_mode(0o600))
        }
        Err(error) => Err(error),
    }
}

/// The schema version to which this server migrates a store.
pub(crate) fn newest_schema() -> i64 {
    MIGRATIONS
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or_default()
}

/// Classifies SQLite's errors.
pub(crate) fn explain(error: sqlx::Error, path: &Path) -> StoreError {
    let path = path.to_owned();
    // The lower byte of an extended result code is the primary one.
    match extended_code(&error).map(|code| code & 0xff) {
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

/// Returns `true` for errors that mean that the disk cannot be written.
pub(crate) fn is_failure_to_write(error: &sqlx::Error) -> bool {
    extended_code(error).is_some_and(|code| code & 0xff == SQLITE_FULL || FAILURES_TO_WRITE.contains(&code))
}

/// The result code of SQLite (sqlite.org/rescode.html).
fn extended_code(error: &sqlx::Error) -> Option<u32> {
    error.as_database_error()?.code()?.parse().ok()
}

fn explain_migration(error: MigrateError, path: &Path) -> StoreError {
    match error {
        MigrateError::VersionMissing(found) | MigrateError::VersionTooNew(found, _) => StoreError::NewerSchema {
            path: path.to_owned(),
            found,
        },
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => match explain(error, path) {
            StoreError::Open { path, source } => StoreError::Migration { path, source },
            known => known,
        },
        other => StoreError::Damaged {
            path: path.to_owned(),
            detail: other.to_string(),
        },
    }
}

pub(crate) const FILE_NAME: &str = "certward.db";
/// The database, its write-ahead log, that log's index, and a rollback journal (sqlite.org/tempfiles.html).
pub(crate) const FILE_SUFFIXES: [&str; 4] = ["", "-wal", "-shm", "-journal"];
/// Time to wait for another program that writes, such as SQLite's own tool.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// A read that waits this long for a connection has failed.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
const ROWS_AT_ONCE: usize = 1024;
const SQLITE_BUSY: u32 = 5;
const SQLITE_LOCKED: u32 = 6;
const SQLITE_CORRUPT: u32 = 11;
const SQLITE_FULL: u32 = 13;
const SQLITE_NOTADB: u32 = 26;
/// `SQLITE_IOERR_WRITE`, `SQLITE_IOERR_FSYNC` and `SQLITE_IOERR_TRUNCATE`.
const FAILURES_TO_WRITE: [u32; 3] = [778, 1034, 1546];
