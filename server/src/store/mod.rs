//! What outlives the process: registered certificates, answered requests, the cluster, audit records.
//!
//! A change and its audit record are one transaction; when a call returns `Ok`, they are on the disk. The SQL is
//! written for SQLite and PostgreSQL alike; what is SQLite's own stands in `sqlite`.

mod certificates;
mod cluster;
mod databases;
mod error;
mod records;
mod retention;
mod sqlite;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use certward::pki::Thumbprint;
use sqlx::SqlitePool;
use time::OffsetDateTime;

pub use error::StoreError;

use crate::audit::AuditRecord;
use crate::authority::definition::RegisteredCertificate;
use crate::authority::registry::{Change, DeletedCertificate};
use crate::cluster::access::TokenKey;
use crate::cluster::state::{self, ClusterIdentity, ClusterState, HighestUids};

/// The store of one server.
#[derive(Debug, Clone)]
pub struct Store {
    pool: SqlitePool,
    path: Arc<PathBuf>,
}

/// A request that has been answered with a certificate, to be recognised when it comes again.
#[derive(Debug, Clone)]
pub(crate) struct AnsweredRequest {
    /// As the client gave it.
    pub(crate) request_id: String,
    /// The certificate issued.
    pub(crate) thumbprint: Thumbprint,
    /// When.
    pub(crate) at: OffsetDateTime,
}

impl Store {
    /// Opens the embedded store in `directory`; makes the directory (0700) and the file (0600) when they do not exist.
    ///
    /// # Errors
    ///
    /// [`StoreError::InUse`] when another process has it, [`StoreError::Damaged`] when the file is no sound database,
    /// [`StoreError::NewerSchema`] when a newer server has written it, [`StoreError::Open`] otherwise.
    pub async fn open(directory: &Path) -> Result<Self, StoreError> {
        let (pool, path) = sqlite::open(directory).await?;
        Ok(Self {
            pool,
            path: Arc::new(path),
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Every registered certificate, in the order of registration.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] when an entry is not what was written, [`StoreError::Read`] when reading fails.
    pub async fn load(&self) -> Result<Vec<RegisteredCertificate>, StoreError> {
        certificates::load(&self.pool, &self.path).await
    }

    /// The certificates that were deleted before they expired.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] when a row is not what was written, [`StoreError::Read`] when reading fails.
    pub async fn load_deleted(&self) -> Result<Vec<DeletedCertificate>, StoreError> {
        certificates::load_deleted(&self.pool, &self.path).await
    }

    /// Makes the changes, and records them and the request they answer: all of it or nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`]; the store is then as before.
    pub(crate) async fn commit(
        &self,
        changes: &[Change],
        answered: Option<&AnsweredRequest>,
        records: &[AuditRecord],
    ) -> Result<(), StoreError> {
        let attempt = async {
            let mut transaction = self.pool.begin().await?;
            let revision = records::advance(&mut transaction, !changes.is_empty(), records.len()).await?;
            certificates::apply(&mut transaction, changes, revision.revision).await?;
            if let Some(answered) = answered {
                records::remember_request(&mut transaction, answered).await?;
            }
            records::append(&mut transaction, records, revision.first_sequence).await?;
            transaction.commit().await
        };
        let start = std::time::Instant::now();
        let outcome = attempt.await.map_err(StoreError::Write);
        metrics::histogram!(crate::telemetry::STORE_COMMIT_DURATION).record(start.elapsed());
        outcome
    }

    /// The cluster, and the key that its tokens are signed with. When there is none yet, a fresh one is made and called
    /// `identity`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] when something of it is not what was written, [`StoreError::Read`] when reading fails,
    /// [`StoreError::Write`] when a fresh one cannot be written.
    pub async fn open_cluster(&self, identity: ClusterIdentity) -> Result<(ClusterState, TokenKey), StoreError> {
        cluster::open(&self.pool, &self.path, identity).await
    }

    /// Makes the changes to the cluster, moves it on to `revision`, and records them: all of it or nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`]; the store is then as before.
    pub(crate) async fn commit_cluster(
        &self,
        changes: &[state::Change],
        revision: u64,
        highest: HighestUids,
        records: &[AuditRecord],
    ) -> Result<(), StoreError> {
        let attempt = async {
            let mut transaction = self.pool.begin().await?;
            let reserved = records::advance(&mut transaction, false, records.len()).await?;
            cluster::apply(&mut transaction, changes, revision, highest).await?;
            records::append(&mut transaction, records, reserved.first_sequence).await?;
            transaction.commit().await
        };
        let start = std::time::Instant::now();
        let outcome = attempt.await.map_err(StoreError::Write);
        metrics::histogram!(crate::telemetry::STORE_COMMIT_DURATION).record(start.elapsed());
        outcome
    }

    /// Puts many entries at once, beside the use cases and without audit records: a store for tests and benchmarks.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`].
    #[cfg(feature = "test-util")]
    pub async fn fill(&self, entries: Vec<RegisteredCertificate>) -> Result<(), StoreError> {
        let changes: Vec<Change> = entries.into_iter().map(|entry| Change::Put(Arc::new(entry))).collect();
        self.commit(&changes, None, &[]).await
    }

    /// Records decisions that changed nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`].
    pub(crate) async fn record(&self, records: &[AuditRecord]) -> Result<(), StoreError> {
        self.commit(&[], None, records).await
    }

    /// The certificate that a request of this id was answered with.
    ///
    /// # Errors
    ///
    /// [`StoreError::Read`].
    pub(crate) async fn answered(&self, request_id: &str) -> Result<Option<Thumbprint>, StoreError> {
        records::answered(&self.pool, request_id)
            .await
            .map_err(StoreError::Read)
    }

    /// At most `limit` audit records that follow `sequence`, oldest first, each with its number.
    ///
    /// # Errors
    ///
    /// [`StoreError::Read`].
    pub async fn audit_records_after(&self, sequence: i64, limit: u32) -> Result<Vec<(i64, AuditRecord)>, StoreError> {
        records::after(&self.pool, sequence, limit)
            .await
            .map_err(StoreError::Read)
    }

    /// Whether the store answers: a readiness check that writes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Read`].
    pub async fn check(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT revision FROM store_state")
            .fetch_one(&self.pool)
            .await
            .map_err(StoreError::Read)?;
        Ok(())
    }

    /// Closes the file, after every write under way. Later calls fail.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

#[cfg(test)]
mod cluster_tests;
#[cfg(test)]
mod tests;
