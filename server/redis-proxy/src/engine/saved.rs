//! The data of an engine on disk, opened as of one moment, while the engine may continue to write.
//!
//! This needs no command to the engine, which only its own server could send. Redis renames a finished snapshot over
//! the former one. It changes no append-only file except the last one, and that only at its end; their manifest is also
//! replaced by renaming. So if the manifest has not changed while its files were opened, they are the data of that
//! moment, whatever is written or deleted later. A partial command at the end has not been answered yet, and is dropped
//! when the file is loaded (`aof-load-truncated`).

use std::fs::File;
use std::io::{self, Cursor, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use time::OffsetDateTime;

use super::aof_manifest::AofManifest;
use super::directory::{APPEND_ONLY_DIRECTORY, APPEND_ONLY_FILE, APPEND_ONLY_MANIFEST, SNAPSHOT};
use certward_store::backup::{DataForm, OpenData, OpenDataFile};
use certward_system::clock::{Clock as _, SystemClock};

/// Opens the data in the directory of an engine. None if there is none. Blocks.
///
/// # Errors
///
/// Any I/O error, with the file; [`io::ErrorKind::ResourceBusy`] if the files change all the time.
pub fn open_saved_data(directory: &Path) -> io::Result<Option<OpenData>> {
    for _ in 0..ATTEMPTS {
        let Some(open) = OpenDirectory::open(directory)? else {
            return Ok(None);
        };
        if let Attempt::Done(held) = open.open_data()? {
            return Ok(held);
        }
        std::thread::sleep(PAUSE);
    }
    Err(io::Error::new(
        io::ErrorKind::ResourceBusy,
        "the files of the engine change all the time",
    ))
}

enum Attempt {
    Done(Option<OpenData>),
    /// The engine has replaced a file in the meantime.
    Changed,
}

/// The open directory of an engine.
struct OpenDirectory {
    directory: File,
    /// True if the engine runs as another user, who could link another user's file here.
    is_shared: bool,
}

impl OpenDirectory {
    fn open(path: &Path) -> io::Result<Option<Self>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let directory = match openat(CWD, path, flags, Mode::empty()) {
            Err(Errno::NOENT) => return Ok(None),
            opened => File::from(opened?),
        };
        let is_shared = directory.metadata()?.mode() & GROUP != 0;
        Ok(Some(Self { directory, is_shared }))
    }

    /// Uses the same rule as [`super::directory::EngineDirectory::is_append_only`] for the form of the data.
    fn open_data(&self) -> io::Result<Attempt> {
        let below = self.subdirectory()?;
        if let Some(below) = &below
            && let Some(text) = self.read_manifest(below)?
        {
            return self.open_append_only(below, &text);
        }
        let snapshot = self.file(&self.directory, SNAPSHOT)?;
        let single = match snapshot {
            Some(_) => None,
            None => self.file(&self.directory, APPEND_ONLY_FILE)?,
        };
        let held = match (snapshot, single) {
            (Some(file), _) => Some(OpenData {
                form: DataForm::Snapshot,
                as_of: file.metadata()?.modified()?.into(),
                files: vec![held(SNAPSHOT, file)?],
            }),
            (None, Some(file)) => Some(OpenData {
                form: DataForm::AppendOnly,
                files: vec![held(APPEND_ONLY_FILE, file)?],
                as_of: now(),
            }),
            (None, None) => None,
        };
        // The form may have been changed meanwhile: the new one is complete before the old one goes.
        match self.subdirectory()? {
            Some(below) if self.read_manifest(&below)?.is_some() => Ok(Attempt::Changed),
            _ => Ok(Attempt::Done(held)),
        }
    }

    fn open_append_only(&self, below: &File, text: &str) -> io::Result<Attempt> {
        let manifest = AofManifest::parse(text).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "the manifest of its append-only files is unknown",
            )
        })?;
        let mut files = vec![OpenDataFile {
            path: in_subdirectory(APPEND_ONLY_MANIFEST),
            size: manifest.text.len() as u64,
            content: Box::new(Cursor::new(manifest.text)),
        }];
        for name in &manifest.files {
            let Some(file) = self.file(below, name)? else {
                return Ok(Attempt::Changed);
            };
            files.push(held(&in_subdirectory(name), file)?);
        }
        // After the length of the last file was taken.
        let as_of = now();
        let still = match self.subdirectory()? {
            Some(below) => self.read_manifest(&below)?,
            None => None,
        };
        if still.as_deref() != Some(text) {
            return Ok(Attempt::Changed);
        }
        Ok(Attempt::Done(Some(OpenData {
            form: DataForm::AppendOnly,
            as_of,
            files,
        })))
    }

    fn subdirectory(&self) -> io::Result<Option<File>> {
        open_below(&self.directory, APPEND_ONLY_DIRECTORY, OFlags::DIRECTORY)
    }

    fn read_manifest(&self, below: &File) -> io::Result<Option<String>> {
        let Some(file) = self.file(below, APPEND_ONLY_MANIFEST)? else {
            return Ok(None);
        };
        let mut text = String::new();
        file.take(MAX_MANIFEST + 1).read_to_string(&mut text)?;
        if text.len() as u64 > MAX_MANIFEST {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{APPEND_ONLY_MANIFEST} is longer than {MAX_MANIFEST} bytes"),
            ));
        }
        Ok(Some(text))
    }

    fn file(&self, directory: &File, name: &str) -> io::Result<Option<File>> {
        let Some(file) = open_below(directory, name, OFlags::NONBLOCK)? else {
            return Ok(None);
        };
        let found = file.metadata()?;
        let problem = if !found.is_file() {
            "is no file"
        } else if self.is_shared && found.nlink() > 1 {
            "has a second name, and may be a file of somebody else's"
        } else {
            return Ok(Some(file));
        };
        Err(io::Error::new(io::ErrorKind::InvalidData, format!("{name} {problem}")))
    }
}

fn open_below(directory: &File, name: &str, flags: OFlags) -> io::Result<Option<File>> {
    let flags = flags | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match openat(directory, name, flags, Mode::empty()) {
        Err(Errno::NOENT) => Ok(None),
        opened => opened
            .map(|file| Some(File::from(file)))
            .map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}"))),
    }
}

/// Opens the file at its current length: later appends are not read.
fn held(path: &str, file: File) -> io::Result<OpenDataFile> {
    let length = file.metadata()?.len();
    Ok(OpenDataFile {
        path: path.to_owned(),
        size: length,
        content: Box::new(file.take(length)),
    })
}

fn in_subdirectory(name: &str) -> String {
    format!("{APPEND_ONLY_DIRECTORY}/{name}")
}

fn now() -> OffsetDateTime {
    SystemClock.now()
}

const GROUP: u32 = 0o070;
/// An engine replaces files within moments, and rarely.
const ATTEMPTS: usize = 50;
const PAUSE: Duration = Duration::from_millis(100);
const MAX_MANIFEST: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn contents(held: OpenData) -> Vec<(String, String)> {
        let read = |mut file: OpenDataFile| {
            let mut text = String::new();
            file.content.read_to_string(&mut text).unwrap();
            (file.path, text)
        };
        held.files.into_iter().map(read).collect()
    }

    fn append_only(directory: &Path, manifest: &str) {
        fs::create_dir_all(directory.join("appendonlydir")).unwrap();
        fs::write(directory.join("appendonlydir/appendonly.aof.manifest"), manifest).unwrap();
    }

    #[test]
    fn what_is_held_is_what_the_manifest_named_whatever_is_written_or_deleted_later() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        assert!(open_saved_data(&path.join("none")).unwrap().is_none());
        assert!(open_saved_data(path).unwrap().is_none());
        fs::write(path.join("dump.rdb"), "snapshot").unwrap();
        let snapshot = open_saved_data(path).unwrap().unwrap();
        fs::write(path.join("new"), "newer").unwrap();
        fs::rename(path.join("new"), path.join("dump.rdb")).unwrap();
        assert_eq!(snapshot.form, DataForm::Snapshot);
        assert_eq!(contents(snapshot), [("dump.rdb".to_owned(), "snapshot".to_owned())]);

        let (base, increment) = ("appendonly.aof.1.base.rdb", "appendonly.aof.1.incr.aof");
        let lines = format!("file {base} seq 1 type b\nfile {increment} seq 1 type i\n");
        append_only(path, &format!("file appendonly.aof.0.base.rdb seq 0 type h\n{lines}"));
        let below = path.join("appendonlydir");
        fs::write(below.join(base), "base").unwrap();
        fs::write(below.join(increment), "one ").unwrap();
        let held = open_saved_data(path).unwrap().unwrap();
        let mut file = fs::OpenOptions::new().append(true).open(below.join(increment)).unwrap();
        io::Write::write_all(&mut file, b"two").unwrap();
        fs::remove_file(below.join(base)).unwrap();
        assert_eq!(held.form, DataForm::AppendOnly);
        let named = |name: &str, text: &str| (format!("appendonlydir/{name}"), text.to_owned());
        let expected = [
            named("appendonly.aof.manifest", &lines),
            named(base, "base"),
            named(increment, "one "),
        ];
        assert_eq!(contents(held), expected);
    }

    #[test]
    fn a_file_that_the_engine_may_have_taken_from_somebody_else_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let secret = path.join("secret");
        fs::write(&secret, "secret").unwrap();
        let snapshot = path.join("dump.rdb");
        symlink(&secret, &snapshot).unwrap();
        assert!(open_saved_data(path).is_err());
        fs::remove_file(&snapshot).unwrap();
        fs::hard_link(&secret, &snapshot).unwrap();
        // An engine of the server's own user can read it anyway.
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
        assert!(open_saved_data(path).unwrap().is_some());
        fs::set_permissions(path, fs::Permissions::from_mode(0o1770)).unwrap();
        assert!(open_saved_data(path).is_err());
        fs::remove_file(&snapshot).unwrap();
        append_only(path, "file ../secret seq 1 type b\n");
        assert!(open_saved_data(path).is_err());
    }
}
