//! One database: its file, its writer, and its health.

mod error;
pub(crate) mod files;
mod health;
mod index;
mod keeper;
pub(crate) mod lock;
pub(crate) mod mark;
mod migrations;
pub(crate) mod past;
pub(crate) mod position;
pub(crate) mod records;
mod retention;
pub(crate) mod sqlite;
mod write;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::SqlitePool;
use tokio::sync::{Mutex, MutexGuard, watch};
use tokio::task::JoinHandle;

pub use error::StoreError;
pub use files::FilesError;
pub use health::StoreHealth;
pub use write::{Changes, Moves};
pub use writer::WriteFailure;

use self::write::{Content, Write};
use self::writer::Writer;
use crate::audit_record::AuditRecord;

/// The store of one server.
#[derive(Debug, Clone)]
pub struct Store {
    pool: SqlitePool,
    writer: Arc<Writer>,
    path: Arc<PathBuf>,
}

impl Store {
    /// Opens the embedded store in `directory`; creates the directory (0700) and the file (0600) if they do not exist.
    /// Call it inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`StoreError::InUse`] if another process uses it, [`StoreError::Damaged`] if the file is not a valid database,
    /// [`StoreError::NewerSchema`] if a newer version has written it, [`StoreError::Lost`] and [`StoreError::WentBack`]
    /// if the directory shows that there was a newer store, [`StoreError::Migration`] if its tables cannot be migrated,
    /// [`StoreError::Open`] otherwise.
    pub async fn open(directory: &Path) -> Result<Self, StoreError> {
        let opened = sqlite::open(directory).await?;
        let store = Self {
            pool: opened.pool,
            writer: Arc::new(opened.writer),
            path: Arc::new(opened.path),
        };
        // Without a mark, the store may be an older copy, and the number of a deleted database be another one's since.
        let first = if opened.is_vouched_for {
            Write::PROBE
        } else {
            Write {
                content: Content::NoDeletedDatabases,
                records: &[],
            }
        };
        // A store that cannot be written is told now and not at the first change.
        let proof = tokio::select! {
            biased;
            proof = store.writer.write(&first) => proof,
            reason = store.writer.health.refusing() => Err(StoreError::Unavailable { reason }),
        };
        if let Err(error) = proof {
            store.close().await;
            return Err(StoreError::Open {
                path: PathBuf::clone(&store.path),
                source: error.into(),
            });
        }
        keeper::start(&store.writer);
        Ok(store)
    }

    /// The path of the database.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The connections that read: for a product's tables.
    #[must_use]
    pub fn reader(&self) -> &SqlitePool {
        &self.pool
    }

    /// Makes the changes of a product, and records them: all of it or nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`]; the store is then as before.
    pub async fn commit(&self, changes: &dyn Changes, records: &[AuditRecord]) -> Result<(), StoreError> {
        let content = Content::Product(changes);
        self.write(Write { content, records }).await
    }

    /// Records decisions without changes.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`].
    pub async fn record(&self, records: &[AuditRecord]) -> Result<(), StoreError> {
        let content = Content::Nothing;
        self.write(Write { content, records }).await
    }

    async fn write(&self, write: Write<'_>) -> Result<(), StoreError> {
        let start = Instant::now();
        let outcome = self.writer.write(&write).await;
        metrics::histogram!(certward_system::telemetry::STORE_COMMIT_DURATION).record(start.elapsed());
        outcome
    }

    /// Returns `true` when `directory` has no store or an empty one.
    #[must_use]
    pub fn is_missing(directory: &Path) -> bool {
        past::is_missing(directory)
    }

    /// The number of the newest audit record.
    pub(crate) async fn audit_sequence(&self) -> Result<i64, StoreError> {
        sqlx::query_scalar("SELECT audit_sequence FROM store_state WHERE id = 1")
            .fetch_one(&self.pool)
            .await
            .map_err(StoreError::Read)
    }

    /// Up to `limit` audit records after `sequence`, oldest first, each with its number.
    ///
    /// # Errors
    ///
    /// [`StoreError::Read`].
    pub async fn audit_records_after(&self, sequence: i64, limit: u32) -> Result<Vec<(i64, AuditRecord)>, StoreError> {
        records::after(&self.pool, sequence, limit)
            .await
            .map_err(StoreError::Read)
    }

    /// Checks that changes can be written: by the last proved write or, if that is some seconds old, by an empty write.
    ///
    /// # Errors
    ///
    /// [`StoreError`] with the reason.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.writer.health.check()?;
        if self.writer.age_of_proof() < AGE_OF_PROOF {
            return Ok(());
        }
        let writer = Arc::clone(&self.writer);
        // A task of its own: whoever asks may not wait for the end.
        tokio::spawn(async move { writer.write(&Write::PROBE).await })
            .await
            .unwrap_or(Err(StoreError::Interrupted))
    }

    /// The health of the store.
    #[must_use]
    pub fn health(&self) -> StoreHealth {
        self.writer.health.get()
    }

    /// Notifies of each change of [`Self::health`].
    #[must_use]
    pub fn health_changes(&self) -> watch::Receiver<StoreHealth> {
        self.writer.health.subscribe()
    }

    /// Waits for the turn to make a change. Refused at once while the outcome of another change is unknown.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub(crate) async fn turn<'m>(&self, turns: &'m Mutex<()>) -> Result<MutexGuard<'m, ()>, StoreError> {
        tokio::select! {
            biased;
            turn = turns.lock() => Ok(turn),
            reason = self.writer.health.refusing() => Err(StoreError::Unavailable { reason }),
        }
    }

    /// Waits for a change in progress, but only briefly if the store cannot be written. The change continues.
    ///
    /// # Errors
    ///
    /// [`StoreError::OutcomeUnknown`], [`StoreError::Interrupted`].
    pub(crate) async fn outcome_of<T>(&self, change: JoinHandle<T>) -> Result<T, StoreError> {
        let refusing_for_long = async {
            let mut health = self.health_changes();
            loop {
                let reason = self.writer.health.refusing().await;
                let restored = health.wait_for(StoreHealth::is_writable);
                if tokio::time::timeout(health::PATIENCE, restored).await.is_err() {
                    return reason;
                }
            }
        };
        tokio::select! {
            biased;
            outcome = change => outcome.map_err(|_| StoreError::Interrupted),
            reason = refusing_for_long => Err(StoreError::OutcomeUnknown { reason }),
        }
    }

    /// Ends the waiting of writes with unknown outcome, and refuses others.
    pub fn stop_waiting(&self) {
        self.writer.closing.cancel();
    }

    /// Closes the file, after all current writes. Later calls fail.
    pub async fn close(&self) {
        self.stop_waiting();
        self.pool.close().await;
        self.writer.close().await;
        self.writer.release();
    }
}

/// Minimum interval between writes of readiness checks.
const AGE_OF_PROOF: Duration = Duration::from_secs(5);

#[cfg(test)]
mod checkpoint_tests;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
mod truth_tests;
