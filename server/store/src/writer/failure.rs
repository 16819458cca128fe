//! The failures of writes.

use std::io;

use super::SLOW;
use crate::files::{FilesError, ROOM};

/// The reason that a write was not made or not proved.
#[derive(Debug, thiserror::Error)]
pub enum WriteFailure {
    /// SQLite refused the write.
    #[error("SQLite refused it")]
    Database(#[from] sqlx::Error),
    /// A file of the store is not the one that was opened.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The lock file cannot be held.
    #[error("the lock file of the store was removed, and another server has made and locked it anew")]
    LockLost,
    /// The content that was read cannot be made durable.
    #[error("what the store holds cannot be made durable")]
    Durability(#[source] io::Error),
    /// A program other than this server has written, or has emptied the log in a way that does not prove that it holds what
    /// was acknowledged.
    #[error(
        "another program has written into the store; restart the server, so that it decides by what the store holds now"
    )]
    Foreign,
    /// The commit was reported, but cannot be read back.
    #[error("what was committed cannot be read back")]
    NotProved,
    /// A program that reads or writes keeps the log from being emptied.
    #[error(
        "another program reads or writes the store, and the outcome of a write can be known only when it has ended"
    )]
    Busy,
    /// The empty write that shows that the store can be written may fit where a change does not.
    #[error("there is no room for {} KiB more beside the store", ROOM / 1024)]
    NoRoom(#[source] io::Error),
    /// The disk takes very long.
    #[error("the disk has not confirmed a write for {} s", SLOW.as_secs())]
    Slow,
}
