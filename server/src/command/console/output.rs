//! A file with a private key in it, made new and for its owner alone.

use std::fs::{DirBuilder, File};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::command::FileError;

/// An empty file of mode 0600; taken away again unless it is written.
#[derive(Debug)]
pub(super) struct NewFile {
    path: PathBuf,
    file: File,
    is_written: bool,
    /// The folder, when it was made for this file.
    made: Option<PathBuf>,
}

impl NewFile {
    /// Makes `folder/name`, and the folder for its owner alone when it is missing. Whatever has that name already, a link
    /// included, is left alone.
    ///
    /// # Errors
    ///
    /// The path is no folder and none can be created, or the file exists or cannot be created.
    pub(super) fn create(folder: &Path, name: &str) -> Result<Self, FileError> {
        let is_missing = !folder.exists();
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|source| FileError {
            path: folder.to_owned(),
            done: "made",
            source,
        })?;
        let path = folder.join(name);
        let file = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(&path)
            .map_err(|source| FileError {
                path: path.clone(),
                done: "made",
                source,
            })?;
        Ok(Self {
            path,
            file,
            is_written: false,
            made: is_missing.then(|| folder.to_owned()),
        })
    }

    /// Writes the file to the disk.
    ///
    /// # Errors
    ///
    /// The file cannot be written. It is then deleted.
    pub(super) fn write(mut self, bytes: &[u8]) -> Result<PathBuf, FileError> {
        self.file
            .write_all(bytes)
            .and_then(|()| self.file.sync_all())
            .map_err(|source| FileError {
                path: self.path.clone(),
                done: "written",
                source,
            })?;
        self.is_written = true;
        Ok(self.path.clone())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_written {
            let _ = std::fs::remove_file(&self.path);
            // Only an empty one can be removed.
            let _ = self.made.as_ref().map(std::fs::remove_dir);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_written_file_is_its_owners_alone_and_an_unwritten_one_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        drop(NewFile::create(folder.path(), "a.zip").unwrap());
        assert!(!folder.path().join("a.zip").exists());
        let path = NewFile::create(folder.path(), "a.zip").unwrap().write(b"zip").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"zip");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_missing_folder_is_made_for_its_owner_alone() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/ops");
        drop(NewFile::create(&folder, "a.zip").unwrap());
        assert!(!folder.exists());
        NewFile::create(&folder, "a.zip").unwrap().write(b"zip").unwrap();
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        // One that is there stays as it is, and a file is no folder.
        NewFile::create(parent.path(), "b.zip").unwrap().write(b"zip").unwrap();
        let error = NewFile::create(&folder.join("a.zip"), "c.zip").unwrap_err();
        assert_eq!(error.path, folder.join("a.zip"));
    }

    #[test]
    fn neither_a_file_nor_a_link_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.zip"), "mine").unwrap();
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), folder.path().join("b.zip")).unwrap();
        for name in ["a.zip", "b.zip"] {
            let error = NewFile::create(folder.path(), name).unwrap_err();
            assert_eq!(error.source.kind(), std::io::ErrorKind::AlreadyExists, "{name}");
        }
        assert_eq!(std::fs::read(folder.path().join("a.zip")).unwrap(), b"mine");
        assert!(!folder.path().join("elsewhere").exists());
    }
}
