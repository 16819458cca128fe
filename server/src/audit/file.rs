//! The audit log as a file, for those who collect logs: a copy of the store's records.
//!
//! It follows the table by sequence number, so that it has no gaps: what could not be written, or was recorded by a
//! server that stopped at once, is appended later. A line may stand there twice after a crash; never none.

use std::io::SeekFrom;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use rustix::fs::OFlags;
use serde_json::Value;
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;

use super::AuditError;
use crate::files::TrustedDirectory;
use crate::store::Store;

#[derive(Debug)]
pub(super) struct AuditFile {
    file: File,
    path: PathBuf,
    last_sequence: i64,
}

impl AuditFile {
    /// Opens `audit.log` in `folder` and finds where it ends.
    pub(super) async fn open(folder: &Path) -> Result<Self, AuditError> {
        let path = folder.join(FILE_NAME);
        let explain = |source| AuditError::File {
            path: path.clone(),
            source,
        };
        // Alone, because /var/log often belongs to a group of log services. They may move the whole folder away; the
        // records are in the store as well.
        TrustedDirectory::open_below_any(folder).map_err(|error| explain(std::io::Error::other(error)))?;
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
            .open(&path)
            .await
            .map_err(explain)?;
        if !file.metadata().await.map_err(explain)?.is_file() {
            return Err(explain(std::io::Error::other("it is not a file")));
        }
        let last_sequence = last_sequence(&mut file).await.map_err(explain)?;
        Ok(Self {
            file,
            path,
            last_sequence,
        })
    }

    /// Refuses a store that has fewer records than the file: what it records next would be missing here.
    pub(super) async fn check_is_not_ahead(&self, store: &Store) -> Result<(), AuditError> {
        let last = store.audit_sequence().await.map_err(AuditError::Store)?;
        if self.last_sequence > last {
            return Err(AuditError::Ahead {
                path: self.path.clone(),
                file: self.last_sequence,
                store: last,
            });
        }
        Ok(())
    }

    /// Appends every record that comes into `store`, until everybody who could bring one is gone.
    pub(super) fn follow(mut self, store: Store, appended: &Arc<Notify>) {
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

    async fn catch_up(&mut self, store: &Store) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        loop {
            let records = store.audit_records_after(self.last_sequence, PAGE).await?;
            let Some((last, _)) = records.last() else { return Ok(()) };
            let last = *last;
            let lines: String = records
                .iter()
                .map(|(sequence, record)| record.to_json_line(*sequence))
                .collect();
            self.file.write_all(lines.as_bytes()).await?;
            self.file.sync_data().await?;
            self.last_sequence = last;
        }
    }
}

/// The sequence number of the last whole line; 0 for a new file. What follows the last line end was cut off by a
/// crash, and is ended, so that the next line stands alone.
async fn last_sequence(file: &mut File) -> std::io::Result<i64> {
    let length = file.metadata().await?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL))).await?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail).await?;
    if !tail.is_empty() && !tail.ends_with(b"\n") {
        file.write_all(b"\n").await?;
    }
    let sequence_of = |line: &[u8]| serde_json::from_slice::<Value>(line).ok()?.get("sequence")?.as_i64();
    Ok(tail
        .split(|octet| *octet == b'\n')
        .rev()
        .find_map(sequence_of)
        .unwrap_or_default())
}

/// Moves the audit log of `folder` aside when it has records after `sequence`, the last of a store that was restored. Gives
/// the new path, or none when there was nothing to move.
pub(crate) async fn move_aside(folder: &Path, sequence: i64, suffix: &str) -> Result<Option<PathBuf>, AuditError> {
    if !folder.join(FILE_NAME).exists() {
        return Ok(None);
    }
    let file = AuditFile::open(folder).await?;
    if file.last_sequence <= sequence {
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
/// Records read and written at once.
const PAGE: u32 = 500;
/// More than any line is long.
const TAIL: u64 = 256 * 1024;
const RETRY: Duration = Duration::from_secs(1);
