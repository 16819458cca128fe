//! Leftovers of a killed restore: the present store under another name, or a mark that is ahead of it.

use std::fs;
use std::path::{Path, PathBuf};

use super::BackupError;
use super::place::MOVED;
use super::work::WorkDirectory;
use crate::store::files::with_suffix;
use crate::store::mark::{self, Mark, MarkFile};
use crate::store::past;

/// The present store, as found by a restore.
pub(super) struct PresentStore {
    /// A path by which SQLite can open it. It may not exist.
    pub(super) database: PathBuf,
    /// The mark of that store.
    pub(super) mark: Option<Mark>,
}

/// Finds the present store of `database`: if a restore was killed, the store and the mark that it was about to replace.
/// A killed restore is recognized only by its mark, which is one write after the one that it moved aside: any other
/// store beside it may be older than later acknowledged changes.
pub(super) fn present_store(
    database: &Path,
    mark: Option<&Mark>,
    work: &WorkDirectory,
) -> Result<PresentStore, BackupError> {
    let here = PresentStore {
        database: database.to_owned(),
        mark: mark.cloned(),
    };
    let Some(suffix) = newest_suffix(&database.with_file_name(mark::FILE_NAME)) else {
        return Ok(here);
    };
    let aside = MarkFile::new(with_suffix(&database.with_file_name(mark::FILE_NAME), &suffix)).read()?;
    let (Some(mark), Some(aside)) = (mark, aside) else {
        return Ok(here);
    };
    if mark.store_id != aside.store_id || mark.generation != aside.generation + 1 {
        return Ok(here);
    }
    let moved = with_suffix(database, &suffix);
    let is_moved = past::is_empty(database) && moved.is_file();
    let database = match is_moved {
        true => link(database, &suffix, work)?,
        false => here.database,
    };
    Ok(PresentStore {
        database,
        mark: Some(aside),
    })
}

/// Links a database that was moved aside, and its log, to names that belong together.
fn link(database: &Path, suffix: &str, work: &WorkDirectory) -> Result<PathBuf, BackupError> {
    let linked = work.path("present.db");
    for part in ["", "-wal"] {
        let from = with_suffix(database, part);
        // The log is moved after the database.
        let candidates = [with_suffix(&from, suffix), from];
        if let Some(from) = candidates.iter().find(|path| path.is_file()) {
            let to = with_suffix(&linked, part);
            fs::hard_link(from, &to).map_err(BackupError::io(&to, "made"))?;
        }
    }
    Ok(linked)
}

/// The suffix that the last restore appended to the name of the mark.
fn newest_suffix(mark: &Path) -> Option<String> {
    let name = mark.file_name()?.to_str()?;
    let entries = fs::read_dir(mark.parent()?).ok()?.flatten();
    entries
        .filter_map(|entry| {
            let suffix = entry.file_name().to_str()?.strip_prefix(name)?.to_owned();
            suffix.starts_with(MOVED).then_some(suffix)
        })
        // Of one second, the longer one is the later.
        .max_by_key(|suffix| {
            let stamp = suffix.get(..MOVED.len() + STAMP).unwrap_or_default().to_owned();
            (stamp, suffix.len(), suffix.clone())
        })
}

/// Length of `20261130T120000Z`.
const STAMP: usize = 16;
