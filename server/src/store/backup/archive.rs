//! The file of a backup: a zip archive with the manifest and the copy, neither compressed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use data_encoding::HEXLOWER;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::work::sync;
use super::{BackupError, Manifest};
use crate::files::TrustedFile;
use crate::store::sqlite;

/// Packs `copy` and its manifest into `file`, and gives the manifest with the size and the digest of the copy.
pub(super) fn pack(copy: &Path, file: &Path, manifest: Manifest) -> Result<Manifest, BackupError> {
    let written = || BackupError::io(file, "written");
    let output = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .map_err(written())?;
    let mut writer = ZipWriter::new(BufWriter::new(output));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .unix_permissions(0o600);
    let zip = |error: zip::result::ZipError| written()(error.into());
    writer.start_file(COPY, options.large_file(true)).map_err(zip)?;
    let input = File::open(copy).map_err(BackupError::io(copy, "read"))?;
    let (size, sha256) = copy_and_hash(input, &mut writer).map_err(written())?;
    let manifest = Manifest {
        size,
        sha256,
        ..manifest
    };
    writer.start_file(MANIFEST, options).map_err(zip)?;
    let text = serde_json::to_string_pretty(&manifest).map_err(|error| written()(error.into()))?;
    writer.write_all(text.as_bytes()).map_err(written())?;
    let output = writer.finish().map_err(zip)?;
    let output = output.into_inner().map_err(|error| written()(error.into_error()))?;
    output.sync_all().map_err(written())?;
    Ok(manifest)
}

/// Gives a finished file its name.
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

/// Unpacks the copy of a backup into `copy`, and gives its manifest. What is there is then what was packed.
pub(super) fn unpack(file: &Path, copy: &Path) -> Result<Manifest, BackupError> {
    let refused = |detail: String| BackupError::NotRestorable {
        path: file.to_owned(),
        detail,
    };
    let input = TrustedFile::open(file)?.into_file();
    let mut archive = ZipArchive::new(BufReader::new(input)).map_err(|error| refused(error.to_string()))?;
    let mut text = Vec::new();
    archive
        .by_name(MANIFEST)
        .map_err(|error| refused(format!("{MANIFEST}: {error}")))?
        .take(MAX_MANIFEST)
        .read_to_end(&mut text)
        .map_err(|error| refused(format!("{MANIFEST}: {error}")))?;
    let format = serde_json::from_slice::<Format>(&text).map_err(|error| refused(format!("{MANIFEST}: {error}")))?;
    if format.format != FORMAT {
        return Err(refused(format!(
            "it has format {}, and this server reads format {FORMAT}",
            format.format
        )));
    }
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| refused(format!("{MANIFEST}: {error}")))?;
    sqlite::make_file(copy).map_err(BackupError::io(copy, "made"))?;
    let output = OpenOptions::new()
        .write(true)
        .open(copy)
        .map_err(BackupError::io(copy, "written"))?;
    let packed = archive
        .by_name(COPY)
        .map_err(|error| refused(format!("{COPY}: {error}")))?;
    // Not more than the manifest says: the rest would be refused anyway.
    let packed = packed.take(manifest.size.saturating_add(1));
    let (size, sha256) = copy_and_hash(packed, &output).map_err(|error| refused(format!("{COPY}: {error}")))?;
    if size != manifest.size || sha256 != manifest.sha256 {
        return Err(refused(format!("{COPY} is not what {MANIFEST} says")));
    }
    output.sync_all().map_err(BackupError::io(copy, "written"))?;
    Ok(manifest)
}

fn copy_and_hash(mut input: impl Read, mut output: impl io::Write) -> io::Result<(u64, String)> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    let mut size = 0;
    loop {
        let read = input.read(&mut buffer)?;
        if read == 0 {
            return Ok((size, HEXLOWER.encode(&digest.finalize())));
        }
        digest.update(&buffer[..read]);
        output.write_all(&buffer[..read])?;
        size += read as u64;
    }
}

/// What every version of the manifest has.
#[derive(serde::Deserialize)]
struct Format {
    format: u32,
}

/// The format that is written and read.
pub(super) const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
const COPY: &str = sqlite::FILE_NAME;
const MAX_MANIFEST: u64 = 64 * 1024;
const BUFFER: usize = 256 * 1024;
