//! The data of Redis databases in a backup and in a restore.

use std::fs::DirBuilder;
use std::io::{self, Read};
use std::num::NonZeroU32;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::place::Moves;
use super::unpack::Archive;
use super::work::{WorkDirectory, sync};
use super::{BackupError, Manifest};

/// Access to the data of databases, even while engines write it.
pub trait DatabaseFiles: Send + Sync {
    /// The directory of a database, which may not exist.
    fn directory(&self, uid: NonZeroU32) -> PathBuf;

    /// Opens the data of a database as of one moment. None if there is none on disk.
    ///
    /// # Errors
    ///
    /// Any I/O error, with the file.
    fn open_data(&self, uid: NonZeroU32) -> io::Result<Option<OpenData>>;

    /// Ends an engine that a crashed server has left running in the directory of a database.
    ///
    /// # Errors
    ///
    /// Any I/O error.
    fn end_engine(&self, uid: NonZeroU32) -> io::Result<()>;
}

/// The data of a database as of one moment, unaffected by later writes of its engine.
pub struct OpenData {
    /// The form of the data.
    pub form: DataForm,
    /// That moment.
    pub as_of: OffsetDateTime,
    /// Each file of it.
    pub files: Vec<OpenDataFile>,
}

/// A file of [`OpenData`].
pub struct OpenDataFile {
    /// Path relative to the directory of the database.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// The content, from its beginning.
    pub content: Box<dyn Read + Send>,
}

/// The form of an engine's data on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataForm {
    /// A snapshot (RDB).
    Snapshot,
    /// Append-only files (AOF).
    AppendOnly,
}

/// The entry of a manifest for the data of one database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedDatabase {
    /// The number of the database.
    pub uid: u32,
    /// The name of the database.
    pub name: String,
    /// None if there was no data on disk.
    pub form: Option<DataForm>,
    /// The moment of the data, in RFC 3339.
    pub as_of: Option<String>,
    /// Each file of the data.
    pub files: Vec<SavedFile>,
    /// The reason why the data on disk is not in the backup, for the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub omitted: Option<String>,
}

/// The entry of a manifest for one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedFile {
    /// Path relative to the directory of the database.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// In hexadecimal digits.
    pub sha256: String,
}

impl SavedDatabase {
    /// Parses its number.
    pub(super) fn uid(&self) -> Result<NonZeroU32, String> {
        NonZeroU32::new(self.uid).ok_or_else(|| format!("{} is no number of a database", self.uid))
    }
}

impl SavedFile {
    /// Checks that its path stays inside the directory.
    fn relative(&self) -> Result<&Path, String> {
        let path = Path::new(&self.path);
        let is_below = path.components().all(|part| matches!(part, Component::Normal(_)));
        if is_below && !self.path.is_empty() {
            Ok(path)
        } else {
            Err(format!("{:?} is no path of a data file", self.path))
        }
    }
}

/// The name of a file's entry in the archive.
pub(super) fn entry(uid: u32, path: &str) -> String {
    format!("databases/{uid}/{path}")
}

/// Data that has been unpacked and checked, to be moved into place.
pub(super) struct StagedData {
    pub(super) moves: Vec<DirectoryMove>,
    /// The databases concerned, whose engines must not run during the move.
    uids: Vec<NonZeroU32>,
    /// Deletes everything that was not moved, when dropped.
    _work: Option<WorkDirectory>,
    /// Leftovers of killed restores that were deleted.
    pub(super) cleared: Vec<PathBuf>,
}

/// A directory to move into place.
pub(super) struct DirectoryMove {
    /// None if the backup has no data of the database: present data is moved aside nevertheless.
    pub(super) from: Option<PathBuf>,
    pub(super) to: PathBuf,
}

impl StagedData {
    /// No data, for a restore of the store alone.
    pub(super) fn none() -> Self {
        Self {
            moves: Vec::new(),
            uids: Vec::new(),
            _work: None,
            cleared: Vec::new(),
        }
    }

    /// Unpacks the data of `archive` beside its final place, and checks it. Existing data of `others`, which are not in
    /// the backup, is only moved aside. Blocks.
    pub(super) fn unpack(
        archive: &mut Archive,
        manifest: &Manifest,
        others: &[NonZeroU32],
        files: &dyn DatabaseFiles,
    ) -> Result<Self, BackupError> {
        let databases = manifest.data.as_deref().unwrap_or_default();
        let (mut moves, mut uids): (Vec<DirectoryMove>, Vec<NonZeroU32>) = (Vec::new(), Vec::new());
        let mut work: Option<WorkDirectory> = None;
        let mut cleared = Vec::new();
        for database in databases {
            let uid = database.uid().map_err(|detail| archive.refuse(detail))?;
            let to = files.directory(uid);
            if uids.contains(&uid) {
                return Err(archive.refuse(format!("it names the database {uid} twice")));
            }
            if database.omitted.is_some() {
                continue;
            }
            uids.push(uid);
            if database.files.is_empty() {
                moves.push(DirectoryMove { from: None, to });
                continue;
            }
            let work = match &mut work {
                Some(work) => work,
                none => {
                    let root = to.parent().unwrap_or(Path::new("/"));
                    make_directory(root)?;
                    let (made, dead) = WorkDirectory::make(root)?;
                    cleared = dead;
                    none.insert(made)
                }
            };
            let from = work.path(&uid.to_string());
            unpack_one(archive, database, &from)?;
            moves.push(DirectoryMove { from: Some(from), to });
        }
        for uid in others {
            if !uids.contains(uid) {
                uids.push(*uid);
                moves.push(DirectoryMove {
                    from: None,
                    to: files.directory(*uid),
                });
            }
        }
        Ok(Self {
            moves,
            uids,
            _work: work,
            cleared,
        })
    }

    /// Ends the engines that a killed server has left running where data will be moved. Blocks.
    pub(super) fn end_engines(&self, files: &dyn DatabaseFiles) -> Result<(), BackupError> {
        self.uids.iter().try_for_each(|uid| {
            let directory = files.directory(*uid);
            files
                .end_engine(*uid)
                .map_err(BackupError::io(&directory, "taken over"))
        })
    }
}

fn unpack_one(archive: &mut Archive, database: &SavedDatabase, directory: &Path) -> Result<(), BackupError> {
    make_directory(directory)?;
    for file in &database.files {
        let path = directory.join(file.relative().map_err(|detail| archive.refuse(detail))?);
        let parent = path.parent().unwrap_or(directory);
        make_directory(parent)?;
        archive.unpack(&entry(database.uid, &file.path), (file.size, &file.sha256), &path)?;
        sync(parent)?;
    }
    sync(directory)
}

/// Creates it for its owner alone; an engine that runs as another user gets access at its start.
fn make_directory(path: &Path) -> Result<(), BackupError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(BackupError::io(path, "made"))
}

/// Moves the data into place, and existing data aside.
pub(super) fn put(moves: &[DirectoryMove], suffix: &str, done: &mut Moves) -> Result<(), BackupError> {
    for DirectoryMove { from, to } in moves {
        done.aside(to, suffix)?;
        if let Some(from) = from {
            done.rename(from, to, "put in place")?;
        }
        if let Some(root) = to.parent().filter(|root| root.exists()) {
            sync(root)?;
        }
    }
    Ok(())
}
