//! Replaces the store with a backup, while no server runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::sqlite::SqliteConnection;
use sqlx::{ConnectOptions as _, Connection as _};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use super::changes::{self, Present};
use super::data::{DatabaseFiles, StagedData};
use super::difference::{self, Comparison};
use super::inspect::{self, Facts};
use super::killed::{self, PresentStore};
use super::record::{self, Restore};
use super::unpack::Archive;
use super::work::{WorkDirectory, sync};
use super::{BackupError, Manifest, in_background, located, place};
use crate::audit::Actor;
use crate::store::lock::{self, StoreLock};
use crate::store::mark::{self, Mark, MarkFile};
use crate::store::{past, sqlite};

/// The consequences that the operator accepts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Accepted {
    /// Entries and rights that were removed after the backup may come back.
    pub revived: bool,
    /// Certificates and users that were deleted after the backup are deleted again.
    pub keep_deleted: bool,
}

/// A request to restore a backup.
pub struct Wanted {
    /// The consequences that are accepted.
    pub accepted: Accepted,
    /// The destination of the databases' data, if the backup has data. None restores the store alone.
    pub data: Option<Arc<dyn DatabaseFiles>>,
    /// The actor in the audit record.
    pub by: Actor,
}

/// The result of a restore.
#[derive(Debug)]
pub enum Restored {
    /// Nothing was changed: something would come back that was not accepted.
    Refused {
        /// The manifest of the backup.
        manifest: Manifest,
        /// The entries that would come back.
        comparison: Comparison,
    },
    /// The backup has been restored.
    Done(Done),
}

/// A completed restore.
#[derive(Debug)]
pub struct Done {
    /// The manifest of the backup.
    pub manifest: Manifest,
    /// The entries that have come back or were deleted again.
    pub comparison: Comparison,
    /// The paths of the previous store and data.
    pub aside: Vec<PathBuf>,
    /// The suffix that was appended to their names.
    pub suffix: String,
    /// The numbers of the databases that now have the backup's data.
    pub data: Vec<u32>,
    /// Leftovers of killed restores that were deleted.
    pub cleared: Vec<PathBuf>,
    /// The mode of the backup file, if users other than its owner can read it.
    pub exposed: Option<u32>,
}

/// Replaces the store in `directory` with the one in `file`, and the data of its databases. The restored store gets an
/// audit record of it.
///
/// # Errors
///
/// [`BackupError`]: the store is in use, or `file` is not a valid backup; nothing has changed then. An I/O error while
/// files are moved names the file.
pub async fn restore(
    directory: &Path,
    file: &Path,
    wanted: Wanted,
    now: OffsetDateTime,
) -> Result<Restored, BackupError> {
    let accepted = wanted.accepted;
    let database = located(directory)?;
    let _lock = StoreLock::take(database.with_file_name(lock::FILE_NAME))
        .await
        .map_err(|error| BackupError::lock(error, &database))?;
    let (work, mut cleared) = WorkDirectory::make(database.parent().unwrap_or(Path::new("/")))?;
    let copy = work.path(sqlite::FILE_NAME);
    let stop = CancellationToken::new();
    // Threads go on when this call is given up, but not for long.
    let _stop = stop.clone().drop_guard();
    let (mut archive, manifest) = {
        let (file, copy) = (file.to_owned(), copy.clone());
        in_background(move || {
            let (mut archive, manifest) = Archive::open(&file, stop)?;
            archive.unpack_store(&manifest, &copy)?;
            Ok((archive, manifest))
        })
        .await?
    };
    let facts = inspect::check_copy(&copy).await?;
    let facts = facts.and_then(|facts| fits(&manifest, &facts).map(|()| facts));
    let facts = facts.map_err(|detail| BackupError::NotRestorable {
        path: file.to_owned(),
        detail,
    })?;
    let mark = MarkFile::new(database.with_file_name(mark::FILE_NAME)).read()?;
    let before = killed::present_store(&database, mark.as_ref(), &work)?;
    let (comparison, mut present) = look(&before, &copy, &facts).await?;
    let is_acceptable = comparison.unknown.is_none() && comparison.remaining(accepted.keep_deleted).next().is_none();
    if !is_acceptable && !accepted.revived {
        return Ok(Restored::Refused { manifest, comparison });
    }
    let known = [present.store_id.as_ref(), mark.as_ref().map(|mark| &mark.store_id)];
    let is_another_store = known.into_iter().flatten().any(|id| *id != facts.store_id);
    if let Some(mark) = mark.filter(|mark| mark.store_id == facts.store_id) {
        present.generation = present.generation.max(mark.generation);
    }
    let is_with_data = wanted.data.is_some();
    let files = wanted.data;
    let exposed = archive.exposed();
    let staged = match files.clone() {
        Some(files) => {
            // The data of another store's databases would be that of databases with the same numbers.
            let others = match is_another_store {
                true => inspect::databases(&copy)
                    .await?
                    .into_iter()
                    .map(|(uid, _)| uid)
                    .collect(),
                false => Vec::new(),
            };
            let manifest = manifest.clone();
            in_background(move || StagedData::unpack(&mut archive, &manifest, &others, &*files)).await?
        }
        None => StagedData::none(),
    };
    let data = match &manifest.data {
        Some(saved) if is_with_data => saved
            .iter()
            .filter(|database| database.omitted.is_none())
            .map(|database| database.uid)
            .collect(),
        _ => Vec::new(),
    };
    let suffix = place::free_suffix(&database, &staged.moves, now);
    let deletions = comparison.deletions().filter(|_| accepted.keep_deleted);
    let restore = Restore {
        file,
        manifest: &manifest,
        accepted,
        comparison: &comparison,
        is_with_data,
        data: &data,
        suffix: &suffix,
    };
    let record = record::of(&restore, wanted.by, now);
    let new_mark = changes::apply(&copy, &present, deletions, record).await?;
    let mark_path = work.path(mark::FILE_NAME);
    let mark_file = MarkFile::new(mark_path.clone());
    mark_file.write(new_mark);
    sync(&mark_path)?;
    sync(&copy)?;
    let staged = match files {
        Some(files) => in_background(move || staged.end_engines(&*files).map(|()| staged)).await?,
        None => staged,
    };
    let aside = place::put(&copy, &mark_path, &staged.moves, &database, &suffix)?;
    cleared.extend(staged.cleared.iter().cloned());
    Ok(Restored::Done(Done {
        manifest,
        comparison,
        aside,
        suffix,
        data,
        cleared,
        exposed,
    }))
}

/// Checks that a copy agrees with its manifest and that this server can use it.
fn fits(manifest: &Manifest, facts: &Facts) -> Result<(), String> {
    let newest = sqlite::newest_schema();
    if facts.schema > newest {
        return Err(format!(
            "it is of schema version {}, which is newer than this server's; use the newer server",
            facts.schema
        ));
    }
    let found = (
        facts.schema,
        &facts.store_id,
        facts.position.generation,
        facts.position.audit_sequence,
    );
    let said = (
        manifest.schema_version,
        &manifest.store_id,
        manifest.generation,
        manifest.audit_sequence,
    );
    if found == said {
        Ok(())
    } else {
        Err("the copy in it is not the one that its manifest is about".to_owned())
    }
}

/// Compares the copy with the present store.
async fn look(before: &PresentStore, copy: &Path, facts: &Facts) -> Result<(Comparison, Present), BackupError> {
    let PresentStore { database, mark } = before;
    if past::is_empty(database) {
        let comparison = Comparison::unknown(format!("there is no store {} to compare with", database.display()));
        return Ok((comparison, Present::default()));
    }
    let mut backup = inspect::read_only(copy)
        .immutable(true)
        .connect()
        .await
        .map_err(BackupError::database(copy))?;
    let found = match inspect::read_only(database).connect().await {
        Ok(mut present) => {
            let found = compare(&mut backup, &mut present, facts, mark.as_ref()).await;
            let _ = present.close().await;
            found
        }
        Err(error) => Err(error),
    };
    let _ = backup.close().await;
    Ok(found.unwrap_or_else(|error| {
        let comparison = Comparison::unknown(format!("the present store cannot be read: {error}"));
        (comparison, Present::default())
    }))
}

async fn compare(
    backup: &mut SqliteConnection,
    present: &mut SqliteConnection,
    facts: &Facts,
    mark: Option<&Mark>,
) -> Result<(Comparison, Present), sqlx::Error> {
    let findings = inspect::findings(present).await?;
    if !findings.is_empty() {
        let comparison = Comparison::unknown(format!("the present store is damaged: {}", findings.join("; ")));
        return Ok((comparison, Present::default()));
    }
    let current = inspect::facts(present).await?;
    let is_same_store = current.store_id == facts.store_id;
    let generation = current.position.generation;
    let unknown = match mark.filter(|mark| mark.store_id == facts.store_id) {
        Some(mark) if !is_same_store || mark.generation > generation => Some(format!(
            "the present store is not the newest one: write {} was acknowledged",
            mark.generation
        )),
        _ if is_same_store && generation < facts.position.generation => {
            Some("the present store is older than the backup".to_owned())
        }
        _ => None,
    };
    // What an older store does not have was not deleted, it came later.
    let is_older = is_same_store && generation < facts.position.generation;
    let differences = if is_older {
        Vec::new()
    } else {
        difference::compare(backup, present, is_same_store).await?
    };
    let comparison = Comparison {
        is_another_store: !is_same_store,
        unknown,
        differences,
    };
    Ok((comparison, Present::read(present).await?))
}
