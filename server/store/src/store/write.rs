//! The parts of a write.

use futures_util::future::BoxFuture;
use sqlx::SqliteConnection;
use time::OffsetDateTime;

use super::position::Position;
use super::records;
use crate::audit_record::AuditRecord;

/// A product's part of a write: the changes to its tables.
pub trait Changes: Send + Sync {
    /// The counter of the store's position that the changes move. A write is proved by these counters.
    fn moves(&self) -> Moves;

    /// Makes the changes in the transaction of `connection`, after which the registry has this `revision`.
    fn apply<'a>(
        &'a self,
        connection: &'a mut SqliteConnection,
        revision: i64,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>>;
}

/// The counter that a product's changes move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moves {
    /// None: the changes are notes that no request is decided by.
    Nothing,
    /// The revision of the registry of certificates, by one.
    Registry,
    /// The revision of the cluster, which the changes set to this.
    Cluster(u64),
}

/// One atomic write.
pub(crate) struct Write<'a> {
    pub(crate) content: Content<'a>,
    pub(crate) records: &'a [AuditRecord],
}

/// The content of a write, in addition to the audit records.
pub(crate) enum Content<'a> {
    /// Nothing: records alone, or a proof that the store can be written.
    Nothing,
    /// The changes of a product.
    Product(&'a dyn Changes),
    /// All records of deleted databases are removed.
    NoDeletedDatabases,
    /// Of the `limit` audit records with the lowest numbers, those up to `last` that were recorded before `before` are
    /// deleted.
    OldRecords {
        before: OffsetDateTime,
        last: i64,
        limit: u32,
    },
}

impl Write<'_> {
    /// A write without changes, which proves that writes are possible.
    pub(crate) const PROBE: Write<'static> = Write {
        content: Content::Nothing,
        records: &[],
    };

    pub(crate) fn moves(&self) -> Moves {
        match &self.content {
            Content::Product(changes) => changes.moves(),
            Content::Nothing | Content::NoDeletedDatabases | Content::OldRecords { .. } => Moves::Nothing,
        }
    }

    pub(crate) fn record_count(&self) -> i64 {
        i64::try_from(self.records.len()).unwrap_or(i64::MAX)
    }

    /// Applies the changes in the transaction of `connection`, after which the store is at `position`.
    pub(crate) async fn apply(&self, connection: &mut SqliteConnection, position: Position) -> Result<(), sqlx::Error> {
        match &self.content {
            Content::Nothing => {}
            Content::Product(changes) => changes.apply(connection, position.revision).await?,
            Content::NoDeletedDatabases => {
                sqlx::query("DELETE FROM deleted_databases")
                    .execute(&mut *connection)
                    .await?;
            }
            Content::OldRecords { before, last, limit } => {
                records::delete_old(connection, *before, *last, *limit).await?;
            }
        }
        let first_sequence = position.audit_sequence - self.record_count() + 1;
        records::append(connection, self.records, first_sequence).await
    }
}
