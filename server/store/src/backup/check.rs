//! Checks a store, beside a running server or without one.

use std::path::Path;

use futures_util::future::BoxFuture;
use sqlx::SqlitePool;
use sqlx::sqlite::SqlitePoolOptions;

use super::{BackupError, existing, inspect};
use crate::store::mark::{self, Mark, MarkFile};
use crate::store::position::Position;
use crate::store::sqlite;

/// The tables of a product, for a check.
pub trait Tables: Sync {
    /// Describes the entries that cannot be read or are not what they should be. `path` is the database.
    fn faults<'a>(&'a self, pool: &'a SqlitePool, path: &'a Path) -> BoxFuture<'a, Result<Vec<String>, sqlx::Error>>;
}

/// The result of a check.
#[derive(Debug)]
pub struct Checked {
    /// A description of the checked store.
    pub summary: String,
    /// The faults, for the operator.
    pub findings: Vec<String>,
}

/// Checks the store of `directory`: the database, the mark beside it, and that every entry of the products' tables
/// can be read.
///
/// # Errors
///
/// [`BackupError`] when there is no store, or it cannot be opened. A fault of one that can be is a finding.
pub async fn check(directory: &Path, products: &[&dyn Tables]) -> Result<Checked, BackupError> {
    let database = existing(directory)?;
    let failed = BackupError::database(&database);
    let mark_file = MarkFile::new(database.with_file_name(mark::FILE_NAME));
    // Before the store is read: a running server writes the mark after the store.
    let mark = mark_file.read()?;
    let mut findings = Vec::new();
    if mark.is_none() && mark_file.exists() {
        findings.push(format!("{} cannot be read as a mark", mark_file.path().display()));
    }
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(inspect::read_only(&database))
        .await
        .map_err(&failed)?;
    let summary = match look(&pool, &database, products, mark.as_ref(), &mut findings).await {
        Ok(summary) => summary,
        Err(error) => {
            findings.push(format!("it cannot be read: {error}"));
            format!("the store {}", database.display())
        }
    };
    pool.close().await;
    Ok(Checked { summary, findings })
}

async fn look(
    pool: &SqlitePool,
    database: &Path,
    products: &[&dyn Tables],
    mark: Option<&Mark>,
    findings: &mut Vec<String>,
) -> Result<String, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    findings.extend(inspect::findings(&mut connection).await?);
    let (schema, newest) = (inspect::schema(&mut connection).await?, sqlite::newest_schema());
    let name = database.display();
    if schema > newest {
        findings.push(format!(
            "its tables have version {schema}, which is newer than this server's {newest}"
        ));
    }
    if schema != newest {
        return Ok(format!(
            "the store {name}, with tables of version {schema}; entries can be checked when a start of this server has \
             brought them to version {newest}"
        ));
    }
    let facts = inspect::facts(&mut connection).await?;
    let (last, expected): (i64, i64) = sqlx::query_as(
        "SELECT COALESCE((SELECT max(sequence) FROM audit_records), 0), audit_sequence FROM store_state",
    )
    .fetch_one(&mut *connection)
    .await?;
    if last != expected {
        findings.push(format!("its newest audit record is {last}, and should be {expected}"));
    }
    findings.extend(mark.and_then(|mark| against_mark(mark, &facts.store_id, facts.position)));
    drop(connection);
    for tables in products {
        findings.extend(tables.faults(pool, database).await?);
    }
    Ok(format!(
        "the store {name}: write {}, audit record {}, {} certificates, {} users, {} databases",
        facts.position.generation, facts.position.audit_sequence, facts.certificates, facts.users, facts.databases
    ))
}

fn against_mark(mark: &Mark, store_id: &str, stands: Position) -> Option<String> {
    if mark.store_id != store_id {
        Some("its mark is of another store".to_owned())
    } else if mark.generation > stands.generation {
        Some(format!(
            "it ends with write {}, and its mark says that write {} was acknowledged",
            stands.generation, mark.generation
        ))
    } else {
        None
    }
}
