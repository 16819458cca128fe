//! A directory for unfinished files.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use uuid::Uuid;

use super::BackupError;

/// A private directory (0700), on the file system of the finished files. It is deleted with its content when dropped. A
/// file in it is locked as long as its process lives, so that leftovers of a killed process can be recognized.
#[derive(Debug)]
pub(super) struct WorkDirectory {
    path: PathBuf,
    _lock: File,
}

impl WorkDirectory {
    /// Creates one in `parent`, and deletes those there whose process has died. Returns the paths of these.
    pub(super) fn make(parent: &Path) -> Result<(Self, Vec<PathBuf>), BackupError> {
        let cleared = clear(parent);
        let path = parent.join(format!("{PREFIX}{}", Uuid::new_v4().simple()));
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(BackupError::io(&path, "made"))?;
        match lock(&path) {
            Ok(lock) => Ok((Self { path, _lock: lock }, cleared)),
            Err(error) => {
                let failed = BackupError::io(&path, "locked")(error);
                let _ = fs::remove_dir_all(&path);
                Err(failed)
            }
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for WorkDirectory {
    fn drop(&mut self) {
        // Once more: a statement of SQLite's that was given up may be making a journal.
        if fs::remove_dir_all(&self.path).is_err() {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Locks the file under another name first: an unlocked file with the final name therefore belongs to a dead process.
fn lock(directory: &Path) -> io::Result<File> {
    let unlocked = directory.join("new-lock");
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unlocked)?;
    file.lock()?;
    fs::rename(unlocked, directory.join(LOCK))?;
    Ok(file)
}

/// Deletes directories in `parent` that belonged to this user's processes and whose lock is free. Directories that
/// cannot be proved to be such are left alone.
fn clear(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_str().is_some_and(is_name))
        .map(|entry| entry.path())
        .filter(|path| is_dead(path) && fs::remove_dir_all(path).is_ok())
        .collect()
}

fn is_name(name: &str) -> bool {
    name.strip_prefix(PREFIX)
        .is_some_and(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_dead(path: &Path) -> bool {
    let user = rustix::process::geteuid().as_raw();
    if !fs::symlink_metadata(path).is_ok_and(|found| found.is_dir() && found.uid() == user) {
        return false;
    }
    let lock = OpenOptions::new()
        .write(true)
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
        .open(path.join(LOCK));
    lock.is_ok_and(|lock| lock.try_lock().is_ok())
}

/// Synchronizes a file or directory to disk.
pub(super) fn sync(path: &Path) -> Result<(), BackupError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(BackupError::io(path, "synchronised"))
}

const PREFIX: &str = ".certward-unfinished-";
const LOCK: &str = "lock";
