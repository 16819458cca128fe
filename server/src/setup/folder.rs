//! The folder of a new server, filled in one go.

use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::leftover;
use certward_system::files::{FileError, TrustedDirectory, UntrustedPath};

/// The settings file's name. It is moved to its place last: where it is, everything else is too.
pub const SETTINGS_FILE: &str = "settings.json";

/// The name of `DataDir`.
pub(super) const DATA_DIR: &str = "Databases";

/// The names that are known beforehand; the archive's name ends in the server's.
const NAMES: [&str; 10] = [
    "ca.crt",
    "ca.key",
    "server.crt",
    "server.key",
    "server.pfx",
    "admin.crt",
    "admin.key",
    "admin.pfx",
    DATA_DIR,
    SETTINGS_FILE,
];

const ARCHIVE_START: &str = "admin.client.certificate.";

/// The reason that the folder could not be filled.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder already holds files of a server.
    #[error("{} exists already, and nothing is ever overwritten; choose another folder with --dir, or move it away", _0.display())]
    Exists(PathBuf),
    /// Keys do not go into a folder that somebody else can change.
    #[error("no keys are written there")]
    Untrusted(#[from] FileError),
    /// The user may not write there.
    #[error(
        "{} cannot be filled, because user {user} may not write into {}; name a folder of your own with --dir, or run \
         setup as a user who may", folder.display(), at.display()
    )]
    NotWritable {
        /// The folder that setup was to fill.
        folder: PathBuf,
        /// The one that is there: the folder, or the lowest above it.
        at: PathBuf,
        /// The numeric ID of this process's user.
        user: u32,
        /// The error of the system.
        source: std::io::Error,
    },
    /// Another setup fills the folder.
    #[error("another setup is at work in {}; wait for its end", _0.display())]
    Busy(PathBuf),
    /// The system refused.
    #[error("{} could not be {done}", path.display())]
    Refused {
        /// The file or folder.
        path: PathBuf,
        /// The operation that failed, as a participle.
        done: &'static str,
        /// The error of the system.
        source: std::io::Error,
    },
}

/// A folder inside the final one, where everything is made; gone when dropped.
#[derive(Debug)]
pub(super) struct Staging {
    folder: PathBuf,
    staging: PathBuf,
    folder_is_ours: bool,
    /// Held so that no other setup works in the folder.
    _lock: File,
}

impl Staging {
    /// Makes sure that nobody else can change `folder` and that nothing of a server is in it, takes away what a killed
    /// setup left there, and makes the place to work in. `folder` is made when it is missing, and then, or when it is
    /// empty, nobody but its owner can enter it.
    pub(super) fn open(folder: &Path) -> Result<Self, FolderError> {
        let missing = matches!(folder.symlink_metadata(), Err(error) if error.kind() == ErrorKind::NotFound);
        let directory = if missing {
            TrustedDirectory::make(folder).map_err(|error| denied(folder, error))?
        } else {
            trusted(folder).map_err(|error| match error {
                FolderError::Untrusted(error) => denied(folder, error),
                error => error,
            })?
        };
        let lock = lock(folder)?;
        leftover::remove(directory.path()).map_err(refused(folder, "cleared of what a killed setup left"))?;
        let mut is_empty = true;
        for entry in std::fs::read_dir(folder).map_err(refused(folder, "read"))? {
            let entry = entry.map_err(refused(folder, "read"))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if NAMES.contains(&name.as_ref()) || name.starts_with(ARCHIVE_START) {
                return Err(FolderError::Exists(entry.path()));
            }
            is_empty = false;
        }
        if is_empty {
            close_to_others(folder)?;
        }
        let staging = folder.join(format!("{}{}", leftover::PREFIX, uuid::Uuid::new_v4().simple()));
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&staging)
            .map_err(|source| {
                denied(
                    folder,
                    FileError::Open {
                        path: staging.clone(),
                        source,
                    },
                )
            })?;
        Ok(Self {
            folder: folder.to_owned(),
            staging,
            folder_is_ours: missing,
            _lock: lock,
        })
    }

    /// The path at which `name` is created.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.staging.join(name)
    }

    /// Writes a file of mode 0600 to the disk.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), FolderError> {
        let path = self.path(name);
        let write = || {
            let mut file = File::options().write(true).create_new(true).mode(0o600).open(&path)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        write().map_err(refused(&path, "written"))
    }

    /// Moves everything to its place and names it there. When something has come there meanwhile, what was moved is
    /// taken back.
    pub(super) fn publish(mut self, archive: &str) -> Result<Vec<PathBuf>, FolderError> {
        let names = NAMES.iter().take(NAMES.len() - 1).chain([&archive, &SETTINGS_FILE]);
        let names: Vec<&str> = names.copied().collect();
        leftover::note(&self.staging, &names).map_err(refused(&self.staging, "written"))?;
        let mut moved: Vec<(PathBuf, PathBuf)> = Vec::new();
        for name in names {
            let (from, to) = (self.path(name), self.folder.join(name));
            if let Err(error) = renameat_with(CWD, &from, CWD, &to, RenameFlags::NOREPLACE) {
                for (from, to) in moved {
                    let _ = std::fs::rename(to, from);
                }
                return Err(match error {
                    rustix::io::Errno::EXIST => FolderError::Exists(to),
                    error => refused(&to, "written")(error.into()),
                });
            }
            moved.push((from, to));
        }
        self.folder_is_ours = false;
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .map_err(refused(&self.folder, "written"))?;
        Ok(moved.into_iter().map(|(_, to)| to).collect())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // Once more, because the store may still have been writing.
        if std::fs::remove_dir_all(&self.staging).is_err() {
            let _ = std::fs::remove_dir_all(&self.staging);
        }
        if self.folder_is_ours {
            let _ = std::fs::remove_dir(&self.folder);
        }
    }
}

/// A folder that is there. An empty one of our own is closed to others first; any other is for its owner to correct.
fn trusted(folder: &Path) -> Result<TrustedDirectory, FolderError> {
    match TrustedDirectory::open(folder) {
        Err(FileError::Untrusted(UntrustedPath::Writable { path, .. } | UntrustedPath::Listed { path, .. }))
            if is_own_and_empty(&path, folder) =>
        {
            close_to_others(folder)?;
            Ok(TrustedDirectory::open(folder)?)
        }
        judged => Ok(judged?),
    }
}

/// Returns `true` when the folder itself is what others can write, and not one above it, and it is empty.
fn is_own_and_empty(writable: &Path, folder: &Path) -> bool {
    let is_folder = std::fs::canonicalize(folder).is_ok_and(|path| path == writable);
    let is_own = || {
        let owner = folder.metadata().map(|metadata| metadata.uid());
        owner.is_ok_and(|owner| owner == rustix::process::geteuid().as_raw())
    };
    let is_empty = || std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    is_folder && is_own() && is_empty()
}

fn close_to_others(folder: &Path) -> Result<(), FolderError> {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
        .map_err(refused(folder, "closed to others"))
}

/// An error of making something in `folder`.
fn denied(folder: &Path, error: FileError) -> FolderError {
    match error {
        FileError::Open { source, .. }
            if matches!(
                source.kind(),
                ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
            let at = folder.ancestors().find(|above| above.symlink_metadata().is_ok());
            FolderError::NotWritable {
                at: at.unwrap_or(&folder).to_owned(),
                folder,
                user: rustix::process::geteuid().as_raw(),
                source,
            }
        }
        error => FolderError::Untrusted(error),
    }
}

/// While this is held, every working folder in `folder` belongs to a dead setup. A file system without locks has no
/// other setup to wait for.
fn lock(folder: &Path) -> Result<File, FolderError> {
    let file = File::open(folder).map_err(refused(folder, "opened"))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(FolderError::Busy(folder.to_owned())),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

fn refused(path: &Path, done: &'static str) -> impl FnOnce(std::io::Error) -> FolderError {
    move |source| FolderError::Refused {
        path: path.to_owned(),
        done,
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn staged(folder: &Path) -> Staging {
        let staging = Staging::open(folder).unwrap();
        for name in NAMES.iter().filter(|name| **name != DATA_DIR) {
            staging.write(name, b"new").unwrap();
        }
        std::fs::create_dir(staging.path(DATA_DIR)).unwrap();
        staging.write("admin.client.certificate.a.zip", b"new").unwrap();
        staging
    }

    fn names_in(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn everything_appears_at_once_and_only_the_owner_can_enter() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/b");
        let staging = staged(&folder);
        assert!(names_in(&folder).iter().all(|name| name.starts_with(".setup-")));
        let files = staging.publish("admin.client.certificate.a.zip").unwrap();
        assert_eq!(files.len(), 11);
        assert_eq!(names_in(&folder).len(), 11);
        assert_eq!(files.last().unwrap().file_name().unwrap(), SETTINGS_FILE);
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_file_of_another_server_is_found_before_anything_is_made() {
        for name in NAMES.into_iter().chain(["admin.client.certificate.other.zip"]) {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(name), "old").unwrap();
            assert!(matches!(Staging::open(folder.path()), Err(FolderError::Exists(path)) if path.ends_with(name)));
            assert_eq!(names_in(folder.path()), [name]);
        }
    }

    #[test]
    fn a_file_that_comes_in_between_is_kept_and_what_was_moved_is_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let staging = staged(folder.path());
        std::fs::write(folder.path().join(SETTINGS_FILE), "old").unwrap();
        assert!(matches!(
            staging.publish("admin.client.certificate.a.zip"),
            Err(FolderError::Exists(_))
        ));
        assert_eq!(names_in(folder.path()), [SETTINGS_FILE]);
        assert_eq!(std::fs::read(folder.path().join(SETTINGS_FILE)).unwrap(), b"old");
    }

    #[test]
    fn what_a_killed_setup_left_is_taken_away_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("server");
        for moved in [0, 4, 11] {
            let staging = staged(&folder);
            std::fs::write(folder.join("notes.txt"), "mine").unwrap();
            // As a kill leaves it: some of the files are in their place.
            let names: Vec<&str> = NAMES.iter().take(9).copied().collect();
            let names = [names.as_slice(), &["admin.client.certificate.a.zip", SETTINGS_FILE]].concat();
            leftover::note(&staging.staging, &names).unwrap();
            for name in names.iter().take(moved) {
                std::fs::rename(staging.path(name), folder.join(name)).unwrap();
            }
            let left = staging.staging.clone();
            let Staging { _lock: lock, .. } = &staging;
            lock.unlock().unwrap();
            std::mem::forget(staging);
            assert!(left.exists());
            let opened = Staging::open(&folder);
            if moved == 11 {
                // It had come to its end: everything stays, but for the empty folder.
                assert!(matches!(opened, Err(FolderError::Exists(_))));
                assert!(!left.exists());
                assert_eq!(names_in(&folder).len(), 12);
            } else {
                drop(opened.unwrap());
                assert_eq!(names_in(&folder), ["notes.txt"], "{moved}");
            }
        }
    }

    #[test]
    fn a_folder_that_may_not_be_written_is_named_with_what_is_right() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/b");
        for kind in [ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem] {
            let path = folder.clone();
            let error = denied(
                &folder,
                FileError::Open {
                    path,
                    source: kind.into(),
                },
            );
            let text = error.to_string();
            let lowest = format!("may not write into {};", parent.path().display());
            assert!(
                text.starts_with(&folder.display().to_string()) && text.contains(&lowest),
                "{text}"
            );
            assert!(text.contains("--dir"), "{text}");
        }
        let path = folder.clone();
        let other = denied(&folder, FileError::NotADirectory { path });
        assert!(matches!(other, FolderError::Untrusted(_)), "{other:?}");
    }

    #[test]
    fn two_setups_do_not_work_in_one_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = Staging::open(folder.path()).unwrap();
        assert!(matches!(Staging::open(folder.path()), Err(FolderError::Busy(_))));
        drop(first);
        Staging::open(folder.path()).unwrap();
    }

    #[test]
    fn no_keys_go_into_a_folder_that_others_can_write_and_an_empty_one_is_closed_to_them() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("server");
        let set = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        std::fs::create_dir(&folder).unwrap();
        set(&folder, 0o777);
        drop(Staging::open(&folder).unwrap());
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);

        std::fs::write(folder.join("theirs"), "x").unwrap();
        for mode in [0o777, 0o757, 0o1777] {
            set(&folder, mode);
            assert!(
                matches!(Staging::open(&folder), Err(FolderError::Untrusted(_))),
                "{mode:o}"
            );
        }
        set(&folder, 0o700);
        set(parent.path(), 0o777);
        for folder in [folder, parent.path().join("new")] {
            let error = Staging::open(&folder).unwrap_err();
            let FolderError::Untrusted(cause) = error else {
                panic!("{error:?}")
            };
            assert!(cause.to_string().contains("chmod go-w"), "{cause}");
        }
        assert_eq!(names_in(parent.path()), ["server"]);
    }

    #[test]
    fn a_folder_that_was_made_for_nothing_is_taken_away() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("new");
        drop(Staging::open(&folder).unwrap());
        assert!(!folder.exists());
    }
}
