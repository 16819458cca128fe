//! The position of the store: numbers that increase with writes, and by which a write is proved.

use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::write::{Moves, Write};

/// The position of the store after a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Position {
    /// The number of writes.
    pub(crate) generation: i64,
    /// The number of changes to certificates.
    pub(crate) revision: i64,
    /// The number of the newest audit record.
    pub(crate) audit_sequence: i64,
    /// The revision of the cluster; 0 before the cluster exists.
    pub(crate) cluster_revision: i64,
}

/// A position as one connection has read it.
pub(crate) struct Reading {
    pub(crate) position: Position,
    /// Changes when a connection other than the reading one has written (sqlite.org/pragma.html, data_version).
    pub(crate) data_version: i64,
    pub(crate) store_id: String,
}

impl Position {
    /// The position after `write`.
    pub(crate) fn after(self, write: &Write<'_>) -> Self {
        let moves = write.moves();
        Self {
            generation: self.generation + 1,
            revision: self.revision + i64::from(moves == Moves::Registry),
            audit_sequence: self.audit_sequence + write.record_count(),
            cluster_revision: match moves {
                Moves::Cluster(revision) => i64::try_from(revision).unwrap_or(i64::MAX),
                Moves::Nothing | Moves::Registry => self.cluster_revision,
            },
        }
    }
}

/// Reads the position in one statement, and therefore as of one moment.
pub(crate) async fn read(connection: &mut SqliteConnection) -> Result<Reading, sqlx::Error> {
    let row = sqlx::query(SELECT).fetch_one(connection).await?;
    Ok(Reading {
        position: Position {
            cluster_revision: row.try_get(3)?,
            ..moved(&row)?
        },
        data_version: row.try_get(4)?,
        store_id: row.try_get(5)?,
    })
}

/// Advances the store's position by `write`, and returns the new position, without the cluster's revision. The first
/// statement of every write.
pub(crate) async fn advance(
    connection: &mut SqliteConnection,
    write: &Write<'_>,
) -> Result<(Position, i64), sqlx::Error> {
    let row = sqlx::query(ADVANCE)
        .bind(i64::from(write.moves() == Moves::Registry))
        .bind(write.record_count())
        .fetch_one(connection)
        .await?;
    Ok((moved(&row)?, row.try_get(3)?))
}

fn moved(row: &SqliteRow) -> Result<Position, sqlx::Error> {
    Ok(Position {
        generation: row.try_get(0)?,
        revision: row.try_get(1)?,
        audit_sequence: row.try_get(2)?,
        cluster_revision: 0,
    })
}

const SELECT: &str = "SELECT generation, revision, audit_sequence, \
    COALESCE((SELECT revision FROM cluster_state WHERE id = 1), 0), (SELECT data_version FROM pragma_data_version), \
    store_id FROM store_state WHERE id = 1";

const ADVANCE: &str = "UPDATE store_state SET generation = generation + 1, revision = revision + $1, \
    audit_sequence = audit_sequence + $2 WHERE id = 1 \
    RETURNING generation, revision, audit_sequence, (SELECT data_version FROM pragma_data_version)";
