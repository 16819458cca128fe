//! A directory for files that are not finished.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::BackupError;

/// A directory of its own (0700), on the file system where the finished files will be. It is deleted when it is dropped,
/// with everything in it.
#[derive(Debug)]
pub(super) struct WorkDirectory(PathBuf);

impl WorkDirectory {
    pub(super) fn make(parent: &Path) -> Result<Self, BackupError> {
        let path = parent.join(format!("{PREFIX}{}", Uuid::new_v4().simple()));
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(BackupError::io(&path, "made"))?;
        Ok(Self(path))
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for WorkDirectory {
    fn drop(&mut self) {
        // Once more: a statement of SQLite's that was given up may be making a journal.
        if fs::remove_dir_all(&self.0).is_err() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// Makes the content of a file or directory durable.
pub(super) fn sync(path: &Path) -> Result<(), BackupError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(BackupError::io(path, "synchronised"))
}

const PREFIX: &str = ".certward-unfinished-";
