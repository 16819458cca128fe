//! The only path for writes: a connection that is reused only after its last write was proved.
//!
//! A write takes the connection out of its slot. It is put back when a second connection, which sees only committed
//! data, has read exactly the written position. After any error, and when the caller disappears, the connection is
//! closed instead, so that no transaction of it can survive the failure; a fresh connection then determines if the
//! write has happened, after all relevant files have been synchronized.

mod checkpoint;
mod failure;
mod recovery;

use std::sync::atomic::AtomicBool;
use std::sync::{Mutex as StdMutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::{Mutex, MutexGuard};
use tokio_util::sync::CancellationToken;

pub use self::failure::WriteFailure;
use super::StoreError;
use super::files::StoreFiles;
use super::health::HealthCell;
use super::lock::StoreLock;
use super::mark::{Mark, MarkFile};
use super::position::{self, Position, Reading};
use super::write::Write;

/// The writing side of a store.
#[derive(Debug)]
pub(crate) struct Writer {
    slot: Mutex<Slot>,
    /// Proves writes. It lives as long as the store, because SQLite deletes the log when the last connection is closed.
    prover: Mutex<Option<SqliteConnection>>,
    options: SqliteConnectOptions,
    store_id: String,
    files: StoreFiles,
    lock: StoreLock,
    mark: MarkFile,
    pub(crate) health: HealthCell,
    pub(crate) closing: CancellationToken,
    last_proof: StdMutex<Instant>,
    /// True if the content of a log that lost its name has been moved into the database.
    is_rescued: AtomicBool,
    has_told_of_checkpoint: AtomicBool,
}

/// The parts of a [`Writer`].
pub(crate) struct WriterParts {
    pub(crate) prover: SqliteConnection,
    pub(crate) options: SqliteConnectOptions,
    pub(crate) store_id: String,
    pub(crate) stands: Position,
    pub(crate) files: StoreFiles,
    pub(crate) lock: StoreLock,
    pub(crate) mark: MarkFile,
}

#[derive(Debug)]
struct Slot {
    /// None while a write is in progress, and after a failed one.
    connection: Option<WritingConnection>,
    /// The position after the last proved write.
    proved: Position,
    /// The position if the last write succeeded; none when its outcome is known.
    pending: Option<Position>,
}

#[derive(Debug)]
struct WritingConnection {
    connection: SqliteConnection,
    /// The value as long as no other program writes.
    data_version: i64,
}

impl Slot {
    /// The number of transactions that the server has committed if the store is at `position`.
    fn commits_until(&self, position: Position) -> u32 {
        u32::try_from(position.generation - self.proved.generation).unwrap_or(u32::MAX)
    }

    /// The maximum number of transactions that the server can have committed since the last proof.
    fn possible_commits(&self) -> u32 {
        self.pending.map_or(0, |pending| self.commits_until(pending))
    }
}

impl Writer {
    pub(crate) fn new(parts: WriterParts) -> Self {
        Self {
            slot: Mutex::new(Slot {
                connection: None,
                proved: parts.stands,
                pending: None,
            }),
            prover: Mutex::new(Some(parts.prover)),
            options: parts.options,
            store_id: parts.store_id,
            files: parts.files,
            lock: parts.lock,
            mark: parts.mark,
            health: HealthCell::new(),
            closing: CancellationToken::new(),
            last_proof: StdMutex::new(Instant::now()),
            is_rescued: AtomicBool::new(false),
            has_told_of_checkpoint: AtomicBool::new(false),
        }
    }

    /// Makes a write, and returns once its outcome is known.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if it was not attempted; [`StoreError::Write`] if it has not happened;
    /// [`StoreError::OutcomeUnknown`] if the store was closed before its outcome was known.
    pub(crate) async fn write(&self, write: &Write<'_>) -> Result<(), StoreError> {
        let mut slot = self.turn().await?;
        let mut open = match slot.connection.take() {
            Some(open) => open,
            // The caller of the write before has gone away, or there was none.
            None => match self.reopen(&mut slot).await {
                Ok(open) => open,
                Err(failure) => {
                    self.refuse(&failure);
                    self.health.check()?;
                    return Err(StoreError::Write(failure));
                }
            },
        };
        if let Err(failure) = self.begin(&mut open).await {
            // Nothing was written.
            close(open).await;
            self.refuse(&failure);
            return Err(StoreError::Write(failure));
        }
        let pending = slot.proved.after(write);
        slot.pending = Some(pending);
        match self.attempt_watched(&mut open, pending, write).await {
            Ok(()) => {
                slot.connection = Some(open);
                self.is_proved(&mut slot, pending);
                self.health.restore();
                Ok(())
            }
            Err(cause) => {
                close(open).await;
                self.settle(&mut slot, cause).await
            }
        }
    }

    /// Waits for the turn to write; refused at once while the store cannot be written.
    async fn turn(&self) -> Result<MutexGuard<'_, Slot>, StoreError> {
        self.health.check()?;
        let turn = tokio::select! {
            biased;
            turn = self.slot.lock() => turn,
            reason = self.health.refusing() => return Err(StoreError::Unavailable { reason }),
            () = tokio::time::sleep(TURN) => return Err(StoreError::Unavailable {
                reason: "other writes take too long".into(),
            }),
        };
        self.health.check()?;
        if self.closing.is_cancelled() {
            return Err(StoreError::Unavailable {
                reason: "the store is closed".into(),
            });
        }
        Ok(turn)
    }

    /// Begins a write, which excludes all others until it has ended.
    async fn begin(&self, open: &mut WritingConnection) -> Result<(), WriteFailure> {
        self.check_files(0)?;
        sqlx::query("BEGIN IMMEDIATE").execute(&mut open.connection).await?;
        Ok(())
    }

    /// Executes a write that has begun, and proves it. The connection must be closed after an error.
    async fn attempt(
        &self,
        open: &mut WritingConnection,
        pending: Position,
        write: &Write<'_>,
    ) -> Result<(), WriteFailure> {
        let connection = &mut open.connection;
        let (moved, data_version) = position::advance(connection, write).await?;
        let expected = Position {
            cluster_revision: 0,
            ..pending
        };
        if moved != expected {
            return Err(WriteFailure::Foreign);
        }
        if data_version != open.data_version {
            // Another program has written, or only emptied the log. It can do neither from here to the end of the write.
            if self.files.commits_since_proof() != Some(0) {
                return Err(WriteFailure::Foreign);
            }
            self.accept_checkpoint()?;
            open.data_version = data_version;
        }
        write.apply(connection, pending).await?;
        sqlx::query("COMMIT").execute(&mut *connection).await?;
        self.check_files(1)?;
        if self.read_proof().await?.position != pending {
            return Err(WriteFailure::NotProved);
        }
        Ok(())
    }

    /// Like [`Self::attempt`], but logs a slow one: a disk that hangs reports nothing.
    async fn attempt_watched(
        &self,
        open: &mut WritingConnection,
        pending: Position,
        write: &Write<'_>,
    ) -> Result<(), WriteFailure> {
        let mut attempt = Box::pin(self.attempt(open, pending, write));
        match tokio::time::timeout(SLOW, &mut attempt).await {
            Ok(outcome) => outcome,
            Err(_) => {
                self.refuse(&WriteFailure::Slow);
                attempt.await
            }
        }
    }

    async fn read_proof(&self) -> Result<Reading, WriteFailure> {
        let mut prover = self.prover.lock().await;
        let prover = prover.as_mut().ok_or(WriteFailure::NotProved)?;
        Ok(position::read(prover).await?)
    }

    fn is_proved(&self, slot: &mut Slot, position: Position) {
        self.files.note_proof(slot.commits_until(position));
        slot.proved = position;
        slot.pending = None;
        *self.last_proof.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.mark.write(Mark {
            store_id: self.store_id.clone(),
            generation: position.generation,
            audit_sequence: position.audit_sequence,
        });
    }

    /// The time since the last proof that the store can be written.
    pub(crate) fn age_of_proof(&self) -> Duration {
        self.last_proof.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    fn refuse(&self, failure: &WriteFailure) {
        self.health.refuse(failure, matches!(failure, WriteFailure::Foreign));
    }

    /// Closes the connections, after the current write, and releases the store to other servers.
    pub(crate) async fn close(&self) {
        self.closing.cancel();
        let mut slot = self.slot.lock().await;
        if let Some(open) = slot.connection.take() {
            close(open).await;
        }
        if let Some(prover) = self.prover.lock().await.take() {
            let _ = prover.close().await;
        }
    }

    /// Releases the store to other servers. All its files must be closed.
    pub(crate) fn release(&self) {
        self.lock.release();
    }
}

/// Closes a connection, which rolls its transaction back. A disk that hangs may delay that; then it ends in the
/// background.
async fn close(open: WritingConnection) {
    let _ = tokio::time::timeout(CLOSE, open.connection.close()).await;
}

/// A write that waits this long for its turn is refused.
const TURN: Duration = Duration::from_secs(10);
/// A write that takes longer is logged.
const SLOW: Duration = Duration::from_secs(5);
const CLOSE: Duration = Duration::from_secs(1);
