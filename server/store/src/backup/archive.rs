//! Constants shared by the writer and the reader of a backup file, and the renaming of a finished file.

use std::fs;
use std::io::{self, Read, Write};
use std::ops::RangeInclusive;
use std::path::Path;

use data_encoding::HEXLOWER;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::BackupError;
use super::work::sync;
use crate::store::sqlite;

/// Renames a finished file to its final name.
pub(super) fn publish(file: &Path, target: &Path, is_overwriting: bool) -> Result<(), BackupError> {
    let named = if is_overwriting {
        fs::rename(file, target)
    } else {
        match renameat_with(CWD, file, CWD, target, RenameFlags::NOREPLACE) {
            Err(Errno::EXIST) => {
                return Err(BackupError::Exists {
                    path: target.to_owned(),
                });
            }
            // Some file systems do not have it. It was checked before that there is no such file.
            Err(Errno::INVAL | Errno::NOSYS) => fs::rename(file, target),
            other => other.map_err(io::Error::from),
        }
    };
    named.map_err(BackupError::io(target, "written"))?;
    sync(target.parent().unwrap_or(Path::new("/")))
}

/// Copies to the end, or until `stop`; returns size and digest.
pub(super) fn stream<E: From<BackupError>>(
    mut input: impl Read,
    mut output: impl Write,
    stop: &CancellationToken,
    unread: impl Fn(io::Error) -> E,
    unwritten: impl Fn(io::Error) -> E,
) -> Result<(u64, String), E> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    let mut size = 0;
    loop {
        if stop.is_cancelled() {
            return Err(BackupError::Interrupted.into());
        }
        let read = match input.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read.map_err(&unread)?,
        };
        if read == 0 {
            return Ok((size, HEXLOWER.encode(&digest.finalize())));
        }
        digest.update(&buffer[..read]);
        output.write_all(&buffer[..read]).map_err(&unwritten)?;
        size += read as u64;
    }
}

/// The formats that can be read. The second one may contain the data of databases, which an older server would ignore.
pub(super) const FORMATS: RangeInclusive<u32> = STORE_ALONE..=WITH_DATA;
pub(super) const STORE_ALONE: u32 = 1;
pub(super) const WITH_DATA: u32 = 2;
pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const COPY: &str = sqlite::FILE_NAME;
const BUFFER: usize = 256 * 1024;
