//! The errors of the store.

use std::path::PathBuf;
use std::sync::Arc;

use super::writer::WriteFailure;

/// The store cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process uses the file.
    #[error("the store {} is in use by another process; a store serves one server at a time", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is not a database, or it is damaged.
    #[error("the store {} is damaged: {detail}; restore it from a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The damage.
        detail: String,
    },
    /// A newer version of Certward has written the file.
    #[error("the store {} has schema version {found}, which is newer than this server's; run the newer server", path.display())]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// The version of the file.
        found: i64,
    },
    /// The store is missing or empty, and there is evidence that one existed.
    #[error(
        "the store {} is missing or empty, but {evidence}; restore a backup of the store, or, to begin with an empty one, \
         {way_on}",
        path.display()
    )]
    Lost {
        /// The file.
        path: PathBuf,
        /// The evidence of an earlier store.
        evidence: String,
        /// The way to start with an empty store nevertheless.
        way_on: String,
    },
    /// The store is not the one that was here, or an older copy of it.
    #[error("the store {} {found}; restore the newest copy, or, to accept what is missing, {way_on}", path.display())]
    WentBack {
        /// The file.
        path: PathBuf,
        /// The difference.
        found: String,
        /// The way to accept it.
        way_on: String,
    },
    /// The file or its directory cannot be created or opened.
    #[error("cannot open the store {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The tables of an older version cannot be migrated.
    #[error(
        "cannot bring the tables of the store {} up to date; what is in it is as it was, and the server can be started again \
         when the cause is gone",
        path.display()
    )]
    Migration {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A read failed.
    #[error("cannot read from the store")]
    Read(#[source] sqlx::Error),
    /// A write failed, without any effect on the store.
    #[error("cannot write to the store")]
    Write(#[source] WriteFailure),
    /// Writes are refused, and this one was not attempted.
    #[error("the store cannot be written at present: {reason}")]
    Unavailable {
        /// The reason why writes are refused or their outcome is unknown.
        reason: Arc<str>,
    },
    /// A write was attempted, and its outcome is unknown.
    #[error(
        "it is not known yet whether the change was recorded: {reason}; the server goes on finding out, look at the result \
         before trying again"
    )]
    OutcomeUnknown {
        /// The reason why writes are refused or their outcome is unknown.
        reason: Arc<str>,
    },
    /// The writing task ended before it reported the outcome, because the server is shutting down.
    #[error("the server stopped before the store confirmed the change")]
    Interrupted,
}

impl StoreError {
    /// Returns `true` unless the store has logged the cause itself, once: that it refuses writes.
    #[must_use]
    pub fn is_news(&self) -> bool {
        !matches!(self, Self::Unavailable { .. })
    }
}
