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

pub(crate) use self::check::check;
pub(crate) use self::data::{DataForm, DatabaseFiles, OpenData, OpenDataFile, SavedDatabase};
pub(crate) use self::difference::Comparison;
pub(crate) use self::make::{Made, make};
pub(crate) use self::restore::{Accepted, Done, Restored, Wanted, restore};
use super::lock::LockError;
use super::{StoreError, past, sqlite};
use crate::files::FileError;

/// The manifest of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The version of the file format.
    pub(crate) format: u32,
    pub(crate) server_version: String,
    pub(crate) schema_version: i64,
    pub(crate) store_id: String,
    /// The number of the last write in the copy.
    pub(crate) generation: i64,
    pub(crate) revision: i64,
    /// The number of the last audit record in the copy.
    pub(crate) audit_sequence: i64,
    /// In RFC 3339.
    pub(crate) created_at: String,
    pub(crate) certificates: i64,
    pub(crate) users: i64,
    pub(crate) databases: i64,
    /// Size of the copy, in bytes.
    pub(crate) size: u64,
    /// SHA-256 of the copy, in hexadecimal digits.
    pub(crate) sha256: String,
    /// The data of the databases, if the backup has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<Vec<SavedDatabase>>,
}

/// A backup cannot be made, restored or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackupError {
    #[error("there is no store {}", path.display())]
    NoStore { path: PathBuf },
    #[error("{} exists; choose another name, or give --overwrite", path.display())]
    Exists { path: PathBuf },
    #[error("{} is not a backup, and is not overwritten; choose another name, or delete it first", path.display())]
    NotABackup { path: PathBuf },
    #[error("{} does not end with the name of a file", path.display())]
    NoName { path: PathBuf },
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{} could not be {done}", path.display())]
    Io {
        path: PathBuf,
        /// The failed operation, as a participle: `written`.
        done: &'static str,
        source: io::Error,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot use the store {}", path.display())]
    Database { path: PathBuf, source: sqlx::Error },
    #[error("the store {} cannot be used", path.display())]
    Path {
        path: PathBuf,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("the copy is not sound, and there is no backup: {findings}")]
    Unsound { findings: String },
    #[error("{} is not a backup that can be restored: {detail}; the store is as it was", path.display())]
    NotRestorable { path: PathBuf, detail: String },
    #[error("the restore failed, and not all files could be moved back to where they were: {left}")]
    NotUndone {
        #[source]
        cause: Box<BackupError>,
        /// The files, with their present and their proper paths.
        left: String,
    },
    #[error("the store {} is in use; stop the server before a restore", path.display())]
    InUse { path: PathBuf },
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
mod data_tests;
#[cfg(test)]
mod restore_tests;
#[cfg(test)]
mod tests;
