//! The files of an open store, and checks that they are still the opened ones.
//!
//! SQLite continues to write into a deleted or replaced file: such writes are lost with the process. So the server
//! compares the files at these paths with the opened ones, before and after each write.

use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::index::{self, NeverClosed};

/// Free bytes that are required before changes are accepted again.
pub(crate) const ROOM: usize = 256 * 1024;
const ROOM_FILE: &str = "certward.room";

/// The files of an open store.
#[derive(Debug)]
pub(crate) struct StoreFiles {
    /// The path in the settings.
    given: Opened,
    /// The write-ahead log and its index, in the directory that `given` resolves to.
    wal: Opened,
    index: Opened,
    /// A separate descriptor, for the length and for synchronization. SQLite holds no lock on this file, so closing it
    /// releases none (fcntl(2)).
    wal_file: File,
    index_file: NeverClosed,
    database_file: NeverClosed,
    /// The number of transactions in the index when the last write was proved. None if the count did not match the
    /// server's own writes and therefore proves nothing.
    commits: Mutex<Option<u32>>,
}

#[derive(Debug)]
struct Opened {
    path: PathBuf,
    device: u64,
    inode: u64,
    /// The minimum length of the file: SQLite extends it, and only the server truncates it.
    length: AtomicU64,
}

/// A file of the store is not the opened one.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// It is missing, or has been replaced.
    #[error(
        "the store's file is not the one that was opened: {} was {what}; put it back, or stop the server and restore a \
         backup",
        path.display()
    )]
    Exchanged {
        /// The file.
        path: PathBuf,
        /// The change to the file.
        what: &'static str,
    },
    /// The metadata of the file cannot be read.
    #[error("cannot look at the store's file {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

impl FilesError {
    /// Returns `true` if a file is shorter than before, and nothing else is wrong.
    pub(crate) fn is_cut_short(&self) -> bool {
        matches!(self, Self::Exchanged { what: CUT_SHORT, .. })
    }
}

impl StoreFiles {
    /// Writes as much beside the store as a change may need, and deletes it again.
    ///
    /// # Errors
    ///
    /// Any I/O error.
    pub(crate) async fn check_room(&self) -> io::Result<()> {
        let path = self.given.path.with_file_name(ROOM_FILE);
        let check = move || {
            // Left behind by a crash.
            let _ = fs::remove_file(&path);
            let written = File::create_new(&path).and_then(|mut file| {
                file.set_permissions(Permissions::from_mode(0o600))?;
                file.write_all(&vec![0x55; ROOM])?;
                file.sync_all()
            });
            let removed = fs::remove_file(&path);
            written.and(removed)
        };
        tokio::task::spawn_blocking(check).await.map_err(io::Error::other)?
    }

    /// The files as they are now, while a connection has them open.
    pub(crate) fn opened(given: &Path, database: &Path) -> Result<Self, FilesError> {
        let wal = with_suffix(database, "-wal");
        let failed = |source| FilesError::Unreadable {
            path: wal.clone(),
            source,
        };
        let wal_file = File::open(&wal).map_err(failed)?;
        let never_closed = |path: &Path| {
            NeverClosed::open(path).map_err(|source| FilesError::Unreadable {
                path: path.to_owned(),
                source,
            })
        };
        let index = with_suffix(database, "-shm");
        let index_file = never_closed(&index)?;
        Ok(Self {
            commits: Mutex::new(index::read(&index_file).map(|head| head.commits)),
            index_file,
            database_file: never_closed(database)?,
            given: Opened::now(given.to_owned())?,
            index: Opened::now(index)?,
            wal: Opened::now(wal)?,
            wal_file,
        })
    }

    /// Checks that every file is still the opened one, and has lost nothing.
    pub(crate) fn check(&self) -> Result<(), FilesError> {
        self.given.check()?;
        self.wal.check()?;
        self.index.check()
    }

    /// Returns `true` if the log was removed or renamed, but its content can still be read through the open file.
    pub(crate) fn has_lost_only_the_name_of_its_log(&self) -> bool {
        let is_whole = self
            .wal_file
            .metadata()
            .is_ok_and(|found| found.len() >= self.wal.length.load(Ordering::Relaxed));
        self.given.check().is_ok() && self.index.check().is_ok() && self.wal.check().is_err() && is_whole
    }

    /// Records the lengths of the files and the number of transactions, of which `own` are the server's since the last
    /// call.
    pub(crate) fn note_proof(&self, own: u32) {
        self.given.note_length();
        self.wal.note_length();
        let mut commits = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        *commits = commits
            .and_then(|before| before.checked_add(own))
            .filter(|expected| index::read(&self.index_file).is_some_and(|head| head.commits == *expected));
    }

    /// The number of transactions that any program has committed since the last proof; none if it is unknown.
    pub(crate) fn commits_since_proof(&self) -> Option<u32> {
        let before = (*self.commits.lock().unwrap_or_else(PoisonError::into_inner))?;
        Some(index::read(&self.index_file)?.commits.wrapping_sub(before))
    }

    /// Returns `true` if the only change is that SQLite emptied the log after it had moved its content into the
    /// database, and the number of transactions is known. If another program has truncated the log, its index still
    /// lists pages.
    pub(crate) fn is_emptied_by_checkpoint(&self) -> bool {
        if self.given.check().is_err() || self.index.check().is_err() {
            return false;
        }
        let is_empty = self.wal_file.metadata().is_ok_and(|found| found.len() == 0);
        is_empty
            && self.commits_since_proof().is_some()
            && index::read(&self.index_file).is_some_and(|head| head.frames == 0)
    }

    /// Synchronizes the database file, without its log.
    ///
    /// # Errors
    ///
    /// Any I/O error.
    pub(crate) fn sync_database(&self) -> io::Result<()> {
        self.database_file.sync_all()
    }

    /// Accepts any length of the log from now on: it is about to be emptied, or a checkpoint has emptied it.
    pub(crate) fn expect_short_log(&self) {
        self.wal.length.store(0, Ordering::Relaxed);
    }

    /// Synchronizes the empty log.
    ///
    /// # Errors
    ///
    /// Any I/O error; [`io::ErrorKind::InvalidData`] if the log is not empty.
    pub(crate) fn sync_empty_log(&self) -> io::Result<()> {
        if self.wal_file.metadata()?.len() != 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the store's log was not emptied",
            ));
        }
        self.wal_file.sync_all()
    }
}

impl Opened {
    fn now(path: PathBuf) -> Result<Self, FilesError> {
        match fs::metadata(&path) {
            Ok(found) => Ok(Self {
                device: found.dev(),
                inode: found.ino(),
                length: AtomicU64::new(found.len()),
                path,
            }),
            Err(source) => Err(FilesError::Unreadable { path, source }),
        }
    }

    fn found(&self) -> Result<Metadata, FilesError> {
        fs::metadata(&self.path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => self.exchanged("removed"),
            _ => FilesError::Unreadable {
                path: self.path.clone(),
                source,
            },
        })
    }

    fn check(&self) -> Result<(), FilesError> {
        let found = self.found()?;
        if (found.dev(), found.ino()) != (self.device, self.inode) {
            return Err(self.exchanged("replaced"));
        }
        if found.len() < self.length.load(Ordering::Relaxed) {
            return Err(self.exchanged(CUT_SHORT));
        }
        Ok(())
    }

    fn note_length(&self) {
        if let Ok(found) = self.found() {
            self.length.store(found.len(), Ordering::Relaxed);
        }
    }

    fn exchanged(&self, what: &'static str) -> FilesError {
        FilesError::Exchanged {
            path: self.path.clone(),
            what,
        }
    }
}

const CUT_SHORT: &str = "cut short";

pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
