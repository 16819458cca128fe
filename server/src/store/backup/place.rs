//! Puts a restored store in the place of the present one, which is moved aside.

use std::fs;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::BackupError;
use super::data::{self, DirectoryMove};
use super::work::sync;
use crate::store::files::with_suffix;
use crate::store::mark;
use crate::store::sqlite::FILE_SUFFIXES;

/// Puts `copy`, `new_mark` and the data of databases in place, and gives what was moved aside.
///
/// Wherever this is cut off, a server either starts with the whole present store or refuses to start: the new mark comes
/// first, and it is ahead of the present store; the restored store, without which no database is started, comes last.
pub(super) fn put(
    copy: &Path,
    new_mark: &Path,
    data: &[DirectoryMove],
    database: &Path,
    suffix: &str,
) -> Result<Vec<PathBuf>, BackupError> {
    let directory = database.parent().unwrap_or(Path::new("/"));
    let mark = database.with_file_name(mark::FILE_NAME);
    let mut moved = Vec::new();
    if mark.symlink_metadata().is_ok() {
        let aside = with_suffix(&mark, suffix);
        fs::hard_link(&mark, &aside).map_err(BackupError::io(&aside, "made"))?;
        moved.push(aside);
    }
    fs::rename(new_mark, &mark).map_err(BackupError::io(&mark, "replaced"))?;
    sync(directory)?;
    for part in FILE_SUFFIXES {
        let from = with_suffix(database, part);
        if from.symlink_metadata().is_ok() {
            let aside = with_suffix(&from, suffix);
            fs::rename(&from, &aside).map_err(BackupError::io(&from, "moved aside"))?;
            moved.push(aside);
        }
    }
    sync(directory)?;
    data::put(data, suffix, &mut moved)?;
    fs::rename(copy, database).map_err(BackupError::io(database, "put in place"))?;
    sync(directory)?;
    Ok(moved)
}

/// What the names of the present files get when they are moved aside at `now`: no file has such a name yet.
pub(super) fn free_suffix(database: &Path, data: &[DirectoryMove], now: OffsetDateTime) -> String {
    let (date, time) = (now.date(), now.time());
    let stamp = format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    );
    let mark = database.with_file_name(mark::FILE_NAME);
    let is_free = |suffix: &String| {
        FILE_SUFFIXES
            .iter()
            .map(|part| with_suffix(database, part))
            .chain([mark.clone()])
            .chain(data.iter().map(|directory| directory.to.clone()))
            .all(|path| with_suffix(&path, suffix).symlink_metadata().is_err())
    };
    (1..)
        .map(|attempt| match attempt {
            1 => format!(".before-restore-{stamp}"),
            more => format!(".before-restore-{stamp}-{more}"),
        })
        .find(is_free)
        .unwrap_or_default()
}
