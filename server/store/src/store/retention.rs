//! Deletes old audit records.

use time::OffsetDateTime;

use super::write::{Content, Write};
use super::{Store, StoreError, records};

impl Store {
    /// Deletes the oldest audit records, at most `limit`, that were recorded before `before` and whose numbers do not
    /// exceed `last`. Returns their number.
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
        let old = records::count_old(&self.pool, before, last, limit)
            .await
            .map_err(StoreError::Read)?;
        if old > 0 {
            let content = Content::OldRecords { before, last, limit };
            self.write(Write { content, records: &[] }).await?;
        }
        Ok(old)
    }
}
