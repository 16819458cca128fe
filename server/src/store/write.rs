//! The parts of a write.

use sqlx::SqliteConnection;
use time::OffsetDateTime;

use super::position::Position;
use super::{AnsweredRequest, certificates, cluster, databases, records};
use crate::audit::AuditRecord;
use crate::cluster::access::TokenKey;
use crate::cluster::state::{self, ClusterState, HighestUids};
use crate::cluster::uid::DatabaseUid;
use crate::ravendb::model::registry::Change;

/// One atomic write.
pub(super) struct Write<'a> {
    pub(super) content: Content<'a>,
    pub(super) records: &'a [AuditRecord],
}

/// The content of a write, in addition to the audit records.
pub(super) enum Content<'a> {
    /// Nothing: records alone, or a proof that the store can be written.
    Nothing,
    /// Registered certificates, and the request they answer.
    Certificates {
        changes: &'a [Change],
        answered: Option<&'a AnsweredRequest>,
    },
    /// Changes to the cluster, whose revision becomes `revision`.
    Cluster {
        changes: &'a [state::Change],
        revision: u64,
        highest: HighestUids,
    },
    /// The initial cluster.
    FreshCluster { state: &'a ClusterState, key: &'a TokenKey },
    /// The data of a deleted database has been removed.
    ClearedDatabase(DatabaseUid),
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
    pub(super) const PROBE: Write<'static> = Write {
        content: Content::Nothing,
        records: &[],
    };

    pub(super) fn record_count(&self) -> i64 {
        i64::try_from(self.records.len()).unwrap_or(i64::MAX)
    }

    /// Applies the changes in the transaction of `connection`, after which the store is at `position`.
    pub(super) async fn apply(&self, connection: &mut SqliteConnection, position: Position) -> Result<(), sqlx::Error> {
        match &self.content {
            Content::Nothing => {}
            Content::Certificates { changes, answered } => {
                certificates::apply(connection, changes, position.revision).await?;
                if let Some(answered) = answered {
                    records::remember_request(connection, answered).await?;
                }
            }
            Content::Cluster {
                changes,
                revision,
                highest,
            } => cluster::apply(connection, changes, *revision, *highest).await?,
            Content::FreshCluster { state, key } => cluster::create(connection, state, key).await?,
            Content::ClearedDatabase(uid) => databases::forget_deleted(connection, Some(*uid)).await?,
            Content::NoDeletedDatabases => databases::forget_deleted(connection, None).await?,
            Content::OldRecords { before, last, limit } => {
                records::delete_old(connection, *before, *last, *limit).await?;
            }
        }
        let first_sequence = position.audit_sequence - self.record_count() + 1;
        records::append(connection, self.records, first_sequence).await
    }
}

impl Content<'_> {
    pub(super) fn changes_certificates(&self) -> bool {
        matches!(self, Self::Certificates { changes, .. } if !changes.is_empty())
    }
}
