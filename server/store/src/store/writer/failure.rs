//! The failures of writes.

use std::io;

use super::SLOW;
use crate::store::files::{FilesError, ROOM};

/// A write was not made or not proved.
#[derive(Debug, thiserror::Error)]
pub enum WriteFailure {
    /// SQLite refused the write.
    #[error("SQLite refused it")]
    Database(#[from] sqlx::Error),
    /// A file of the store is not the opened one.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The lock file cannot be held.
    #[error("the lock file of the store was removed, and another server has made and locked it anew")]
    LockLost,
    /// The content that was read cannot be synchronized to disk.
    #[error("what the store holds cannot be made durable")]
    Durability(#[source] io::Error),
    /// Another program has written, or has emptied the log in a way that does not prove that it holds all acknowledged
    /// changes.
    #[error(
        "another program has written into the store; restart the server, so that it decides by what the store holds now"
    )]
    Foreign,
    /// The commit succeeded, but cannot be read back.
    #[error("what was committed cannot be read back")]
    NotProved,
    /// A program that reads or writes keeps the log from being emptied.
    #[error(
        "another program reads or writes the store, and the outcome of a write can be known only when it has ended"
    )]
    Busy,
    /// The disk may have room for the empty test write, but not for a change.
    #[error("there is no room for {} KiB more beside the store", ROOM / 1024)]
    NoRoom(#[source] io::Error),
    /// The disk is very slow.
    #[error("the disk has not confirmed a write for {} s", SLOW.as_secs())]
    Slow,
}
