//! The tables beside the certificates: where the store stands, answered requests, audit records.

use std::borrow::Cow;

use certward::pki::Thumbprint;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Row as _, Sqlite, Transaction};
use time::{Duration, OffsetDateTime};

use super::AnsweredRequest;
use crate::audit::{Actor, AuditRecord, Outcome};

/// Numbers reserved for a transaction.
pub(super) struct Reserved {
    pub(super) revision: i64,
    pub(super) first_sequence: i64,
}

/// Moves the store's state on. It is the first statement of every write, so that writers queue here.
pub(super) async fn advance(
    transaction: &mut Transaction<'_, Sqlite>,
    changed: bool,
    records: usize,
) -> Result<Reserved, sqlx::Error> {
    let records = i64::try_from(records).unwrap_or(i64::MAX);
    let row = sqlx::query(
        "UPDATE store_state SET revision = revision + $1, audit_sequence = audit_sequence + $2 WHERE id = 1 \
         RETURNING revision, audit_sequence",
    )
    .bind(i64::from(changed))
    .bind(records)
    .fetch_one(&mut **transaction)
    .await?;
    Ok(Reserved {
        revision: row.try_get(0)?,
        first_sequence: row.try_get::<i64, _>(1)? - records + 1,
    })
}

pub(super) async fn remember_request(
    transaction: &mut Transaction<'_, Sqlite>,
    answered: &AnsweredRequest,
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM generate_requests WHERE recorded_at < $1")
        .bind((answered.at - REQUEST_MEMORY).unix_timestamp())
        .execute(&mut **transaction)
        .await?;
    sqlx::query("INSERT INTO generate_requests (request_id, thumbprint, recorded_at) VALUES ($1, $2, $3)")
        .bind(answered.request_id.as_str())
        .bind(answered.thumbprint.as_bytes().as_slice())
        .bind(answered.at.unix_timestamp())
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

pub(super) async fn answered(pool: &SqlitePool, request_id: &str) -> Result<Option<Thumbprint>, sqlx::Error> {
    let thumbprint: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT thumbprint FROM generate_requests WHERE request_id = $1")
            .bind(request_id)
            .fetch_optional(pool)
            .await?;
    Ok(thumbprint
        .and_then(|bytes| bytes.try_into().ok())
        .map(Thumbprint::from_bytes))
}

pub(super) async fn append(
    transaction: &mut Transaction<'_, Sqlite>,
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
            .execute(&mut **transaction)
            .await?;
    }
    Ok(())
}

pub(super) async fn after(
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
        .map_err(|error: certward::pki::HexError| sqlx::Error::Decode(error.into()))?;
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

pub(super) fn microseconds(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX)
}

/// How long a request id is remembered: clients retry within minutes.
const REQUEST_MEMORY: Duration = Duration::days(30);
const DONE: &str = "done";
const REFUSED: &str = "refused";

const APPEND: &str = "INSERT INTO audit_records (sequence, recorded_at, actor_name, actor_thumbprint, actor_address, \
    action, target, outcome, detail, occurrences) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

const AFTER: &str = "SELECT sequence, recorded_at, actor_name, actor_thumbprint, actor_address, action, target, \
    outcome, detail, occurrences FROM audit_records WHERE sequence > $1 ORDER BY sequence LIMIT $2";
