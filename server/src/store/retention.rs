//! Deletes old audit records.

use time::OffsetDateTime;

use super::{Store, StoreError, records};

impl Store {
    /// Deletes the oldest audit records, at most `limit`, as far as they were recorded before `before` and their numbers
    /// are no greater than `last`. Says how many those were.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`].
    pub(crate) async fn delete_audit_records(
        &self,
        before: OffsetDateTime,
        last: i64,
        limit: u32,
    ) -> Result<u64, StoreError> {
        sqlx::query(DELETE)
            .bind(records::microseconds(before))
            .bind(last)
            .bind(i64::from(limit))
            .execute(&self.pool)
            .await
            .map(|done| done.rows_affected())
            .map_err(StoreError::Write)
    }
}

/// The numbers have an index, the times have none: so only the rows with the lowest numbers are looked at.
const DELETE: &str = "DELETE FROM audit_records WHERE recorded_at < $1 AND sequence <= $2 \
    AND sequence IN (SELECT sequence FROM audit_records ORDER BY sequence LIMIT $3)";
