//! The one way into the store: a connection that is used again only after a write that was proved.
//!
//! A write takes the connection out of its place. It is put back when a second connection, which sees only what is
//! committed, has read exactly what was written. After any error, and when the caller goes away, the connection is closed
//! instead, so that no transaction of it can outlive the failure; whether the write has happened is then read with a fresh
//! one, after everything that counts has been made durable.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex as StdMutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Row as _, SqliteConnection};
use tokio::sync::{Mutex, MutexGuard};
use tokio_util::sync::CancellationToken;

use super::StoreError;
use super::files::{FilesError, StoreFiles};
use super::health::{HealthCell, StoreHealth};
use super::lock::{LockError, StoreLock};
use super::mark::{Mark, MarkFile};
use super::position::{self, Position, Reading};
use super::write::Write;

/// The writing side of a store.
#[derive(Debug)]
pub(super) struct Writer {
    slot: Mutex<Slot>,
    /// Proves writes. It lives as long as the store, so that SQLite never finds the last connection gone and deletes the
    /// log.
    prover: Mutex<Option<SqliteConnection>>,
    options: SqliteConnectOptions,
    store_id: String,
    files: StoreFiles,
    lock: StoreLock,
    mark: MarkFile,
    pub(super) health: HealthCell,
    pub(super) closing: CancellationToken,
    last_proof: StdMutex<Instant>,
    /// What a log without a name held is in the database.
    is_rescued: AtomicBool,
}

/// What a [`Writer`] is made of.
pub(super) struct WriterParts {
    pub(super) prover: SqliteConnection,
    pub(super) options: SqliteConnectOptions,
    pub(super) store_id: String,
    pub(super) stands: Position,
    pub(super) files: StoreFiles,
    pub(super) lock: StoreLock,
    pub(super) mark: MarkFile,
}

#[derive(Debug)]
struct Slot {
    /// None while a write is under way, and after one that failed.
    connection: Option<WritingConnection>,
    /// Where the store stood after the last write that was proved.
    proved: Position,
    /// Where it stands if the last write has happened after all. None when its outcome is known.
    pending: Option<Position>,
}

#[derive(Debug)]
struct WritingConnection {
    connection: SqliteConnection,
    /// As it is while nobody else writes.
    data_version: i64,
}

/// Why a write was not made, or not proved.
#[derive(Debug, thiserror::Error)]
pub enum WriteFailure {
    /// SQLite cannot carry it out.
    #[error("SQLite refused it")]
    Database(#[from] sqlx::Error),
    /// A file of the store is not the one that was opened.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The lock file cannot be held.
    #[error("the lock file of the store was removed, and another server has made and locked it anew")]
    LockLost,
    /// The system cannot make durable what was read.
    #[error("what the store holds cannot be made durable")]
    Durability(#[source] io::Error),
    /// A program other than this server has written, or has emptied the log.
    #[error(
        "another program has written into the store or emptied its log; restart the server, so that it decides by what \
         the store holds now"
    )]
    Foreign,
    /// The commit was reported, and is not there.
    #[error("what was committed cannot be read back")]
    NotProved,
    /// A program that reads or writes keeps the log from being emptied.
    #[error(
        "another program reads or writes the store, and the outcome of a write can be known only when it has ended"
    )]
    Busy,
    /// The disk takes very long.
    #[error("the disk has not confirmed a write for {} s", SLOW.as_secs())]
    Slow,
}

impl Writer {
    pub(super) fn new(parts: WriterParts) -> Self {
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
        }
    }

    /// Makes a write, and returns when it is known whether it has happened.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when it was not tried; [`StoreError::Write`] when it has not happened;
    /// [`StoreError::OutcomeUnknown`] when the store was closed before that could be found out.
    pub(super) async fn write(&self, write: &Write<'_>) -> Result<(), StoreError> {
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

    /// Begins a write: nobody else can write until it has ended.
    async fn begin(&self, open: &mut WritingConnection) -> Result<(), WriteFailure> {
        self.check_files()?;
        sqlx::query("BEGIN IMMEDIATE").execute(&mut open.connection).await?;
        Ok(())
    }

    /// Carries out a write that has begun, and proves it. The connection must be closed after an error.
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
        if moved != expected || data_version != open.data_version {
            return Err(WriteFailure::Foreign);
        }
        write.apply(connection, pending).await?;
        sqlx::query("COMMIT").execute(&mut *connection).await?;
        self.check_files()?;
        if self.read_proof().await?.position != pending {
            return Err(WriteFailure::NotProved);
        }
        Ok(())
    }

    /// As [`Self::attempt`], and tells when it takes long: a disk that hangs reports nothing.
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

    /// Finds out whether a write that failed has happened, and proves that others can be made. Tries until it is known, or
    /// the store is closed.
    async fn settle(&self, slot: &mut Slot, cause: WriteFailure) -> Result<(), StoreError> {
        if matches!(cause, WriteFailure::Foreign) {
            // The transaction was rolled back before anything was written.
            slot.pending = None;
            self.refuse(&cause);
            return Err(StoreError::Write(cause));
        }
        let pending = slot.pending;
        let mut pause = FIRST_PAUSE;
        loop {
            let failure = match self.reopen(slot).await {
                Ok(open) => {
                    let has_happened = Some(slot.proved) == pending;
                    self.prove_writable(slot, open).await;
                    return if has_happened {
                        Ok(())
                    } else {
                        Err(StoreError::Write(cause))
                    };
                }
                Err(failure) => failure,
            };
            self.refuse(&failure);
            if matches!(failure, WriteFailure::Foreign) {
                return Err(StoreError::OutcomeUnknown {
                    reason: failure.to_string().into(),
                });
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                () = self.closing.cancelled() => return Err(StoreError::OutcomeUnknown {
                    reason: "the server is shutting down".into(),
                }),
            }
        }
    }

    /// Makes an empty write with a fresh connection. Only that shows that the next change can be taken.
    async fn prove_writable(&self, slot: &mut Slot, mut open: WritingConnection) {
        let pending = slot.proved.after(&Write::PROBE);
        slot.pending = Some(pending);
        let outcome = match self.begin(&mut open).await {
            Ok(()) => self.attempt_watched(&mut open, pending, &Write::PROBE).await,
            Err(failure) => Err(failure),
        };
        match outcome {
            Ok(()) => {
                slot.connection = Some(open);
                self.is_proved(slot, pending);
                self.health.restore();
            }
            Err(failure) => {
                close(open).await;
                self.refuse(&failure);
            }
        }
    }

    /// Opens a fresh connection, makes durable what the store holds, and reads where it stands.
    ///
    /// After a failed `fsync`, the system may show data that is not on the disk, and the log may hold a commit that nobody
    /// was told of. Emptying the log writes what is committed into the database, and removes everything else; both are
    /// synchronised before anything is read.
    async fn reopen(&self, slot: &mut Slot) -> Result<WritingConnection, WriteFailure> {
        if let Err(failure) = self.check_files() {
            self.rescue().await;
            return Err(failure);
        }
        let mut connection = self.options.connect().await?;
        let Reading {
            position: found,
            data_version,
            store_id,
        } = match self.empty_log_and_read(&mut connection).await {
            Ok(reading) => reading,
            Err(failure) => {
                let _ = connection.close().await;
                return Err(failure);
            }
        };
        if store_id != self.store_id || (found != slot.proved && Some(found) != slot.pending) {
            return Err(WriteFailure::Foreign);
        }
        self.is_proved(slot, found);
        Ok(WritingConnection {
            connection,
            data_version,
        })
    }

    async fn empty_log_and_read(&self, connection: &mut SqliteConnection) -> Result<Reading, WriteFailure> {
        let started = Instant::now();
        loop {
            let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
                .fetch_one(&mut *connection)
                .await?;
            if row.try_get::<i64, _>(0)? == 0 {
                break;
            }
            // SQLite does not wait for another checkpoint, such as that of a connection which is being closed.
            if started.elapsed() > BUSY {
                return Err(WriteFailure::Busy);
            }
            tokio::time::sleep(BUSY_PAUSE).await;
        }
        self.files.sync_empty_log().map_err(WriteFailure::Durability)?;
        let reading = position::read(connection).await?;
        self.check_files()?;
        Ok(reading)
    }

    /// Tries to come back when the store refuses writes; looks at the files when it does not.
    pub(super) async fn look_after(&self) {
        self.mark.keep();
        // A write under way checks the files itself, and settles its own outcome.
        let Ok(mut slot) = self.slot.try_lock() else { return };
        if let Err(failure) = self.check_files() {
            self.rescue().await;
            self.refuse(&failure);
            return;
        }
        if !matches!(self.health.get(), StoreHealth::Refusing { is_final: false, .. }) {
            return;
        }
        if let Some(open) = slot.connection.take() {
            close(open).await;
        }
        match self.reopen(&mut slot).await {
            Ok(open) => self.prove_writable(&mut slot, open).await,
            Err(failure) => self.refuse(&failure),
        }
    }

    /// Writes what a log without a name holds into the database: it would be gone with this process.
    async fn rescue(&self) {
        if !self.files.has_lost_only_the_name_of_its_log() || self.is_rescued.swap(true, Ordering::Relaxed) {
            return;
        }
        let mut prover = self.prover.lock().await;
        let Some(prover) = prover.as_mut() else { return };
        match sqlx::query("PRAGMA wal_checkpoint(FULL)").fetch_one(prover).await {
            Ok(_) => tracing::warn!("the store's log was taken away; what it held was written into the database"),
            Err(error) => tracing::error!(%error, "the store's log was taken away, and what it held cannot be saved"),
        }
    }

    async fn read_proof(&self) -> Result<Reading, WriteFailure> {
        let mut prover = self.prover.lock().await;
        let prover = prover.as_mut().ok_or(WriteFailure::NotProved)?;
        Ok(position::read(prover).await?)
    }

    fn check_files(&self) -> Result<(), WriteFailure> {
        self.files.check()?;
        self.lock.check().map_err(|error| match error {
            LockError::Held => WriteFailure::LockLost,
            LockError::Io(error) => WriteFailure::Durability(error),
        })
    }

    fn is_proved(&self, slot: &mut Slot, position: Position) {
        slot.proved = position;
        slot.pending = None;
        self.files.note_lengths();
        *self.last_proof.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.mark.write(Mark {
            store_id: self.store_id.clone(),
            generation: position.generation,
            audit_sequence: position.audit_sequence,
        });
    }

    /// How long ago it was last proved that the store can be written.
    pub(super) fn age_of_proof(&self) -> Duration {
        self.last_proof.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    fn refuse(&self, failure: &WriteFailure) {
        self.health.refuse(failure, matches!(failure, WriteFailure::Foreign));
    }

    /// Closes the connections, after the write under way, and lets another server have the store.
    pub(super) async fn close(&self) {
        self.closing.cancel();
        let mut slot = self.slot.lock().await;
        if let Some(open) = slot.connection.take() {
            close(open).await;
        }
        if let Some(prover) = self.prover.lock().await.take() {
            let _ = prover.close().await;
        }
    }

    /// Lets another server have the store. Nothing of it may be open any more.
    pub(super) fn release(&self) {
        self.lock.release();
    }
}

/// Closes a connection, which ends its transaction. A disk that hangs may hold that up; then the connection ends by itself.
async fn close(open: WritingConnection) {
    let _ = tokio::time::timeout(CLOSE, open.connection.close()).await;
}

/// A write that waits this long for its turn is refused.
const TURN: Duration = Duration::from_secs(10);
/// A write that takes longer is told.
const SLOW: Duration = Duration::from_secs(5);
/// How long another program may hold up the emptying of the log before that is told.
const BUSY: Duration = Duration::from_secs(1);
const BUSY_PAUSE: Duration = Duration::from_millis(10);
const CLOSE: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
