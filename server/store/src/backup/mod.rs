//! Backups of the store: one file with a complete copy of the database, a manifest, and optionally the data of Redis
//! databases.

mod archive;
mod changes;
mod check;
mod data;
mod difference;
mod inspect;
mod killed;
mod make;
mod output;
mod pack;
mod place;
mod record;
mod restore;
mod unpack;
mod work;

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use self::check::{Checked, Tables, check};
pub use self::data::{DataForm, DatabaseFiles, OpenData, OpenDataFile, SavedDatabase, SavedFile};
pub use self::difference::{Comparison, Difference};
pub use self::make::{Made, make};
pub use self::restore::{Accepted, Done, Restored, Wanted, restore};
use crate::StoreError;
use crate::store::lock::LockError;
use crate::store::{past, sqlite};
use certward_system::files::FileError;

/// The manifest of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the file format.
    pub format: u32,
    /// The version of the server that made it.
    pub server_version: String,
    /// The version of the tables of the copy.
    pub schema_version: i64,
    /// The identifier of the store.
    pub store_id: String,
    /// The number of the last write in the copy.
    pub generation: i64,
    /// The number of the last change to certificates in the copy.
    pub revision: i64,
    /// The number of the last audit record in the copy.
    pub audit_sequence: i64,
    /// In RFC 3339.
    pub created_at: String,
    /// The number of registered certificates.
    pub certificates: i64,
    /// The number of the cluster's users.
    pub users: i64,
    /// The number of databases.
    pub databases: i64,
    /// Size of the copy, in bytes.
    pub size: u64,
    /// SHA-256 of the copy, in hexadecimal digits.
    pub sha256: String,
    /// The data of the databases, if the backup has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Vec<SavedDatabase>>,
}

/// A backup cannot be made, restored or read.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is nothing to copy or to check.
    #[error("there is no store {}", path.display())]
    NoStore {
        /// The file.
        path: PathBuf,
    },
    /// The file to make exists.
    #[error("{} exists; choose another name, or give --overwrite", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file to overwrite is not a backup.
    #[error("{} is not a backup, and is not overwritten; choose another name, or delete it first", path.display())]
    NotABackup {
        /// The file.
        path: PathBuf,
    },
    /// The path does not name a file.
    #[error("{} does not end with the name of a file", path.display())]
    NoName {
        /// The path.
        path: PathBuf,
    },
    /// Others can change a file or folder.
    #[error(transparent)]
    File(#[from] FileError),
    /// The system refused something.
    #[error("{} could not be {done}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The failed operation, as a participle: `written`.
        done: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// The store refused something.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// SQLite refused something.
    #[error("cannot use the store {}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: sqlx::Error,
    },
    /// The path of the store is refused.
    #[error("the store {} cannot be used", path.display())]
    Path {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The copy is damaged.
    #[error("the copy is not sound, and there is no backup: {findings}")]
    Unsound {
        /// The faults.
        findings: String,
    },
    /// The backup is damaged, or not one for this server.
    #[error("{} is not a backup that can be restored: {detail}; the store is as it was", path.display())]
    NotRestorable {
        /// The backup.
        path: PathBuf,
        /// The fault.
        detail: String,
    },
    /// Files were moved, and are not where they were.
    #[error("the restore failed, and not all files could be moved back to where they were: {left}")]
    NotUndone {
        /// The failure of the restore.
        #[source]
        cause: Box<BackupError>,
        /// The files, with their present and their proper paths.
        left: String,
    },
    /// A server has the store.
    #[error("the store {} is in use; stop the server before a restore", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The thread that did the work has ended.
    #[error("it was interrupted before it was done")]
    Interrupted,
}

impl BackupError {
    /// For `map_err`: an operation on a file failed.
    fn io(path: &Path, done: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, done, source }
    }

    /// For `map_err`: SQLite returned an error.
    fn database(path: &Path) -> impl Fn(sqlx::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Database {
            path: path.clone(),
            source,
        }
    }

    fn lock(error: LockError, path: &Path) -> Self {
        let path = path.to_owned();
        match error {
            LockError::Held => Self::InUse { path },
            LockError::Io(source) => Self::Io {
                path,
                done: "locked",
                source,
            },
        }
    }
}

/// Runs blocking work on a thread of its own.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or(Err(BackupError::Interrupted))
}

/// The path of a store's database, which must exist, without symbolic links.
fn existing(directory: &Path) -> Result<PathBuf, BackupError> {
    let path = directory.join(sqlite::FILE_NAME);
    if past::is_empty(&path) {
        return Err(BackupError::NoStore { path });
    }
    located(directory)
}

/// Returns the path of a store's database, whether it exists or not. The directory is created if it is missing.
fn located(directory: &Path) -> Result<PathBuf, BackupError> {
    let path = directory.join(sqlite::FILE_NAME);
    sqlite::check_paths(directory, &path).map_err(|source| BackupError::Path {
        path: path.clone(),
        source,
    })?;
    sqlite::real_path(directory, &path).map_err(BackupError::io(&path, "found"))
}

#[cfg(test)]
mod restore_tests;
#[cfg(test)]
mod tests;
