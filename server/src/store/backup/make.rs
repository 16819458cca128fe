//! Makes a backup, beside a running server or without one.

use std::path::Path;

use sqlx::{ConnectOptions as _, Connection as _};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::work::WorkDirectory;
use super::{BackupError, Manifest, archive, existing, inspect};
use crate::files::{TrustedDirectory, check_entry};
use crate::store::sqlite;

/// Copies the store of `directory` into `file`, which is there afterwards as a whole or not at all.
///
/// The copy is made in one read transaction: it is the store after one write, whatever is written meanwhile. The server
/// goes on writing, into its log; it notices nothing, because nothing is written for it to notice.
///
/// # Errors
///
/// [`BackupError`]; nothing has then been made.
pub(crate) async fn make(
    directory: &Path,
    file: &Path,
    is_overwriting: bool,
    now: OffsetDateTime,
) -> Result<Manifest, BackupError> {
    let database = existing(directory)?;
    let name = file
        .file_name()
        .ok_or_else(|| BackupError::NoName { path: file.to_owned() })?;
    let parent = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // There are private keys in a backup, and whoever can exchange it can register certificates by it.
    let target = TrustedDirectory::open(parent)?.path().join(name);
    if !is_overwriting && target.symlink_metadata().is_ok() {
        return Err(BackupError::Exists { path: target });
    }
    check_entry(&target)?;
    let work = WorkDirectory::make(target.parent().unwrap_or(Path::new("/")))?;
    let copy = work.path(sqlite::FILE_NAME);
    copy_database(&database, &copy).await?;
    let facts = inspect::check_copy(&copy)
        .await?
        .map_err(|findings| BackupError::Unsound { findings })?;
    if facts.schema != sqlite::newest_schema() || facts.store_id.is_empty() {
        let findings = format!(
            "its tables have version {}, and this program's {}; start the server once, or use its own version",
            facts.schema,
            sqlite::newest_schema()
        );
        return Err(BackupError::Unsound { findings });
    }
    let manifest = Manifest {
        format: archive::FORMAT,
        server_version: env!("CARGO_PKG_VERSION").to_owned(),
        schema_version: facts.schema,
        store_id: facts.store_id,
        generation: facts.position.generation,
        revision: facts.position.revision,
        audit_sequence: facts.position.audit_sequence,
        created_at: now.format(&Rfc3339).unwrap_or_default(),
        certificates: facts.certificates,
        users: facts.users,
        databases: facts.databases,
        size: 0,
        sha256: String::new(),
    };
    let packed = work.path("backup");
    let manifest = {
        let packed = packed.clone();
        tokio::task::spawn_blocking(move || archive::pack(&copy, &packed, manifest))
            .await
            .unwrap_or(Err(BackupError::Interrupted))?
    };
    // Here and not in a thread, which goes on when this call is given up.
    archive::publish(&packed, &target, is_overwriting)?;
    Ok(manifest)
}

async fn copy_database(database: &Path, copy: &Path) -> Result<(), BackupError> {
    let failed = BackupError::database(database);
    // Before SQLite does, with the mode that it should have.
    sqlite::make_file(copy).map_err(BackupError::io(copy, "made"))?;
    let mut connection = inspect::read_only(database).connect().await.map_err(&failed)?;
    let path = copy
        .to_str()
        .ok_or_else(|| BackupError::NoName { path: copy.to_owned() })?;
    sqlx::query("VACUUM INTO $1")
        .bind(path)
        .execute(&mut connection)
        .await
        .map_err(&failed)?;
    connection.close().await.map_err(&failed)
}
