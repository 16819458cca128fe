//! Recovery from a failed write: the content of the store, and its writability.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use sqlx::{ConnectOptions as _, Connection as _, Row as _, SqliteConnection};

use super::{Slot, WriteFailure, Writer, WritingConnection, close};
use crate::StoreError;
use crate::store::health::StoreHealth;
use crate::store::position::{self, Reading};
use crate::store::write::Write;

impl Writer {
    /// Determines if a failed write has happened, and proves that further ones are possible. Retries until it succeeds,
    /// or the store is closed.
    pub(super) async fn settle(&self, slot: &mut Slot, cause: WriteFailure) -> Result<(), StoreError> {
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

    /// Makes an empty write with a fresh connection, once there is room for a change. Only that proves that the next
    /// change can be written.
    async fn prove_writable(&self, slot: &mut Slot, mut open: WritingConnection) {
        if let Err(error) = self.files.check_room().await {
            close(open).await;
            self.refuse(&WriteFailure::NoRoom(error));
            return;
        }
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

    /// Opens a fresh connection, synchronizes the store's content, and reads its position.
    ///
    /// After a failed `fsync`, the system may show data that is not on disk, and the log may hold a commit that was not
    /// acknowledged. Emptying the log writes the committed data into the database, and removes everything else; both
    /// files are synchronized before anything is read.
    pub(super) async fn reopen(&self, slot: &mut Slot) -> Result<WritingConnection, WriteFailure> {
        let possible = slot.possible_commits();
        if let Err(failure) = self.check_files(possible) {
            self.rescue().await;
            return Err(failure);
        }
        let mut connection = self.options.connect().await?;
        let Reading {
            position: found,
            data_version,
            store_id,
        } = match self.empty_log_and_read(&mut connection, possible).await {
            Ok(reading) => reading,
            Err(failure) => {
                let _ = connection.close().await;
                return Err(failure);
            }
        };
        if store_id != self.store_id || (found != slot.proved && Some(found) != slot.pending) {
            return Err(WriteFailure::Foreign);
        }
        // Others may have written what moves none of these numbers.
        let own = slot.commits_until(found);
        if self.files.commits_since_proof().is_some_and(|commits| commits != own) {
            return Err(WriteFailure::Foreign);
        }
        self.is_proved(slot, found);
        Ok(WritingConnection {
            connection,
            data_version,
        })
    }

    async fn empty_log_and_read(
        &self,
        connection: &mut SqliteConnection,
        possible_commits: u32,
    ) -> Result<Reading, WriteFailure> {
        // Before, because the caller may go away while the log is being emptied.
        self.files.expect_short_log();
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
        self.check_files(possible_commits)?;
        Ok(reading)
    }

    /// Tries to come back when the store refuses writes; looks at the files when it does not.
    pub(crate) async fn look_after(&self) {
        self.mark.keep();
        // A write under way checks the files itself, and settles its own outcome.
        let Ok(mut slot) = self.slot.try_lock() else { return };
        if let Err(failure) = self.check_files(slot.possible_commits()) {
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

    /// Moves the content of a log that lost its name into the database: it would be lost with this process.
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
}

/// Time for which another program may delay the emptying of the log before that is logged.
const BUSY: Duration = Duration::from_secs(1);
const BUSY_PAUSE: Duration = Duration::from_millis(10);
/// First pause between attempts to determine the outcome of a write.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
