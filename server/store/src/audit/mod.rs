//! The audit trail: requests with their actors and outcomes.
//!
//! A change is recorded in its own transaction: there is no change without its record. Refusals go through a bounded
//! queue and are written in batches, so that a flood of them costs the server at most one write per second; equal ones
//! become one record with a number of occurrences, and those beyond the queue are counted, and the count is recorded.
//! Strangers' refusals are recorded at a rate that cannot fill the disk, and counted beyond it. Records hold names and
//! thumbprints, never a secret.

mod file;
mod queue;
mod retention;
mod strangers;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

pub use crate::audit_record::{Actor, AuditRecord, Outcome};
pub use file::move_aside;
use tokio::sync::Notify;

use self::file::AuditFile;
use self::queue::RefusalQueue;
use self::retention::Retention;
use crate::Store;
use certward_system::clock::Clock;

/// The audit of one server. Clones share it.
#[derive(Debug, Clone)]
pub struct Audit {
    refusals: RefusalQueue,
    /// Wakes the writer of the file; none if there is no file.
    appended: Arc<Notify>,
    file: Option<Arc<AuditFile>>,
    clock: Arc<dyn Clock>,
}

impl Audit {
    /// Starts recording into `store`, and, with a `folder`, into `audit.log` there (0600) as well, one JSON object per
    /// line. Call it inside a tokio runtime; its tasks end with the last clone.
    ///
    /// # Errors
    ///
    /// The file cannot be opened, or has records that the store lacks.
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

    /// Starts to delete records from `store` that are older than `days` days, except those that are not in the file
    /// yet. Call it inside a tokio runtime; its task ends with the last clone.
    pub fn keep_for(&self, days: u32, store: Store) {
        let retention = Retention {
            days,
            store,
            clock: Arc::clone(&self.clock),
            file: self.file.clone(),
        };
        tokio::spawn(retention.run(Arc::downgrade(&self.appended)));
    }

    /// Opens the file again under its name, after it was renamed. Returns `true` if there is a file.
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

    /// Records that `actor` was refused `action` on `target`, with the reason; overlong texts are cut. Never waits; the
    /// record is on disk about a second later, unless the actor is a stranger whose budget is used up.
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

    /// Waits until every refusal recorded so far is in the store: call it before closing the store, and in tests.
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

/// Runs blocking `work` on a thread for that.
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

/// Maximum length of a name or a target, in characters. A request's path may have 20,000.
const MAX_NAME: usize = 200;
/// Maximum length of an error's text, in characters.
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
    /// The file has records that the store lacks: the store was lost, or is an older copy.
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
        /// The number of the store's last record.
        store: i64,
    },
    /// The store cannot be read.
    #[error("the audit log cannot be compared with the store")]
    Store(#[source] crate::StoreError),
}

#[cfg(test)]
mod tests;
