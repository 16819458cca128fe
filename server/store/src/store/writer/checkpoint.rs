//! A checkpoint by another program, such as `sqlite3` with `PRAGMA wal_checkpoint(TRUNCATE)`: it moves the log's
//! content into the database, and empties the log. It does not change the content of the store, so the server continues
//! if the log's index proves it: SQLite has emptied the log itself, and no other program has committed anything.

use std::sync::atomic::Ordering;

use super::{WriteFailure, Writer};
use crate::store::lock::LockError;

impl Writer {
    /// Checks that the files are the opened ones, and hold all acknowledged changes. The server itself has committed at
    /// most `own` transactions since the last proof.
    pub(super) fn check_files(&self, own: u32) -> Result<(), WriteFailure> {
        if let Err(error) = self.files.check() {
            let others = self.files.commits_since_proof().is_some_and(|commits| commits > own);
            match error {
                error if !error.is_cut_short() => return Err(error.into()),
                _ if others => return Err(WriteFailure::Foreign),
                _ if self.files.is_emptied_by_checkpoint() => self.accept_checkpoint()?,
                error => return Err(error.into()),
            }
        }
        self.lock.check().map_err(|error| match error {
            LockError::Held => WriteFailure::LockLost,
            LockError::Io(error) => WriteFailure::Durability(error),
        })
    }

    /// Continues after a checkpoint by another program, which may not have synchronized the database.
    pub(super) fn accept_checkpoint(&self) -> Result<(), WriteFailure> {
        if let Err(error) = self.files.sync_database() {
            // The system reports it once: the next attempt would succeed, whatever is on the disk.
            tracing::error!(%error, "another program has emptied the store's log, and what it held may not be on the disk");
            return Err(WriteFailure::Foreign);
        }
        self.files.expect_short_log();
        if !self.has_told_of_checkpoint.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "another program has moved the store's log into the database (a checkpoint); nothing is missing, and the \
                 server goes on; later ones are not logged"
            );
        }
        Ok(())
    }
}
