//! What can go wrong with the store.

use std::path::PathBuf;

/// The store cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the file.
    #[error("the store {} is in use by another process; a store serves one server at a time", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is no database, or a damaged one.
    #[error("the store {} is damaged: {detail}; restore it from a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// A newer Certward has written the file.
    #[error("the store {} has schema version {found}, which is newer than this server's; run the newer server", path.display())]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: i64,
    },
    /// The file or its directory cannot be made or opened.
    #[error("cannot open the store {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A read failed.
    #[error("cannot read from the store")]
    Read(#[source] sqlx::Error),
    /// A write failed; nothing of it is in the store.
    #[error("cannot write to the store")]
    Write(#[source] sqlx::Error),
    /// The task that wrote has ended before it told the outcome, because the server is shutting down.
    #[error("the server stopped before the store confirmed the change")]
    Interrupted,
}
