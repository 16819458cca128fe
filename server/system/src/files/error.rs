//! The errors of trusted files and directories.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::shell::ShellWord;

/// A file cannot be opened, must not be used, or is of the wrong type.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system returned an error.
    #[error("{} cannot be opened", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The process, or the system, has no descriptor left. The file itself may be in order.
    #[error(
        "{} cannot be looked at, because too many files and connections are open; raise the limit on open files \
         (LimitNOFILE of the service, ulimit -n) or lower Certward.Limits.MaxConnections",
        path.display()
    )]
    Exhausted {
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// Another user can change or read it.
    #[error(transparent)]
    Untrusted(#[from] UntrustedPath),
    /// A directory, a FIFO, a device or a socket.
    #[error("{} is not a file", path.display())]
    NotAFile {
        /// The resolved path, without symbolic links.
        path: PathBuf,
    },
    /// The path is a file instead of a directory.
    #[error("{} is not a directory", path.display())]
    NotADirectory {
        /// The resolved path, without symbolic links.
        path: PathBuf,
    },
    /// The file exceeds the limit.
    #[error("{} is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit, in bytes.
        limit: usize,
    },
}

impl FileError {
    /// Classifies an error of the system about the file at `path`.
    pub(super) fn of_system(path: PathBuf, source: io::Error) -> Self {
        match Errno::from_io_error(&source) {
            Some(Errno::MFILE | Errno::NFILE) => Self::Exhausted { path, source },
            _ => Self::Open { path, source },
        }
    }

    /// Returns `true` when the system had no descriptor left to open the file.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        matches!(self, Self::Exhausted { .. })
    }
}

/// A path that users other than this process's and root can change, or a secret that others can read; with the command
/// that corrects it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UntrustedPath {
    /// The file, directory or symbolic link belongs to another user.
    #[error(
        "{what} {} belongs to user {owner}, and must belong to user {user}, who runs the server, or to root; \
         run: chown -h {user} {}", path.display(), ShellWord::of(path)
    )]
    Owner {
        /// `file`, `directory` or `symbolic link`.
        what: &'static str,
        /// Its path.
        path: PathBuf,
        /// The numeric ID of the owner.
        owner: u32,
        /// The numeric ID of this process's user.
        user: u32,
    },
    /// Others may write it.
    #[error("{what} {} can be changed by others (mode {mode:04o}); run: chmod go-w {}", path.display(), ShellWord::of(path))]
    Writable {
        /// `file` or `directory`.
        what: &'static str,
        /// Its path.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The access control list names another user or group.
    #[error(
        "{what} {} can be {done} by {entry}, whom its access control list names; run: setfacl -x {entry} {}",
        path.display(), ShellWord::of(path)
    )]
    Listed {
        /// `file` or `directory`.
        what: &'static str,
        /// Its path.
        path: PathBuf,
        /// The entry in the syntax of setfacl(1): `user:1002`.
        entry: String,
        /// `changed` or `read`.
        done: &'static str,
    },
    /// Others may write the directory, and only its sticky bit protects the files in it.
    #[error(
        "directory {} is one that everybody may write (mode {mode:04o}); choose a directory of the server's own \
         below it, such as {}", path.display(), path.join("certward").display()
    )]
    Shared {
        /// The directory.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Others may read a secret.
    #[error(
        "{} has secrets in it and can be read by others (mode {mode:04o}); {}",
        path.display(), closed_to_others(path, *is_own)
    )]
    Readable {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
        /// True when it belongs to the server's user, who can change its mode; otherwise it belongs to root.
        is_own: bool,
    },
}

/// Describes how to withdraw other users' right to read. A file of root may be a mounted secret, whose mode is set by
/// its volume; with mode 600 the server could not read it itself.
fn closed_to_others(path: &Path, is_own: bool) -> String {
    let word = ShellWord::of(path);
    if is_own {
        format!("run: chmod 600 {word}")
    } else {
        format!(
            "leave it readable by root and by a group of the server's process alone: for a Kubernetes secret set \
             defaultMode: 0440 and fsGroup; elsewhere run as root: chmod 640 {word} && chgrp GROUP {word}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_about_a_file_of_root_is_what_the_server_s_user_can_follow() {
        let told = |is_own| {
            let (path, mode) = (PathBuf::from("/run/tls.pfx"), 0o644);
            UntrustedPath::Readable { path, mode, is_own }.to_string()
        };
        assert!(told(true).ends_with("run: chmod 600 /run/tls.pfx"), "{}", told(true));
        let of_root = told(false);
        assert!(
            of_root.contains("defaultMode: 0440 and fsGroup") && !of_root.contains("chmod 600"),
            "{of_root}"
        );
    }

    #[test]
    fn a_command_takes_any_path_as_one_word() {
        let error = UntrustedPath::Writable {
            what: "file",
            path: PathBuf::from("/a b/it's; rm"),
            mode: 0o666,
        };
        assert!(
            error.to_string().ends_with(r"run: chmod go-w '/a b/it'\''s; rm'"),
            "{error}"
        );
    }
}
