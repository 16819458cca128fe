//! Deletes audit records after their retention period, a few at a time, so that changes are not delayed.

use std::sync::{Arc, Weak};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::Notify;

use super::file::AuditFile;
use crate::Store;
use certward_system::clock::Clock;

/// Deletes records from the store after their retention period.
pub(super) struct Retention {
    pub(super) days: u32,
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    /// Records that are not in the file yet are kept.
    pub(super) file: Option<Arc<AuditFile>>,
}

impl Retention {
    /// Deletes expired records, now and every few minutes, until all senders of records are gone.
    pub(super) async fn run(self, alive: Weak<Notify>) {
        let mut told = 0;
        loop {
            match self.prune(&alive).await {
                Ok(0) => {}
                Ok(count) => told += count,
                // Also when the server has closed it.
                Err(_) if alive.strong_count() == 0 => return,
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "old audit records could not be deleted; it is tried again"
                ),
            }
            if told > 0 {
                tracing::info!(
                    records = told,
                    days = self.days,
                    "audit records that are too old have been deleted"
                );
                told = 0;
            }
            for _ in 0..ROUNDS {
                if alive.strong_count() == 0 {
                    return;
                }
                tokio::time::sleep(ROUND).await;
            }
        }
    }

    /// Deletes expired records now. Returns their number.
    async fn prune(&self, alive: &Weak<Notify>) -> Result<u64, crate::StoreError> {
        let before = self.clock.now() - time::Duration::days(i64::from(self.days));
        let mut count = 0;
        while alive.strong_count() > 0 {
            let deleted = self.prune_batch(before).await?;
            count += deleted;
            if deleted == 0 {
                break;
            }
            // Changes that came meanwhile have the store to themselves.
            tokio::time::sleep(PAUSE).await;
        }
        Ok(count)
    }

    async fn prune_batch(&self, before: OffsetDateTime) -> Result<u64, crate::StoreError> {
        let last = self.file.as_ref().map_or(i64::MAX, |file| file.written());
        self.store.delete_audit_records(before, last, BATCH).await
    }
}

/// Number of records per transaction, which takes a few milliseconds.
const BATCH: u32 = 500;
const PAUSE: Duration = Duration::from_millis(100);
/// Granularity of the ten-minute interval, at which the end of the server is noticed.
const ROUND: Duration = Duration::from_secs(5);
const ROUNDS: u32 = 120;
