//! The audit trail: who asked for what, and the outcome.
//!
//! A change is recorded in the transaction that makes it: there is no change without its record. Refusals go through a
//! bounded queue and are written together, so that a flood of them costs the server no more than one write a second;
//! equal ones become one record with a number of occurrences, and what the queue cannot hold is counted, and the count
//! recorded. Those of strangers are recorded at a rate that fills no disk, and counted beyond it. Records hold names and thumbprints, never a secret.

mod file;
mod queue;
mod record;
mod retention;
mod strangers;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

pub use file::move_aside;
pub use record::{Actor, AuditRecord, Outcome};
use tokio::sync::Notify;

use self::file::AuditFile;
use self::queue::RefusalQueue;
use self::retention::Retention;
use crate::Store;
use certward_system::clock::Clock;

/// The audit of one server. Clones write to the same.
#[derive(Debug, Clone)]
pub struct Audit {
    refusals: RefusalQueue,
    /// Wakes the writer of the file; none when no file is wanted.
    appended: Arc<Notify>,
    file: Option<Arc<AuditFile>>,
    clock: Arc<dyn Clock>,
}

impl Audit {
    /// Starts recording into `store`, and, with a `folder`, into `audit.log` there (0600) as well, one JSON object a
    /// line. Call it inside a tokio runtime; the tasks it starts end with the last clone.
    ///
    /// # Errors
    ///
    /// The file cannot be opened, or has records that the store does not have.
    pub async fn start(store: Store, clock: Arc<dyn Clock>, folder: Option<&Path>) -> Result<Self, AuditError> {
        let appended = Arc::new(Notify::new());
        let refusals = RefusalQueue::start(store.clone(), Arc::clone(&clock), Arc::clone(&appended));
        let file = match folder {
            None => None,
            Some(folder) => {
                let folder = folder.to_owned();
                let file = in_background(&folder.clone(), move || AuditFile::open(&folder)).await?;
                file.check_is_not_ahead(&store).await?;
                let file = Arc::new(file);
                Arc::clone(&file).follow(store, &appended);
                Some(file)
            }
        };
        Ok(Self {
            refusals,
            appended,
            file,
            clock,
        })
    }

    /// Starts to delete records from `store` that are older than `days` days, except those that are still to be written
    /// to the file. Call it inside a tokio runtime; the task it starts ends with the last clone.
    pub fn keep_for(&self, days: u32, store: Store) {
        let retention = Retention {
            days,
            store,
            clock: Arc::clone(&self.clock),
            file: self.file.clone(),
        };
        tokio::spawn(retention.run(Arc::downgrade(&self.appended)));
    }

    /// Opens the file again under its name, after somebody has renamed it. Returns `true` when there is a file.
    ///
    /// # Errors
    ///
    /// The file cannot be opened. Records are then still appended to the file that is open.
    pub async fn reopen(&self) -> Result<bool, AuditError> {
        let Some(file) = self.file.clone() else {
            return Ok(false);
        };
        let now = self.clock.now();
        in_background(Path::new("audit.log"), move || file.reopen(now)).await?;
        Ok(true)
    }

    /// Records that `actor` was refused `action` on `target`, and why, each cut where it is longer than a record needs.
    /// Never waits; the record is on the disk about a second later, unless the actor is a stranger and there are too many
    /// of these already.
    pub fn refused(
        &self,
        actor: Actor,
        action: impl Into<Cow<'static, str>>,
        target: impl Into<String>,
        reason: impl Into<Cow<'static, str>>,
    ) {
        self.refusals.push(AuditRecord {
            at: self.clock.now(),
            actor: Actor {
                name: cut(actor.name, MAX_NAME),
                ..actor
            },
            action: action.into(),
            target: cut(target.into(), MAX_NAME),
            outcome: Outcome::Refused(match reason.into() {
                Cow::Owned(reason) => cut(reason, MAX_REASON).into(),
                constant => constant,
            }),
            occurrences: 1,
        });
    }

    /// Waits until every refusal recorded so far is in the store: before the store is closed, and in tests.
    pub async fn flush(&self) {
        self.refusals.flush().await;
    }

    /// The number of refusals since the start that the queue could not hold.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.refusals.dropped()
    }

    /// Wakes the writer of the file after a transaction with new records.
    pub fn committed(&self) {
        self.appended.notify_one();
    }
}

/// Runs `work` on a thread that may wait for the disk.
async fn in_background<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> Result<T, AuditError> + Send + 'static,
) -> Result<T, AuditError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|stopped| {
        Err(AuditError::File {
            path: path.to_owned(),
            source: std::io::Error::other(stopped),
        })
    })
}

/// Cuts a text after `most` characters and marks the omission with `...`.
fn cut(mut text: String, most: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
        text.push_str("...");
    }
    text
}

/// Characters of a name, or of what was asked for. A request's path may be 20,000 long.
const MAX_NAME: usize = 200;
/// Characters of an error's text.
const MAX_REASON: usize = 1000;

/// The audit cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The file cannot be opened for appending.
    #[error("cannot open the audit log {}", path.display())]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The file has records that the store does not have: the store was lost, or is an older copy.
    #[error(
        "the audit log {} ends with record {file}, and the store with record {store}: the store is an older copy or a new \
         one; restore the newest copy of the store, or, to accept what is missing, move the audit log away",
        path.display()
    )]
    Ahead {
        /// The file.
        path: std::path::PathBuf,
        /// The number of its last record.
        file: i64,
        /// The number of the store's.
        store: i64,
    },
    /// The store cannot be read.
    #[error("the audit log cannot be compared with the store")]
    Store(#[source] crate::StoreError),
}

#[cfg(test)]
mod tests;
