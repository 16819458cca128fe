//! Registered certificates as rows, and audit records, for tests that need some content and no product.

use futures_util::future::BoxFuture;
use sqlx::SqliteConnection;
use time::macros::datetime;

use crate::audit::{Actor, AuditRecord, Outcome};
use crate::{Changes, Moves, Store};

/// A registered certificate of which only what the store looks at is filled in.
#[derive(Debug, Clone)]
pub struct Row {
    /// The name, by which tests know it.
    pub name: String,
    /// The key of the row.
    pub thumbprint: [u8; 20],
    /// The stand-in for the certificate.
    pub der: Vec<u8>,
    /// Its clearance.
    pub clearance: &'static str,
}

impl Row {
    /// The row of an Operator, with a certificate of its own.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let id = uuid::Uuid::new_v4();
        Self {
            name: name.to_owned(),
            thumbprint: std::array::from_fn(|at| id.as_bytes()[at % 16]),
            der: id.as_bytes().repeat(50),
            clearance: "Operator",
        }
    }

    /// Puts it, with an audit record whose target is its name.
    ///
    /// # Panics
    ///
    /// Panics if the store cannot be written.
    pub async fn put(&self, store: &Store) {
        let put = store.commit(&Change::Put(self), &[record(&self.name)]).await;
        put.expect("the store can be written");
    }

    /// Deletes it, and remembers that; the target of the audit record is its name behind a `-`.
    ///
    /// # Panics
    ///
    /// Panics if the store cannot be written.
    pub async fn delete(&self, store: &Store) {
        let record = record(&format!("-{}", self.name));
        let deleted = store.commit(&Change::Delete(self), &[record]).await;
        deleted.expect("the store can be written");
    }
}

/// An audit record about `target`.
#[must_use]
pub fn record(target: &str) -> AuditRecord {
    AuditRecord {
        at: datetime!(2026-11-21 21:10:00.123456 UTC),
        actor: Actor::server(),
        action: "test".into(),
        target: target.to_owned(),
        outcome: Outcome::Done("done".into()),
        occurrences: 1,
    }
}

/// The names of the registered certificates, in the order of registration.
///
/// # Panics
///
/// Panics if the store cannot be read.
pub async fn names(store: &Store) -> Vec<String> {
    sqlx::query_scalar("SELECT name FROM certificates ORDER BY registered_revision")
        .fetch_all(store.reader())
        .await
        .expect("the store can be read")
}

enum Change<'a> {
    Put(&'a Row),
    Delete(&'a Row),
}

impl Changes for Change<'_> {
    fn moves(&self) -> Moves {
        Moves::Registry
    }

    fn apply<'a>(
        &'a self,
        connection: &'a mut SqliteConnection,
        revision: i64,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(async move {
            match self {
                Self::Put(row) => {
                    let query = sqlx::query(PUT).bind(row.thumbprint.as_slice()).bind(&*row.der);
                    query
                        .bind(&*row.name)
                        .bind(row.clearance)
                        .bind(revision)
                        .execute(connection)
                        .await?;
                }
                Self::Delete(row) => {
                    use sha2::{Digest as _, Sha256};
                    sqlx::query("DELETE FROM certificates WHERE thumbprint = $1")
                        .bind(row.thumbprint.as_slice())
                        .execute(&mut *connection)
                        .await?;
                    sqlx::query("INSERT INTO deleted_certificates (fingerprint, not_after) VALUES ($1, $2)")
                        .bind(Sha256::digest(&row.der).as_slice())
                        .bind(i64::from(i32::MAX))
                        .execute(connection)
                        .await?;
                }
            }
            Ok(())
        })
    }
}

const PUT: &str = "INSERT INTO certificates (thumbprint, der, name, clearance, permissions, not_before, not_after, \
    pinning_hash, issuer_chain, disabled, registered_revision) VALUES ($1, $2, $3, $4, '[]', 0, 2147483647, \
    zeroblob(32), x'', FALSE, $5) ON CONFLICT (thumbprint) DO UPDATE SET clearance = excluded.clearance";
