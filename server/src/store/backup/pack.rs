//! Writes the file of a backup: a zip archive with the store, the data of databases, and the manifest. Nothing in it is
//! compressed.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use time::format_description::well_known::Rfc3339;
use tokio_util::sync::CancellationToken;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::archive::{COPY, MANIFEST, stream};
use super::data::{self, DatabaseFiles, SavedDatabase, SavedFile};
use super::output::Output;
use super::{BackupError, Manifest};
use crate::cluster::uid::DatabaseUid;

/// The databases whose data is packed, and where it is.
pub(super) struct DataToPack<'a> {
    pub(super) files: &'a dyn DatabaseFiles,
    pub(super) databases: Vec<(DatabaseUid, String)>,
}

/// Packs `copy`, the data of databases and the manifest into `file`, which errors call `name`. Gives the manifest, with what
/// was packed. Blocks, until `stop` at most.
pub(super) fn pack(
    copy: &Path,
    (file, name): (&Path, &Path),
    manifest: Manifest,
    data: Option<&DataToPack<'_>>,
    stop: &CancellationToken,
) -> Result<Manifest, BackupError> {
    let mut packer = Packer::create((file, name), stop)?;
    let input = File::open(copy).map_err(BackupError::io(copy, "read"))?;
    let (size, sha256) = packer.add(COPY, input, copy)?;
    let saved = match data {
        Some(data) => {
            let one = |(uid, name): &(DatabaseUid, String)| packer.add_database(data.files, *uid, name);
            Some(data.databases.iter().map(one).collect::<Result<_, _>>()?)
        }
        None => None,
    };
    let manifest = Manifest {
        size,
        sha256,
        data: saved,
        ..manifest
    };
    packer.finish(&manifest)?;
    Ok(manifest)
}

struct Packer<'a> {
    writer: ZipWriter<Output>,
    /// For errors.
    file: PathBuf,
    stop: &'a CancellationToken,
}

impl<'a> Packer<'a> {
    fn create((file, name): (&Path, &Path), stop: &'a CancellationToken) -> Result<Self, BackupError> {
        let output = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(file)
            .map_err(BackupError::io(name, "written"))?;
        Ok(Self {
            writer: ZipWriter::new(Output::new(output)),
            file: name.to_owned(),
            stop,
        })
    }

    /// Adds an entry; gives its size and digest. `source` is for errors.
    fn add(&mut self, name: &str, input: impl Read, source: &Path) -> Result<(u64, String), BackupError> {
        self.begin(name)?;
        stream(
            input,
            &mut self.writer,
            self.stop,
            |error| BackupError::io(source, "read")(error),
            |error| BackupError::io(&self.file, "written")(error),
        )
    }

    fn add_database(
        &mut self,
        files: &dyn DatabaseFiles,
        uid: DatabaseUid,
        name: &str,
    ) -> Result<SavedDatabase, BackupError> {
        let directory = files.directory(uid);
        let held = files.open_data(uid).map_err(BackupError::io(&directory, "read"))?;
        let mut saved = SavedDatabase {
            uid: uid.get(),
            name: name.to_owned(),
            form: held.as_ref().map(|held| held.form),
            as_of: held.as_ref().and_then(|held| held.as_of.format(&Rfc3339).ok()),
            files: Vec::new(),
        };
        for file in held.into_iter().flat_map(|held| held.files) {
            let source = directory.join(&file.path);
            let (size, sha256) = self.add(&data::entry(uid.get(), &file.path), file.content, &source)?;
            saved.files.push(SavedFile {
                path: file.path,
                size,
                sha256,
            });
        }
        Ok(saved)
    }

    fn finish(mut self, manifest: &Manifest) -> Result<(), BackupError> {
        self.begin(MANIFEST)?;
        let file = &self.file;
        let failed = |error: io::Error| BackupError::io(file, "written")(error);
        let text = serde_json::to_string_pretty(manifest).map_err(|error| failed(error.into()))?;
        self.writer.write_all(text.as_bytes()).map_err(failed)?;
        let output = self.writer.finish().map_err(|error| failed(error.into()))?;
        output.sync().map_err(failed)
    }

    fn begin(&mut self, name: &str) -> Result<(), BackupError> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .unix_permissions(0o600)
            .large_file(true);
        self.writer
            .start_file(name, options)
            .map_err(|error| BackupError::io(&self.file, "written")(error.into()))
    }
}
