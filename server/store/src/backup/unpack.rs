//! Reads a backup file.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;
use zip::{CompressionMethod, ZipArchive};

use super::archive::{COPY, FORMATS, MANIFEST, stream};
use super::{BackupError, Manifest};
use crate::store::sqlite;
use certward_system::files::TrustedFile;

/// An open backup file.
pub(super) struct Archive {
    path: PathBuf,
    zip: ZipArchive<BufReader<File>>,
    /// Cancels the unpacking of a large file.
    stop: CancellationToken,
    /// Its mode, if users other than its owner can read it.
    exposed: Option<u32>,
}

impl Archive {
    /// Opens a backup that no other user can have changed, and reads its manifest. Blocks.
    pub(super) fn open(path: &Path, stop: CancellationToken) -> Result<(Self, Manifest), BackupError> {
        let refused = |detail: String| BackupError::NotRestorable {
            path: path.to_owned(),
            detail,
        };
        let input = TrustedFile::open(path)?.into_file();
        let mode = input.metadata().map_err(BackupError::io(path, "read"))?.mode() & 0o7777;
        let mut archive = Self {
            path: path.to_owned(),
            zip: ZipArchive::new(BufReader::new(input)).map_err(|error| refused(error.to_string()))?,
            stop,
            exposed: (mode & READ_BY_OTHERS != 0).then_some(mode),
        };
        let manifest = archive
            .manifest()
            .map_err(|detail| refused(format!("{MANIFEST}: {detail}")))?;
        Ok((archive, manifest))
    }

    fn manifest(&mut self) -> Result<Manifest, String> {
        let mut text = Vec::new();
        self.zip
            .by_name(MANIFEST)
            .map_err(|error| error.to_string())?
            .take(MAX_MANIFEST)
            .read_to_end(&mut text)
            .map_err(|error| error.to_string())?;
        let Format { format } = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
        if !FORMATS.contains(&format) {
            return Err(format!(
                "it has format {format}, and this server reads formats {} to {}",
                FORMATS.start(),
                FORMATS.end()
            ));
        }
        serde_json::from_slice(&text).map_err(|error| error.to_string())
    }

    /// Unpacks the copy of the store.
    pub(super) fn unpack_store(&mut self, manifest: &Manifest, copy: &Path) -> Result<(), BackupError> {
        self.unpack(COPY, (manifest.size, &manifest.sha256), copy)
    }

    /// Unpacks the entry `name` into a new file, verifies its size and digest, and synchronizes it to disk.
    pub(super) fn unpack(&mut self, name: &str, said: (u64, &str), file: &Path) -> Result<(), BackupError> {
        let refused = |detail: String| BackupError::NotRestorable {
            path: self.path.clone(),
            detail: format!("{name}: {detail}"),
        };
        let packed = self.zip.by_name(name).map_err(|error| refused(error.to_string()))?;
        if packed.compression() != CompressionMethod::Stored {
            return Err(refused("it is compressed, which no entry of a backup is".to_owned()));
        }
        sqlite::make_file(file).map_err(BackupError::io(file, "made"))?;
        let output = OpenOptions::new()
            .write(true)
            .open(file)
            .map_err(BackupError::io(file, "written"))?;
        // Not more than the manifest says: the rest would be refused anyway.
        let packed = packed.take(said.0.saturating_add(1));
        let (size, sha256) = stream(
            packed,
            &output,
            &self.stop,
            |error| refused(error.to_string()),
            |error| BackupError::io(file, "written")(error),
        )?;
        if (size, &*sha256) != said {
            return Err(refused(format!("it is not what {MANIFEST} says")));
        }
        output.sync_all().map_err(BackupError::io(file, "written"))
    }

    /// Its mode, if users other than its owner can read it.
    pub(super) fn exposed(&self) -> Option<u32> {
        self.exposed
    }

    /// The error that it cannot be restored because of `detail`.
    pub(super) fn refuse(&self, detail: String) -> BackupError {
        BackupError::NotRestorable {
            path: self.path.clone(),
            detail,
        }
    }
}

/// The members in all versions of the manifest.
#[derive(serde::Deserialize)]
struct Format {
    format: u32,
}

const READ_BY_OTHERS: u32 = 0o044;
/// A manifest has about a hundred bytes per data file.
const MAX_MANIFEST: u64 = 64 * 1024 * 1024;
