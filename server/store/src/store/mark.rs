//! A small file beside the store with the store's position, by which an older copy of the store is recognized at
//! start-up.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::OFlags;

use certward_system::files::{FileError, TrustedFile};

/// The position of a store: its identity and the numbers of its last write and audit record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) store_id: String,
    pub(crate) generation: i64,
    pub(crate) audit_sequence: i64,
}

/// The file that holds a [`Mark`]. It is written after each proved write and never synchronized: after a power failure
/// it may be behind the store, but never ahead of it.
#[derive(Debug)]
pub(crate) struct MarkFile {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    file: Option<File>,
    /// The last mark that was written.
    last: Option<Mark>,
    is_failing: bool,
}

impl MarkFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            state: Mutex::default(),
        }
    }

    /// Reads the mark that an earlier server wrote. A file that cannot be parsed counts as absent, and is logged.
    ///
    /// # Errors
    ///
    /// [`FileError`] if the file cannot be opened, or other users can change it.
    pub(crate) fn read(&self) -> Result<Option<Mark>, FileError> {
        let bytes = match TrustedFile::open(&self.path).and_then(|file| file.read(MAX_LENGTH)) {
            Ok(bytes) => bytes,
            Err(FileError::Open { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mark = str::from_utf8(&bytes).ok().and_then(parse);
        if mark.is_none() {
            tracing::warn!(
                path = %self.path.display(),
                "the mark of the store cannot be read; an older copy of the store would not be noticed at this start"
            );
        }
        Ok(mark)
    }

    /// The path of the file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns `true` when the file exists, readable or not.
    pub(crate) fn exists(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok()
    }

    /// Writes the mark. A failure is logged and has no other consequence: the store itself is intact.
    pub(crate) fn write(&self, mark: Mark) {
        let mut state = self.state();
        let written = state.write(&self.path, &mark);
        state.last = Some(mark);
        match written {
            Ok(()) => state.is_failing = false,
            Err(error) => {
                if !state.is_failing {
                    tracing::warn!(
                        %error,
                        path = %self.path.display(),
                        "the mark of the store cannot be written; an older copy of the store may not be noticed"
                    );
                }
                state.is_failing = true;
                state.file = None;
            }
        }
    }

    /// Writes the file again if it was removed or replaced.
    pub(crate) fn keep(&self) {
        let last = {
            let mut state = self.state();
            let is_there = state.file.as_ref().is_some_and(|file| is_at(file, &self.path));
            if is_there {
                return;
            }
            state.file = None;
            state.last.clone()
        };
        if let Some(last) = last {
            self.write(last);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn write(&mut self, path: &Path, mark: &Mark) -> io::Result<()> {
        let text = format!(
            "{HEAD} {} {:020} {:020}\n",
            mark.store_id, mark.generation, mark.audit_sequence
        );
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let file = OpenOptions::new()
                    .write(true)
                    .create(true)
                    .truncate(false)
                    .mode(0o600)
                    .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
                    .open(path)?;
                file.set_len(text.len() as u64)?;
                none.insert(file)
            }
        };
        // In place and in one piece: the text always has the same length.
        file.write_all_at(text.as_bytes(), 0)
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    let found = fs::symlink_metadata(path);
    let ours = file.metadata();
    matches!((ours, found), (Ok(ours), Ok(found)) if (ours.dev(), ours.ino()) == (found.dev(), found.ino()))
}

fn parse(text: &str) -> Option<Mark> {
    let mut words = text.trim_end().strip_prefix(HEAD)?.split_ascii_whitespace();
    let mark = Mark {
        store_id: words.next()?.to_owned(),
        generation: words.next()?.parse().ok()?,
        audit_sequence: words.next()?.parse().ok()?,
    };
    words.next().is_none().then_some(mark)
}

pub(crate) const FILE_NAME: &str = "certward.mark";
const HEAD: &str = "certward-mark 1";
const MAX_LENGTH: usize = 256;
