//! The system's user that engines run as, where that is not the server's own.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, lchown};
use std::path::Path;

use nix::unistd::{Uid, User};

/// The system's user that engines run as: a name, and the numbers that it stands for. Only root can start a process for
/// somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EngineAccount {
    name: String,
    uid: u32,
    gid: u32,
}

/// Why engines cannot run as a user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EngineAccountError {
    /// The server may not change the user.
    #[error("cannot be set, because the server does not run as root; without it, engines run as the server's own user")]
    NotRoot,
    /// It would be of no use.
    #[error("is the user root; name a user without privileges, such as redis")]
    Root,
    /// There is no such user.
    #[error("is {0:?}, and the system has no such user; make it with: useradd --system --no-create-home {0}")]
    Unknown(String),
    /// The system cannot say.
    #[error("is {name:?}, which the system cannot look up: {problem}")]
    Lookup {
        /// As it was given.
        name: String,
        /// What the system says.
        problem: String,
    },
}

impl EngineAccount {
    /// The user with this name or number. A number that has no name is its own group, as in containers.
    ///
    /// # Errors
    ///
    /// [`EngineAccountError`].
    pub(crate) fn find(text: &str) -> Result<Self, EngineAccountError> {
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

    /// As it was given.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn uid(&self) -> u32 {
        self.uid
    }

    pub(super) fn gid(&self) -> u32 {
        self.gid
    }

    /// Lets engines go through a directory of the server to their own: by its group, which may neither list nor write it.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(crate) fn let_through(&self, directory: &Path) -> io::Result<()> {
        chown(directory, None, Some(self.gid))?;
        let mode = fs::metadata(directory)?.permissions().mode();
        fs::set_permissions(directory, Permissions::from_mode((mode & 0o7707) | GROUP_MAY_SEARCH))
    }

    /// Lets the engine keep files in its directory, and change none of the server's there: it may neither replace nor
    /// delete them, which is what the sticky bit says.
    pub(super) fn share(&self, directory: &Path) -> io::Result<()> {
        chown(directory, None, Some(self.gid))?;
        fs::set_permissions(directory, Permissions::from_mode(SHARED))
    }

    /// Lets the engine read a file of the server's.
    pub(super) fn may_read(&self, file: &Path) -> io::Result<()> {
        lchown(file, None, Some(self.gid))?;
        fs::set_permissions(file, Permissions::from_mode(0o640))
    }

    /// Gives a file, or a directory with its files, to the engine, if it is the server's. What has a second name is left
    /// alone: it may be a file of somebody else's.
    pub(super) fn own(&self, path: &Path) -> io::Result<()> {
        let Ok(metadata) = fs::symlink_metadata(path) else {
            return Ok(());
        };
        if metadata.is_dir() {
            for entry in fs::read_dir(path)? {
                self.own(&entry?.path())?;
            }
        } else if !metadata.is_file() || metadata.nlink() > 1 {
            return Ok(());
        }
        if metadata.uid() == self.uid && metadata.gid() == self.gid {
            return Ok(());
        }
        lchown(path, Some(self.uid), Some(self.gid))
    }
}

const GROUP_MAY_SEARCH: u32 = 0o010;
/// The owner and the group do what they like, the group with its own files alone.
const SHARED: u32 = 0o1770;

#[cfg(test)]
mod tests {
    use super::*;

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
