//! Writes a backup file: a zip archive with the store, the data of databases, and the manifest, without compression.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::num::NonZeroU32;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use time::format_description::well_known::Rfc3339;
use tokio_util::sync::CancellationToken;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::archive::{COPY, MANIFEST, stream};
use super::data::{self, DatabaseFiles, OpenDataFile, SavedDatabase, SavedFile};
use super::output::Output;
use super::{BackupError, Manifest};

/// The databases whose data is packed, and their files.
pub(super) struct DataToPack<'a> {
    pub(super) files: &'a dyn DatabaseFiles,
    pub(super) databases: Vec<(NonZeroU32, String)>,
}

/// Packs `copy`, the data of databases and the manifest into `file`, which errors call `name`. Returns the manifest.
/// Blocks, until `stop` at most.
pub(super) fn pack(
    copy: &Path,
    (file, name): (&Path, &Path),
    manifest: Manifest,
    data: Option<&DataToPack<'_>>,
    stop: &CancellationToken,
) -> Result<Manifest, BackupError> {
    let mut packer = Packer::create((file, name), stop)?;
    let input = File::open(copy).map_err(BackupError::io(copy, "read"))?;
    let (size, sha256) = packer.add(COPY, input).map_err(|problem| match problem {
        Problem::Source(error) => BackupError::io(copy, "read")(error),
        Problem::Archive(error) => error,
    })?;
    let saved = match data {
        Some(data) => {
            let one = |(uid, name): &(NonZeroU32, String)| packer.add_database(data.files, *uid, name);
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

/// An entry of the archive cannot be made.
enum Problem {
    /// Because of the input.
    Source(io::Error),
    /// Because of the archive, or because it was cancelled.
    Archive(BackupError),
}

impl From<BackupError> for Problem {
    fn from(error: BackupError) -> Self {
        Self::Archive(error)
    }
}

struct Packer<'a> {
    writer: ZipWriter<Output>,
    path: PathBuf,
    /// Its path, for errors.
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
            path: file.to_owned(),
            file: name.to_owned(),
            stop,
        })
    }

    /// Adds an entry; returns its size and digest.
    fn add(&mut self, name: &str, input: impl Read) -> Result<(u64, String), Problem> {
        self.begin(name)?;
        stream(input, &mut self.writer, self.stop, Problem::Source, |error| {
            BackupError::io(&self.file, "written")(error).into()
        })
    }

    /// Adds the data of a database, or the reason why it is omitted: damaged files of one engine must not prevent the
    /// backup of the store and the other databases.
    fn add_database(
        &mut self,
        files: &dyn DatabaseFiles,
        uid: NonZeroU32,
        name: &str,
    ) -> Result<SavedDatabase, BackupError> {
        let saved = SavedDatabase {
            uid: uid.get(),
            name: name.to_owned(),
            form: None,
            as_of: None,
            files: Vec::new(),
            omitted: None,
        };
        match self.add_data(files, uid, saved.clone()) {
            Ok(saved) => Ok(saved),
            Err(Problem::Archive(error)) => Err(error),
            Err(Problem::Source(error)) => Ok(SavedDatabase {
                omitted: Some(format!("{}: {error}", files.directory(uid).display())),
                ..saved
            }),
        }
    }

    fn add_data(
        &mut self,
        files: &dyn DatabaseFiles,
        uid: NonZeroU32,
        mut saved: SavedDatabase,
    ) -> Result<SavedDatabase, Problem> {
        let Some(open) = files.open_data(uid).map_err(Problem::Source)? else {
            return Ok(saved);
        };
        // A file with holes may be said to have any size.
        let sizes = open.files.iter().map(|file| file.size);
        let (size, room) = (sizes.fold(0, u64::saturating_add), self.room()?);
        if size > room {
            let problem = format!("its files have {size} bytes, and there is room for {room} where the backup is made");
            return Err(Problem::Source(io::Error::new(io::ErrorKind::FileTooLarge, problem)));
        }
        saved.form = Some(open.form);
        saved.as_of = open.as_of.format(&Rfc3339).ok();
        for OpenDataFile { path, content, .. } in open.files {
            let (size, sha256) = self.add(&data::entry(uid.get(), &path), content)?;
            saved.files.push(SavedFile { path, size, sha256 });
        }
        Ok(saved)
    }

    /// The number of free bytes in the file system of the archive.
    fn room(&self) -> Result<u64, BackupError> {
        let found =
            rustix::fs::statvfs(&self.path).map_err(|error| BackupError::io(&self.file, "written")(error.into()))?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
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
