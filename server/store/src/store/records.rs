//! Further tables: the position of the store, answered requests, audit records.

use std::borrow::Cow;

use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqlitePool, SqliteRow};
use time::OffsetDateTime;

use crate::audit_record::{Actor, AuditRecord, Outcome};

/// Selects old records. Sequence numbers are indexed and times are not, so only the rows with the lowest numbers are
/// read.
macro_rules! old {
    () => {
        " WHERE recorded_at < $1 AND sequence <= $2 \
         AND sequence IN (SELECT sequence FROM audit_records ORDER BY sequence LIMIT $3) \
         AND sequence < (SELECT max(sequence) FROM audit_records)"
    };
}

pub(crate) async fn append(
    connection: &mut SqliteConnection,
    records: &[AuditRecord],
    first_sequence: i64,
) -> Result<(), sqlx::Error> {
    for (sequence, record) in (first_sequence..).zip(records) {
        let (outcome, detail) = match &record.outcome {
            Outcome::Done(detail) => (DONE, detail),
            Outcome::Refused(reason) => (REFUSED, reason),
        };
        sqlx::query(APPEND)
            .bind(sequence)
            .bind(microseconds(record.at))
            .bind(record.actor.name.as_str())
            .bind(record.actor.thumbprint.map(|thumbprint| thumbprint.to_string()))
            .bind(record.actor.address.as_deref())
            .bind(record.action.as_ref())
            .bind(record.target.as_str())
            .bind(outcome)
            .bind(detail.as_ref())
            .bind(i64::try_from(record.occurrences).unwrap_or(i64::MAX))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

pub(crate) async fn after(
    pool: &SqlitePool,
    sequence: i64,
    limit: u32,
) -> Result<Vec<(i64, AuditRecord)>, sqlx::Error> {
    let rows = sqlx::query(AFTER)
        .bind(sequence)
        .bind(i64::from(limit))
        .fetch_all(pool)
        .await?;
    rows.iter().map(record).collect()
}

fn record(row: &SqliteRow) -> Result<(i64, AuditRecord), sqlx::Error> {
    let detail: Cow<'static, str> = Cow::Owned(row.try_get(8)?);
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(row.try_get::<i64, _>(1)?) * 1000)
        .map_err(|error| sqlx::Error::Decode(error.into()))?;
    let thumbprint = row
        .try_get::<Option<&str>, _>(3)?
        .map(str::parse)
        .transpose()
        .map_err(|error: certward_pki::HexError| sqlx::Error::Decode(error.into()))?;
    let record = AuditRecord {
        at,
        actor: Actor {
            name: row.try_get(2)?,
            thumbprint,
            address: row.try_get(4)?,
        },
        action: Cow::Owned(row.try_get(5)?),
        target: row.try_get(6)?,
        outcome: if row.try_get::<&str, _>(7)? == DONE {
            Outcome::Done(detail)
        } else {
            Outcome::Refused(detail)
        },
        occurrences: u64::try_from(row.try_get::<i64, _>(9)?).unwrap_or_default(),
    };
    Ok((row.try_get(0)?, record))
}

/// The number of records that [`delete_old`] deletes.
pub(crate) async fn count_old(
    pool: &SqlitePool,
    before: OffsetDateTime,
    last: i64,
    limit: u32,
) -> Result<u64, sqlx::Error> {
    let count: i64 = sqlx::query_scalar(concat!("SELECT count(*) FROM audit_records", old!()))
        .bind(microseconds(before))
        .bind(last)
        .bind(i64::from(limit))
        .fetch_one(pool)
        .await?;
    Ok(count.unsigned_abs())
}

/// Deletes those of the `limit` records with the lowest numbers, up to `last`, that were recorded before `before`;
/// never the newest record, which proves at start-up that the store is complete.
pub(crate) async fn delete_old(
    connection: &mut SqliteConnection,
    before: OffsetDateTime,
    last: i64,
    limit: u32,
) -> Result<(), sqlx::Error> {
    sqlx::query(concat!("DELETE FROM audit_records", old!()))
        .bind(microseconds(before))
        .bind(last)
        .bind(i64::from(limit))
        .execute(connection)
        .await?;
    Ok(())
}

fn microseconds(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX)
}

const DONE: &str = "done";
const REFUSED: &str = "refused";

const APPEND: &str = "INSERT INTO audit_records (sequence, recorded_at, actor_name, actor_thumbprint, actor_address, \
    action, target, outcome, detail, occurrences) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

const AFTER: &str = "SELECT sequence, recorded_at, actor_name, actor_thumbprint, actor_address, action, target, \
    outcome, detail, occurrences FROM audit_records WHERE sequence > $1 ORDER BY sequence LIMIT $2";
