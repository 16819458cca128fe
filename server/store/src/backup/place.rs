//! Replaces the present store with the restored one, and moves the former aside.

use std::fs;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::BackupError;
use super::data::{self, DirectoryMove};
use super::work::sync;
use crate::store::files::with_suffix;
use crate::store::mark;
use crate::store::sqlite::FILE_SUFFIXES;

/// Moves `copy`, `new_mark` and the data of databases into place, and returns the files that were moved aside.
///
/// If it is interrupted anywhere, a server either starts with the complete present store or refuses to start: the new
/// mark comes first, and it is ahead of the present store; the restored store, without which no database is started,
/// comes last.
pub(super) fn put(
    copy: &Path,
    new_mark: &Path,
    data: &[DirectoryMove],
    database: &Path,
    suffix: &str,
) -> Result<Vec<PathBuf>, BackupError> {
    let mut moves = Moves::default();
    match put_all(&mut moves, (copy, new_mark), data, database, suffix) {
        Ok(()) => Ok(moves.aside),
        Err(error) => {
            let left = moves.undo();
            let _ = sync(database.parent().unwrap_or(Path::new("/")));
            if left.is_empty() {
                return Err(error);
            }
            Err(BackupError::NotUndone {
                cause: Box::new(error),
                left: left.join("; "),
            })
        }
    }
}

fn put_all(
    moves: &mut Moves,
    (copy, new_mark): (&Path, &Path),
    data: &[DirectoryMove],
    database: &Path,
    suffix: &str,
) -> Result<(), BackupError> {
    let directory = database.parent().unwrap_or(Path::new("/"));
    let mark = database.with_file_name(mark::FILE_NAME);
    if mark.symlink_metadata().is_ok() {
        let aside = with_suffix(&mark, suffix);
        fs::hard_link(&mark, &aside).map_err(BackupError::io(&aside, "made"))?;
        moves.note(&mark, &aside);
        moves.aside.push(aside);
    }
    fs::rename(new_mark, &mark).map_err(BackupError::io(&mark, "replaced"))?;
    sync(directory)?;
    for part in FILE_SUFFIXES {
        moves.aside(&with_suffix(database, part), suffix)?;
    }
    sync(directory)?;
    data::put(data, suffix, moves)?;
    moves.rename(copy, database, "put in place")?;
    sync(directory)
}

/// The renames of a restore, so that a failed restore can be undone.
#[derive(Debug, Default)]
pub(super) struct Moves {
    /// The old and new path of each rename, in this order.
    done: Vec<(PathBuf, PathBuf)>,
    /// The new paths of the files that were moved aside.
    aside: Vec<PathBuf>,
}

impl Moves {
    /// Renames an existing file, so that its name becomes free.
    pub(super) fn aside(&mut self, path: &Path, suffix: &str) -> Result<(), BackupError> {
        if path.symlink_metadata().is_ok() {
            let aside = with_suffix(path, suffix);
            self.rename(path, &aside, "moved aside")?;
            self.aside.push(aside);
        }
        Ok(())
    }

    /// Renames, or returns an error that `from` or `to` could not be `done`.
    pub(super) fn rename(&mut self, from: &Path, to: &Path, done: &'static str) -> Result<(), BackupError> {
        fs::rename(from, to).map_err(BackupError::io(from, done))?;
        self.note(from, to);
        Ok(())
    }

    fn note(&mut self, from: &Path, to: &Path) {
        self.done.push((from.to_owned(), to.to_owned()));
    }

    /// Undoes all renames, the last first. Returns descriptions of those that fail.
    fn undo(self) -> Vec<String> {
        let back = |(from, to): (PathBuf, PathBuf)| {
            let error = fs::rename(&to, &from).err()?;
            Some(format!("{} belongs at {} ({error})", to.display(), from.display()))
        };
        self.done.into_iter().rev().filter_map(back).collect()
    }
}

/// Returns the suffix for files that are moved aside at `now`, which no file has yet.
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
            1 => format!("{MOVED}{stamp}"),
            more => format!("{MOVED}{stamp}-{more}"),
        })
        .find(is_free)
        .unwrap_or_default()
}

/// The beginning of the suffix of files that were moved aside.
pub(super) const MOVED: &str = ".before-restore-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_moved_back_is_named_with_where_it_is_and_where_it_belongs() {
        let work = tempfile::tempdir().unwrap();
        let mut moves = Moves::default();
        let (here, gone) = (work.path().join("here"), work.path().join("gone"));
        fs::write(&here, "").unwrap();
        moves.aside(&here, ".aside").unwrap();
        moves.note(&gone, &with_suffix(&gone, ".aside"));
        let left = moves.undo();
        assert!(here.exists());
        let named = format!("{0}.aside belongs at {0} (", gone.display());
        assert!(left.len() == 1 && left[0].starts_with(&named), "{left:?}");
    }

    #[test]
    fn a_restore_that_fails_on_the_way_leaves_everything_as_it_was() {
        let work = tempfile::tempdir().unwrap();
        let path = |name: &str| work.path().join(name);
        let present = [
            "certward.db",
            "certward.db-wal",
            "certward.mark",
            "databases/1/dump.rdb",
        ];
        fs::create_dir_all(path("databases/1")).unwrap();
        for name in present {
            fs::write(path(name), name).unwrap();
        }
        for name in ["copy", "new-mark"] {
            fs::write(path(name), name).unwrap();
        }
        let data = [
            DirectoryMove {
                from: None,
                to: path("databases/1"),
            },
            // It is not there, so that it cannot be put in place.
            DirectoryMove {
                from: Some(path("missing")),
                to: path("databases/2"),
            },
        ];
        let database = path("certward.db");
        let error = put(&path("copy"), &path("new-mark"), &data, &database, ".before-restore-x").unwrap_err();
        assert!(error.to_string().contains("missing"), "{error}");
        for name in present {
            assert_eq!(fs::read_to_string(path(name)).unwrap(), name);
        }
        let left = |name: &str| name.contains("before-restore");
        let names = fs::read_dir(work.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        assert!(!names.into_iter().any(|name| left(&name.to_string_lossy())));
    }
}
