//! The directory of an engine: its socket, data, configuration and log.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::io::Errno;
use tokio::net::UnixStream;

use super::account::EngineAccount;

/// The directory of an engine. A lock on a file in it keeps other servers out.
pub(super) struct EngineDirectory {
    path: PathBuf,
    open: OnceLock<OpenDirectory>,
    lock: Mutex<Option<File>>,
}

struct OpenDirectory {
    /// The path without symbolic links, as `/proc` shows it.
    canonical: PathBuf,
    handle: File,
}

impl EngineDirectory {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            open: OnceLock::new(),
            lock: Mutex::new(None),
        }
    }

    /// The path as given.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Creates the directory with mode 0700, and locks it for this server. Does nothing if that is done already.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::ResourceBusy`] while another server uses it; otherwise any I/O error.
    pub(super) fn take(&self) -> io::Result<()> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if lock.is_some() {
            return Ok(());
        }
        DirBuilder::new().recursive(true).mode(0o700).create(&self.path)?;
        fs::set_permissions(&self.path, Permissions::from_mode(0o700))?;
        let file = private()
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.path.join(LOCK))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let busy = format!("another server has {}", self.path.display());
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, busy));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        if self.open.get().is_none() {
            let canonical = fs::canonicalize(&self.path)?;
            let handle = File::open(&canonical)?;
            // Only the holder of the lock comes here.
            let _ = self.open.set(OpenDirectory { canonical, handle });
        }
        *lock = Some(file);
        Ok(())
    }

    /// Unlocks it for other servers.
    pub(super) fn release(&self) {
        *self.lock.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The path without symbolic links, once the directory is locked.
    pub(super) fn canonical(&self) -> Option<&Path> {
        self.open.get().map(|open| open.canonical.as_path())
    }

    /// Connects to the engine's socket.
    ///
    /// # Errors
    ///
    /// Any I/O error; [`io::ErrorKind::NotFound`] before the directory has been taken.
    pub(super) async fn connect(&self) -> io::Result<UnixStream> {
        let open = self.open.get().ok_or(Errno::NOENT)?;
        let mut path = open.canonical.join(SOCKET);
        if path.as_os_str().len() > MAX_SOCKET_PATH {
            // The same file by a path that is short (proc(5), /proc/pid/fd).
            path = Path::new("/proc/self/fd")
                .join(open.handle.as_raw_fd().to_string())
                .join(SOCKET);
        }
        loop {
            match UnixStream::connect(&path).await {
                // The engine has not accepted those that came before; whoever calls gives up in time.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => tokio::time::sleep(FULL_BACKLOG).await,
                connected => return connected,
            }
        }
    }

    /// Writes the configuration file of the next start, and the path of the program, by which processes that a crash of
    /// the server left behind are found.
    ///
    /// # Errors
    ///
    /// Any I/O error.
    pub(super) fn write_configuration(&self, text: &str, program: &Path) -> io::Result<()> {
        write_private(&self.path.join(PROGRAM), program.as_os_str().as_encoded_bytes())?;
        write_private(&self.path.join(CONFIGURATION), text.as_bytes())?;
        remove_if_there(fs::remove_file(self.path.join(SOCKET)))
    }

    /// Lets the engine of `account` read its configuration and keep its data here. The lock, the configuration and the
    /// log still belong to the server.
    ///
    /// # Errors
    ///
    /// Any I/O error.
    pub(super) fn share_with(&self, account: &EngineAccount) -> io::Result<()> {
        account.share(&self.path)?;
        account.may_read(&self.path.join(CONFIGURATION))?;
        for name in [SNAPSHOT, APPEND_ONLY_DIRECTORY, APPEND_ONLY_FILE] {
            account.own(&self.path, name)?;
        }
        Ok(())
    }

    /// Path of the program that was last started here.
    pub(super) fn program(&self) -> Option<PathBuf> {
        use std::os::unix::ffi::OsStringExt as _;

        let bytes = fs::read(self.path.join(PROGRAM)).ok()?;
        Some(PathBuf::from(std::ffi::OsString::from_vec(bytes)))
    }

    /// Path of the engine's configuration file.
    pub(super) fn configuration(&self) -> PathBuf {
        self.path.join(CONFIGURATION)
    }

    /// True if the data is in the append-only file. From Redis 7 on, the file is complete once its manifest exists.
    /// Redis 6 creates the file before it is complete, so it counts only when the snapshot is gone.
    pub(super) fn is_append_only(&self) -> bool {
        let manifest = self.path.join(APPEND_ONLY_DIRECTORY).join(APPEND_ONLY_MANIFEST);
        manifest.exists() || (self.path.join(APPEND_ONLY_FILE).exists() && !self.has_snapshot())
    }

    /// True if there is a snapshot.
    pub(super) fn has_snapshot(&self) -> bool {
        self.path.join(SNAPSHOT).exists()
    }

    /// Deletes the snapshot.
    ///
    /// # Errors
    ///
    /// Any I/O error.
    pub(super) fn remove_snapshot(&self) -> io::Result<()> {
        remove_if_there(fs::remove_file(self.path.join(SNAPSHOT)))
    }

    /// Deletes the append-only file.
    ///
    /// # Errors
    ///
    /// Any I/O error.
    pub(super) fn remove_append_only(&self) -> io::Result<()> {
        remove_if_there(fs::remove_dir_all(self.path.join(APPEND_ONLY_DIRECTORY)))?;
        remove_if_there(fs::remove_file(self.path.join(APPEND_ONLY_FILE)))
    }

    /// Opens the log for appending.
    ///
    /// # Errors
    ///
    /// Any I/O error.
    pub(super) fn open_log(&self) -> io::Result<File> {
        self.bound_log()?;
        private().append(true).create(true).open(self.path.join(LOG))
    }

    /// Truncates the log when it is longer than `MAX_LOG`, and keeps one copy of its former content.
    ///
    /// # Errors
    ///
    /// Any I/O error.
    pub(super) fn bound_log(&self) -> io::Result<()> {
        let path = self.path.join(LOG);
        match fs::metadata(&path) {
            Ok(metadata) if metadata.len() > MAX_LOG => {
                let mut old = private()
                    .write(true)
                    .create(true)
                    .truncate(true)
                    .open(self.path.join(OLD_LOG))?;
                io::copy(&mut File::open(&path)?, &mut old)?;
                // The engine goes on writing at its end, wherever that is.
                OpenOptions::new().write(true).open(&path)?.set_len(0)
            }
            _ => Ok(()),
        }
    }

    /// The last line of the log with content. Lines that quote the configuration are omitted, because they may hold the
    /// digest of a password.
    pub(super) fn last_words(&self) -> Option<String> {
        let mut file = File::open(self.path.join(LOG)).ok()?;
        let length = file.metadata().ok()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL))).ok()?;
        let mut tail = Vec::new();
        file.take(TAIL).read_to_end(&mut tail).ok()?;
        let tail = String::from_utf8_lossy(&tail).into_owned();
        let says = |line: &&str| !line.trim().is_empty() && !line.starts_with(">>>");
        tail.lines().rev().find(says).map(|line| line.trim().to_owned())
    }

    /// Moves the directory to `path`, which must not exist.
    ///
    /// # Errors
    ///
    /// Any I/O error; [`io::ErrorKind::AlreadyExists`] if `path` exists.
    pub(super) fn move_to(&self, path: &Path) -> io::Result<()> {
        if let Some(parent) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        }
        if path.symlink_metadata().is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::rename(&self.path, path)
    }

    /// Deletes the directory with everything in it.
    ///
    /// # Errors
    ///
    /// Any I/O error.
    pub(super) fn remove(&self) -> io::Result<()> {
        remove_if_there(fs::remove_dir_all(&self.path))
    }
}

/// Options for opening the server's own files. An engine that runs as another user may have replaced one: symbolic
/// links are not followed, and FIFOs do not block.
fn private() -> OpenOptions {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut options = OpenOptions::new();
    options.mode(0o600).custom_flags(flags.bits().cast_signed());
    options
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = private().write(true).create(true).truncate(true).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(bytes)
}

fn remove_if_there(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Name of the engine's socket.
pub(super) const SOCKET: &str = "engine.sock";
const CONFIGURATION: &str = "redis.conf";
const LOCK: &str = "lock";
const PROGRAM: &str = "engine.program";
const LOG: &str = "engine.log";
const OLD_LOG: &str = "engine.log.1";
// Redis's own defaults.
pub(super) const SNAPSHOT: &str = "dump.rdb";
pub(super) const APPEND_ONLY_DIRECTORY: &str = "appendonlydir";
pub(super) const APPEND_ONLY_MANIFEST: &str = "appendonly.aof.manifest";
pub(super) const APPEND_ONLY_FILE: &str = "appendonly.aof";
/// `sun_path` has 108 bytes, the last of them zero (unix(7)).
const MAX_SOCKET_PATH: usize = 107;
/// Two files of this size hold about ten thousand lines.
const MAX_LOG: u64 = 1024 * 1024;
/// Number of bytes at the end of the log in which the last line is searched.
const TAIL: u64 = 4096;
/// Pause when the backlog is full. The engine accepts a thousand connections in this time.
const FULL_BACKLOG: Duration = Duration::from_millis(5);
