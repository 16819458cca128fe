//! The lock that keeps other servers away from a store.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

/// A file beside the database that this server has locked. It is never deleted: a server waiting for the lock of a
/// deleted file would not exclude one that creates the file again.
#[derive(Debug)]
pub(crate) struct StoreLock {
    path: PathBuf,
    file: Mutex<Option<File>>,
}

/// The lock could not be acquired.
#[derive(Debug)]
pub(crate) enum LockError {
    /// Another process holds the lock.
    Held,
    /// The file cannot be created or locked.
    Io(io::Error),
}

impl StoreLock {
    /// Acquires the lock; waits briefly, for the case of a quick restart.
    pub(crate) async fn take(path: PathBuf) -> Result<Self, LockError> {
        let started = Instant::now();
        loop {
            match lock(&path) {
                Ok(file) => {
                    return Ok(Self {
                        path,
                        file: Mutex::new(Some(file)),
                    });
                }
                Err(LockError::Held) if started.elapsed() < PATIENCE => tokio::time::sleep(RETRY).await,
                Err(error) => return Err(error),
            }
        }
    }

    /// Checks that the file at the path is the locked one. If it was removed, it is created and locked again.
    pub(crate) fn check(&self) -> Result<(), LockError> {
        let mut held = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = held.as_ref() else { return Ok(()) };
        let ours = file.metadata().map_err(LockError::Io)?;
        if fs::symlink_metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == (ours.dev(), ours.ino())) {
            return Ok(());
        }
        tracing::warn!(path = %self.path.display(), "the lock file of the store was removed; it is made again");
        *held = Some(lock(&self.path)?);
        Ok(())
    }

    /// Releases the lock.
    pub(crate) fn release(&self) {
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn lock(path: &Path) -> Result<File, LockError> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
        .open(path)
        .map_err(LockError::Io)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(LockError::Held),
        Err(TryLockError::Error(error)) => return Err(LockError::Io(error)),
    }
    let (ours, found) = (file.metadata(), fs::symlink_metadata(path));
    match (ours, found) {
        (Ok(ours), Ok(found)) if (ours.dev(), ours.ino()) == (found.dev(), found.ino()) => Ok(file),
        // Somebody has exchanged the file meanwhile: what is locked keeps nobody away.
        _ => Err(LockError::Held),
    }
}

pub(crate) const FILE_NAME: &str = "certward.lock";
/// Waiting longer does not help: the other server holds the lock as long as it runs.
const PATIENCE: Duration = Duration::from_secs(2);
const RETRY: Duration = Duration::from_millis(20);
