//! Makes a backup, with or without a running server.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::{ConnectOptions as _, Connection as _};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_util::sync::CancellationToken;

use super::data::DatabaseFiles;
use super::pack::DataToPack;
use super::unpack::Archive;
use super::work::WorkDirectory;
use super::{BackupError, Manifest, archive, existing, in_background, inspect, pack};
use crate::store::sqlite;
use certward_system::files::{TrustedDirectory, check_entry};

/// A backup that was made.
#[derive(Debug)]
pub struct Made {
    /// Its manifest.
    pub manifest: Manifest,
    /// Leftovers of killed backups that were deleted.
    pub cleared: Vec<PathBuf>,
}

/// Copies the store of `directory` into `file`, which exists afterwards completely or not at all; with `data`, also the
/// data of the databases.
///
/// The copy is made in one read transaction: it is the store after one write, regardless of concurrent ones. The server
/// continues to write, into its log; it is not affected, because the backup writes nothing. The data is read
/// afterwards, one database after the other, each as of one moment.
///
/// # Errors
///
/// [`BackupError`]; there is no file then.
pub async fn make(
    directory: &Path,
    file: &Path,
    is_overwriting: bool,
    data: Option<Arc<dyn DatabaseFiles>>,
    now: OffsetDateTime,
) -> Result<Made, BackupError> {
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
    if let Ok(found) = target.symlink_metadata() {
        if !is_overwriting {
            return Err(BackupError::Exists { path: target });
        }
        // The store itself, the settings, or what another program keeps under this name.
        if !found.is_file() || Archive::open(&target, CancellationToken::new()).is_err() {
            return Err(BackupError::NotABackup { path: target });
        }
    }
    check_entry(&target)?;
    let (work, cleared) = WorkDirectory::make(target.parent().unwrap_or(Path::new("/")))?;
    let copy = work.path(sqlite::FILE_NAME);
    copy_database(&database, &copy, &target).await?;
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
        format: match data {
            Some(_) => archive::WITH_DATA,
            None => archive::STORE_ALONE,
        },
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
        data: None,
    };
    let databases = match data {
        Some(_) => inspect::databases(&copy).await?,
        None => Vec::new(),
    };
    let packed = work.path("backup");
    // The thread goes on when this call is given up, but not for long.
    let stop = CancellationToken::new();
    let _stop = stop.clone().drop_guard();
    let manifest = {
        let (packed, target) = (packed.clone(), target.clone());
        let pack = move || {
            let data = data.as_deref().map(|files| DataToPack { files, databases });
            pack::pack(&copy, (&packed, &target), manifest, data.as_ref(), &stop)
        };
        in_background(pack).await?
    };
    archive::publish(&packed, &target, is_overwriting)?;
    Ok(Made { manifest, cleared })
}

async fn copy_database(database: &Path, copy: &Path, target: &Path) -> Result<(), BackupError> {
    // The store is only read: what cannot be written is the copy.
    let failed = |error: sqlx::Error| {
        if sqlite::is_failure_to_write(&error) {
            return BackupError::io(target, "written")(io::Error::other(error));
        }
        BackupError::database(database)(error)
    };
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
