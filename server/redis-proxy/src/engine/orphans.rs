//! Engine processes whose server has crashed: found, and ended before another one is started in the directory.
//!
//! An orphan is not adopted, because the secrets of its users and the state of its configuration were lost with the
//! server. It is ended like a supervised engine: with SIGTERM, on which it writes pending data.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::directory::EngineDirectory;

/// Ends every process that an earlier engine in `directory` has left running. Blocks until they are gone.
///
/// Three things identify such a process: it belongs to this server's user, or to one that this server may start it for;
/// it runs the program that was last started here; and its working directory is this one. It is signalled through a
/// process descriptor that was opened before these checks, so a reused process ID cannot be hit.
///
/// # Errors
///
/// Any I/O error; [`io::ErrorKind::TimedOut`] if a process does not end.
pub(super) fn end(directory: &EngineDirectory) -> io::Result<()> {
    let (Some(place), Some(program)) = (directory.canonical(), directory.program()) else {
        return Ok(());
    };
    let found = find(place, &program)?;
    if found.is_empty() {
        return Ok(());
    }
    tracing::info!(
        database.directory = %place.display(),
        engine.pids = ?found.iter().map(|orphan| orphan.pid).collect::<Vec<_>>(),
        "an engine has outlived its server; it is ended"
    );
    for orphan in &found {
        // What writes a file for an engine that is gone has nobody to give it to.
        orphan.signal(if orphan.is_writer { Signal::KILL } else { Signal::TERM })?;
    }
    if wait(place, &program, PATIENCE) {
        return Ok(());
    }
    for orphan in &found {
        orphan.signal(Signal::KILL)?;
    }
    if wait(place, &program, PATIENCE) {
        Ok(())
    } else {
        Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "an engine that has outlived its server does not end",
        ))
    }
}

struct Orphan {
    pid: i32,
    handle: OwnedFd,
    is_writer: bool,
}

impl Orphan {
    fn signal(&self, signal: Signal) -> io::Result<()> {
        match pidfd_send_signal(&self.handle, signal) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn find(place: &Path, program: &Path) -> io::Result<Vec<Orphan>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Ok(pid) = entry?.file_name().to_string_lossy().parse::<i32>() else {
            continue;
        };
        if !is_engine(pid, place, program) {
            continue;
        }
        let Some(handle) = Pid::from_raw(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()) else {
            continue;
        };
        // Looked at again: from now on the number can belong to no other process without the descriptor knowing.
        if is_engine(pid, place, program) {
            found.push(Orphan {
                pid,
                handle,
                is_writer: is_writer(pid),
            });
        }
    }
    Ok(found)
}

/// True if a process is a child that writes a file for its engine: its title is `redis-rdb-bgsave` or similar instead
/// of the path of its program.
fn is_writer(pid: i32) -> bool {
    let title = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let name = title.split(|byte| matches!(byte, b' ' | 0)).next().unwrap_or_default();
    let name = String::from_utf8_lossy(name);
    !name.contains('/') && WRITERS.iter().any(|writer| name.contains(writer))
}

/// A zombie process has no working directory.
fn is_engine(pid: i32, place: &Path, program: &Path) -> bool {
    let process = PathBuf::from(format!("/proc/{pid}"));
    let server = rustix::process::geteuid();
    // Root's engines may run as another user.
    let is_ours = server.is_root() || fs::metadata(&process).is_ok_and(|data| data.uid() == server.as_raw());
    is_ours
        && fs::read_link(process.join("cwd")).is_ok_and(|link| link == place)
        && fs::read_link(process.join("exe")).is_ok_and(|link| {
            let bytes = link.as_os_str().as_bytes();
            // The package may have been upgraded since.
            bytes.strip_suffix(b" (deleted)").unwrap_or(bytes) == program.as_os_str().as_bytes()
        })
}

/// Waits for the processes to end; false when `patience` has passed first.
fn wait(place: &Path, program: &Path, patience: Duration) -> bool {
    let until = Instant::now() + patience;
    loop {
        if find(place, program).is_ok_and(|found| found.is_empty()) {
            return true;
        }
        if Instant::now() >= until {
            return false;
        }
        thread::sleep(LOOK_AGAIN);
    }
}

/// Titles of child processes that write a snapshot or an append-only file.
const WRITERS: [&str; 2] = ["-rdb-", "-aof-rewrite"];
/// As long as a supervised engine has to end.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
