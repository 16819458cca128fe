//! The system user that runs the engines, if it is not the server's own.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, chown, lchown};
use std::path::Path;

use nix::unistd::{Uid, User};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, chownat, fstat, openat};
use rustix::io::Errno;

/// The system user that runs the engines: its name, UID and GID. Only root can start a process as another user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineAccount {
    name: String,
    uid: u32,
    gid: u32,
}

/// The reason that engines cannot run as a user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineAccountError {
    /// The server is not root, so it cannot change the user.
    #[error("cannot be set, because the server does not run as root; without it, engines run as the server's own user")]
    NotRoot,
    /// The user is root, which would give no protection.
    #[error("is the user root; name a user without privileges, such as redis")]
    Root,
    /// There is no such user.
    #[error("is {0:?}, and the system has no such user; make it with: useradd --system --no-create-home {0}")]
    Unknown(String),
    /// The lookup failed.
    #[error("is {name:?}, which the system cannot look up: {problem}")]
    Lookup {
        /// The name as given.
        name: String,
        /// The error of the system.
        problem: String,
    },
}

impl EngineAccount {
    /// Finds the user with this name or number. A number without an entry is its own group, as in containers.
    ///
    /// # Errors
    ///
    /// `EngineAccountError`.
    pub fn find(text: &str) -> Result<Self, EngineAccountError> {
        if !rustix::process::geteuid().is_root() {
            return Err(EngineAccountError::NotRoot);
        }
        let number = text.parse::<u32>().ok();
        let found = match number {
            Some(uid) => User::from_uid(Uid::from_raw(uid)),
            None => User::from_name(text),
        };
        let found = found.map_err(|error| EngineAccountError::Lookup {
            name: text.to_owned(),
            problem: error.to_string(),
        })?;
        let (uid, gid) = match (found, number) {
            (Some(user), _) => (user.uid.as_raw(), user.gid.as_raw()),
            (None, Some(uid)) => (uid, uid),
            (None, None) => return Err(EngineAccountError::Unknown(text.to_owned())),
        };
        if uid == 0 || gid == 0 {
            return Err(EngineAccountError::Root);
        }
        Ok(Self {
            name: text.to_owned(),
            uid,
            gid,
        })
    }

    /// The name as given.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn uid(&self) -> u32 {
        self.uid
    }

    pub(super) fn gid(&self) -> u32 {
        self.gid
    }

    /// Lets engines traverse a directory of the server to reach their own: through its group, which may neither list
    /// nor write it.
    ///
    /// # Errors
    ///
    /// The error of the system.
    pub fn let_through(&self, directory: &Path) -> io::Result<()> {
        chown(directory, None, Some(self.gid))?;
        let mode = fs::metadata(directory)?.permissions().mode();
        fs::set_permissions(directory, Permissions::from_mode((mode & 0o7707) | GROUP_MAY_SEARCH))
    }

    /// Lets the engine create files in its directory. The sticky bit keeps it from replacing or deleting the server's
    /// files there.
    pub(super) fn share(&self, directory: &Path) -> io::Result<()> {
        chown(directory, None, Some(self.gid))?;
        fs::set_permissions(directory, Permissions::from_mode(SHARED))
    }

    /// Lets the engine read a file that belongs to the server.
    pub(super) fn may_read(&self, file: &Path) -> io::Result<()> {
        lchown(file, None, Some(self.gid))?;
        fs::set_permissions(file, Permissions::from_mode(0o640))
    }

    /// Gives the file or the directory `name` in `directory` to the engine, with the files in it.
    ///
    /// The engine may replace its own files with links at any moment. So no file is addressed by its path twice: each
    /// is opened without following a link, checked, and given away through the descriptor. A file with a second hard
    /// link is left alone, because it may belong to someone else.
    pub(super) fn own(&self, directory: &Path, name: &str) -> io::Result<()> {
        let parent = rustix::fs::open(
            directory,
            OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let Some((found, kind)) = self.give(&parent, name.as_ref())? else {
            return Ok(());
        };
        if kind == FileType::Directory {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            for entry in Dir::new(openat(&found, ".", flags, Mode::empty())?)? {
                let entry = entry?;
                if ![c".", c".."].contains(&entry.file_name()) {
                    self.give(&found, Path::new(OsStr::from_bytes(entry.file_name().to_bytes())))?;
                }
            }
        }
        Ok(())
    }

    /// Gives one file or directory to the engine. None if it is something else, or gone.
    fn give(&self, parent: &OwnedFd, name: &Path) -> io::Result<Option<(OwnedFd, FileType)>> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let found = match openat(parent, name, flags, Mode::empty()) {
            Err(Errno::NOENT) => return Ok(None),
            found => found?,
        };
        let stat = fstat(&found)?;
        let kind = FileType::from_raw_mode(stat.st_mode);
        let is_for_engine = kind == FileType::Directory || (kind == FileType::RegularFile && stat.st_nlink == 1);
        if !is_for_engine {
            return Ok(None);
        }
        if (stat.st_uid, stat.st_gid) != (self.uid, self.gid) {
            let (uid, gid) = (rustix::fs::Uid::from_raw(self.uid), rustix::fs::Gid::from_raw(self.gid));
            chownat(&found, "", Some(uid), Some(gid), AtFlags::EMPTY_PATH)?;
        }
        Ok(Some((found, kind)))
    }
}

const GROUP_MAY_SEARCH: u32 = 0o010;
/// Owner and group have full access, and the sticky bit limits the group to its own files.
const SHARED: u32 = 0o1770;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;
    use std::sync::atomic::{AtomicBool, Ordering};

    use rustix::fs::{CWD, RenameFlags};

    use super::*;

    #[test]
    fn an_engine_that_exchanges_its_directory_for_a_link_is_given_nothing_of_the_servers() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let work = tempfile::tempdir().unwrap();
        let path = |name: &str| work.path().join(name);
        for directory in ["data", "data/appendonlydir", "victim"] {
            fs::create_dir(path(directory)).unwrap();
        }
        fs::write(path("data/appendonlydir/secret"), b"of the engine").unwrap();
        fs::write(path("victim/secret"), b"of the server").unwrap();
        std::os::unix::fs::symlink(path("victim"), path("data/link")).unwrap();
        let account = EngineAccount::find("nobody").unwrap();
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let (one, other) = (path("data/appendonlydir"), path("data/link"));
                    rustix::fs::renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).unwrap();
                }
            });
            for _ in 0..20_000 {
                account.own(&path("data"), "appendonlydir").unwrap();
            }
            is_over.store(true, Ordering::Relaxed);
        });
        assert_eq!(fs::metadata(path("victim")).unwrap().uid(), 0);
        assert_eq!(fs::metadata(path("victim/secret")).unwrap().uid(), 0);
    }

    #[test]
    fn an_engine_is_given_its_directory_and_the_files_in_it() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let work = tempfile::tempdir().unwrap();
        let directory = work.path().join("appendonlydir");
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("file"), b"data").unwrap();
        fs::hard_link(directory.join("file"), work.path().join("second")).unwrap();
        fs::write(directory.join("single"), b"data").unwrap();
        let account = EngineAccount::find("nobody").unwrap();
        account.own(work.path(), "appendonlydir").unwrap();
        account.own(work.path(), "missing").unwrap();
        let owner = |path: &Path| fs::metadata(path).unwrap().uid();
        assert_eq!(owner(&directory), account.uid());
        assert_eq!(owner(&directory.join("single")), account.uid());
        assert_eq!(owner(&directory.join("file")), 0, "it has a second name");
    }

    #[test]
    fn engines_run_as_a_user_that_exists_and_is_not_root() {
        if !rustix::process::geteuid().is_root() {
            assert_eq!(EngineAccount::find("nobody"), Err(EngineAccountError::NotRoot));
            return;
        }
        let nobody = EngineAccount::find("nobody").unwrap();
        assert_eq!(
            EngineAccount::find(&nobody.uid().to_string()).unwrap().gid(),
            nobody.gid()
        );
        assert_eq!(EngineAccount::find("4000123").unwrap().gid(), 4_000_123);
        assert_eq!(EngineAccount::find("root"), Err(EngineAccountError::Root));
        assert_eq!(EngineAccount::find("0"), Err(EngineAccountError::Root));
        let unknown = EngineAccount::find("no-such-user").unwrap_err();
        assert!(unknown.to_string().contains("useradd --system"), "{unknown}");
    }
}
