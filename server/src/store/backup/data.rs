//! The data of Redis databases: what a backup takes of it, and how a restore puts it back.

use std::fs::DirBuilder;
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::place::Moves;
use super::unpack::Archive;
use super::work::{WorkDirectory, sync};
use super::{BackupError, Manifest};
use crate::cluster::uid::DatabaseUid;

/// Access to the data of databases, also while engines write it.
pub(crate) trait DatabaseFiles: Send + Sync {
    /// The directory of a database, which need not be there.
    fn directory(&self, uid: DatabaseUid) -> PathBuf;

    /// Opens the data of a database as it is at one moment. None when nothing of it is on the disk.
    ///
    /// # Errors
    ///
    /// The error of the system, with the file.
    fn open_data(&self, uid: DatabaseUid) -> io::Result<Option<OpenData>>;

    /// Ends the engine that a server which has crashed may have left running in the directory of a database.
    ///
    /// # Errors
    ///
    /// The error of the system.
    fn end_engine(&self, uid: DatabaseUid) -> io::Result<()>;
}

/// The data of a database at one moment, whatever its engine writes or deletes later.
pub(crate) struct OpenData {
    pub(crate) form: DataForm,
    /// The moment.
    pub(crate) as_of: OffsetDateTime,
    pub(crate) files: Vec<OpenDataFile>,
}

/// A file of [`OpenData`].
pub(crate) struct OpenDataFile {
    /// Below the directory of the database.
    pub(crate) path: String,
    /// In bytes.
    pub(crate) size: u64,
    pub(crate) content: Box<dyn Read + Send>,
}

/// The form in which an engine keeps its data on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DataForm {
    /// A snapshot (RDB).
    Snapshot,
    /// Append-only files (AOF).
    AppendOnly,
}

/// The entry of a manifest for the data of one database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedDatabase {
    pub(crate) uid: u32,
    pub(crate) name: String,
    /// None when no data was on the disk.
    pub(crate) form: Option<DataForm>,
    /// The moment of the data, as RFC 3339 writes it.
    pub(crate) as_of: Option<String>,
    pub(crate) files: Vec<SavedFile>,
    /// The reason that the data on the disk is not in the backup, for the operator to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) omitted: Option<String>,
}

/// The entry of a manifest for one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedFile {
    /// Below the directory of the database.
    pub(crate) path: String,
    /// In bytes.
    pub(crate) size: u64,
    /// In hexadecimal digits.
    pub(crate) sha256: String,
}

impl SavedDatabase {
    /// Its number, if it is one.
    pub(super) fn uid(&self) -> Result<DatabaseUid, String> {
        DatabaseUid::new(self.uid).ok_or_else(|| format!("{} is no number of a database", self.uid))
    }
}

impl SavedFile {
    /// Its path, if it leads to nothing outside the directory.
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

/// The name of an entry of the archive.
pub(super) fn entry(uid: u32, path: &str) -> String {
    format!("databases/{uid}/{path}")
}

/// Data that was unpacked and checked, and is to be put in place.
pub(super) struct StagedData {
    pub(super) moves: Vec<DirectoryMove>,
    /// The databases of these, whose engines must not run then.
    uids: Vec<DatabaseUid>,
    /// Deleted with everything that was not put in place.
    _work: Option<WorkDirectory>,
    /// The remains of killed restores that were deleted.
    pub(super) cleared: Vec<PathBuf>,
}

/// A directory to be put in place.
pub(super) struct DirectoryMove {
    /// None when no data of the database was on the disk: what is there now is moved aside all the same.
    pub(super) from: Option<PathBuf>,
    pub(super) to: PathBuf,
}

impl StagedData {
    /// For a restore of the store alone.
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
        others: &[DatabaseUid],
        files: &dyn DatabaseFiles,
    ) -> Result<Self, BackupError> {
        let databases = manifest.data.as_deref().unwrap_or_default();
        let (mut moves, mut uids): (Vec<DirectoryMove>, Vec<DatabaseUid>) = (Vec::new(), Vec::new());
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

    /// Ends the engines that a killed server has left running where data is to be put. Blocks.
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

/// For its owner alone; an engine of another user gets its share when it is started.
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
