//! The audit log as a file, for log collectors: a copy of the store's records.
//!
//! It follows the table by sequence number, so it has no gaps: records that could not be written, or whose server
//! crashed, are appended later. After a crash a line may be repeated, but never missing.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use rustix::fs::OFlags;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::Notify;

use super::AuditError;
use crate::Store;
use certward_system::files::{TrustedDirectory, check_open};

/// The file that records are appended to.
#[derive(Debug)]
pub(super) struct AuditFile {
    folder: PathBuf,
    path: PathBuf,
    open: Mutex<File>,
    /// The number of the last record in it, or in its predecessors.
    written: AtomicI64,
}

impl AuditFile {
    /// Opens `audit.log` in `folder` and finds its end. Blocks.
    pub(super) fn open(folder: &Path) -> Result<Self, AuditError> {
        let path = folder.join(FILE_NAME);
        let explain = explain(&path);
        let mut file = open(folder, &path).map_err(explain)?;
        let written = last_sequence(&mut file).map_err(explain)?;
        Ok(Self {
            folder: folder.to_owned(),
            path: path.clone(),
            open: Mutex::new(file),
            written: AtomicI64::new(written),
        })
    }

    /// Refuses a store with fewer records than the file: its next records would be missing here.
    pub(super) async fn check_is_not_ahead(&self, store: &Store) -> Result<(), AuditError> {
        let last = store.audit_sequence().await.map_err(AuditError::Store)?;
        if self.written() > last {
            return Err(AuditError::Ahead {
                path: self.path.clone(),
                file: self.written(),
                store: last,
            });
        }
        Ok(())
    }

    /// Opens the file again under its name, because the open one has been renamed or deleted. A new file begins with a
    /// line that holds the number of the last record before it, so that the next start does not write all of them
    /// again. Blocks.
    pub(super) fn reopen(&self, now: OffsetDateTime) -> Result<(), AuditError> {
        let explain = explain(&self.path);
        // Held to the end: what is being appended to the old file would come behind the number that the new one begins with.
        let mut current = self.lock();
        let mut file = open(&self.folder, &self.path).map_err(explain)?;
        if identity(&file).map_err(explain)? == identity(&current).map_err(explain)? {
            return Ok(());
        }
        last_sequence(&mut file).map_err(explain)?;
        let line = json!({ "time": now.format(&Rfc3339).unwrap_or_default(), CONTINUED: self.written() });
        file.write_all(format!("{line}\n").as_bytes()).map_err(explain)?;
        *current = file;
        Ok(())
    }

    /// The number of the last record in the file.
    pub(super) fn written(&self) -> i64 {
        self.written.load(Ordering::Acquire)
    }

    /// Appends every new record of `store`, until all senders of `appended` are gone.
    pub(super) fn follow(self: Arc<Self>, store: Store, appended: &Arc<Notify>) {
        let appended: Weak<Notify> = Arc::downgrade(appended);
        tokio::spawn(async move {
            loop {
                if let Err(error) = self.catch_up(&store).await {
                    tracing::error!(
                        error = &*error as &dyn std::error::Error,
                        audit.path = %self.path.display(),
                        "the audit log could not be written; the records are in the store and will be appended"
                    );
                    tokio::time::sleep(RETRY).await;
                }
                let Some(appended) = appended.upgrade() else { break };
                // The timeout lets go of the reference, so that the task can see that nobody else holds one.
                let _ = tokio::time::timeout(RETRY, appended.notified()).await;
            }
        });
    }

    async fn catch_up(self: &Arc<Self>, store: &Store) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        loop {
            let records = store.audit_records_after(self.written(), PAGE).await?;
            let Some((last, _)) = records.last() else { return Ok(()) };
            let last = *last;
            let lines: String = records
                .iter()
                .map(|(sequence, record)| record.to_json_line(*sequence))
                .collect();
            let this = Arc::clone(self);
            let write = move || {
                let current = this.lock();
                append(&current, &lines)?;
                this.written.store(last, Ordering::Release);
                io::Result::Ok(())
            };
            tokio::task::spawn_blocking(write).await??;
        }
    }

    fn lock(&self) -> MutexGuard<'_, File> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(folder: &Path, path: &Path) -> io::Result<File> {
    // Those above it are not made: a missing one is more likely a wrong path, or a disk that is not mounted.
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists && !folder.exists() => {
            let reason = format!(
                "the folder {} is not there and cannot be made: {error}",
                folder.display()
            );
            return Err(io::Error::new(error.kind(), reason));
        }
        _ => {}
    }
    // Alone, because /var/log often belongs to a group of log services. They may move the whole folder away; the
    // records are in the store as well.
    TrustedDirectory::open_below_any(folder).map_err(io::Error::other)?;
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    check_open(path, &file).map_err(io::Error::other)?;
    Ok(file)
}

/// Identifies the file, independent of its name.
fn identity(file: &File) -> io::Result<(u64, u64)> {
    let metadata = file.metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Appends whole lines, and removes a partial write if the disk is full.
fn append(mut file: &File, lines: &str) -> io::Result<()> {
    let length = file.metadata()?.len();
    let written = file.write_all(lines.as_bytes()).and_then(|()| file.sync_data());
    if written.is_err() {
        // An error leaves a line that is cut, which readers of JSON pass over.
        let _ = file.set_len(length);
    }
    written
}

/// The sequence number of the last complete line; 0 for a new file. An incomplete line, cut off by a crash, gets a line
/// end, so that the next one stands alone.
fn last_sequence(file: &mut File) -> io::Result<i64> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    (&mut *file).take(TAIL).read_to_end(&mut tail)?;
    if !tail.is_empty() && !tail.ends_with(b"\n") {
        file.write_all(b"\n")?;
    }
    let sequence_of = |line: &[u8]| {
        let line: Value = serde_json::from_slice(line).ok()?;
        line.get("sequence").or_else(|| line.get(CONTINUED))?.as_i64()
    };
    Ok(tail
        .split(|byte| *byte == b'\n')
        .rev()
        .find_map(sequence_of)
        .unwrap_or_default())
}

fn explain(path: &Path) -> impl Fn(io::Error) -> AuditError + Copy + use<'_> {
    move |source| AuditError::File {
        path: path.to_owned(),
        source,
    }
}

/// Moves the audit log of `folder` aside if it has records after `sequence`, the last of a restored store. Returns the
/// new path; none if nothing was moved.
pub async fn move_aside(folder: &Path, sequence: i64, suffix: &str) -> Result<Option<PathBuf>, AuditError> {
    if !folder.join(FILE_NAME).exists() {
        return Ok(None);
    }
    let file = {
        let folder = folder.to_owned();
        super::in_background(&folder.clone(), move || AuditFile::open(&folder)).await?
    };
    if file.written() <= sequence {
        return Ok(None);
    }
    let aside = folder.join(format!("{FILE_NAME}{suffix}"));
    let moved = std::fs::hard_link(&file.path, &aside).and_then(|()| std::fs::remove_file(&file.path));
    match moved {
        Ok(()) => Ok(Some(aside)),
        Err(source) => Err(AuditError::File { path: aside, source }),
    }
}

const FILE_NAME: &str = "audit.log";
/// Member in the first line of a successor file: the number of the last record in its predecessor.
const CONTINUED: &str = "continued_after";
/// Number of records read and written at once.
const PAGE: u32 = 500;
/// Longer than any line.
const TAIL: u64 = 256 * 1024;
const RETRY: Duration = Duration::from_secs(1);
