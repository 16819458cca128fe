//! Files that appear complete or not at all.

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// A file that is prepared under another name beside its own, and takes its own name with its whole content. It never
/// replaces another file; dropped unfinished, it leaves nothing. While it is prepared, nobody else prepares it.
pub struct NewFile {
    path: PathBuf,
    temporary: PathBuf,
    file: File,
    /// The content has no other place, so the temporary file stays.
    kept: bool,
}

impl NewFile {
    /// Prepares a file with these permissions, such as `0o600`.
    ///
    /// # Errors
    /// A file of this name exists, somebody else prepares it, or none can be made in its folder; the error names it.
    pub fn prepare(path: impl AsRef<Path>, mode: u32) -> Result<Self, Box<dyn Error>> {
        let path = path.as_ref().to_owned();
        let mut temporary = path.clone().into_os_string();
        temporary.push(".new");
        let temporary = PathBuf::from(temporary);
        let opened = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&temporary);
        let file = opened.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => format!(
                "{} exists: another program is making {}, or has ended before that was done; if none is running, look into \
                 the file and delete it",
                temporary.display(),
                path.display()
            ),
            _ => format!("cannot create {}: {error}", temporary.display()),
        })?;
        let prepared = Self {
            path,
            temporary,
            file,
            kept: false,
        };
        // Afterwards: whoever prepared it before has finished it, or gives up.
        if prepared.path.symlink_metadata().is_ok() {
            return Err(format!(
                "{} exists; move it away, or choose another name",
                prepared.path.display()
            )
            .into());
        }
        Ok(prepared)
    }

    /// Writes the content and gives the file its name.
    ///
    /// # Errors
    /// The disk is full, or a file of this name has appeared meanwhile; the error names the file, and where the content is.
    pub fn finish(mut self, content: &[u8]) -> Result<(), Box<dyn Error>> {
        let written = self.file.write_all(content).and_then(|()| self.file.sync_all());
        written.map_err(|error| format!("cannot write {}: {error}", self.temporary.display()))?;
        // A link, unlike a renaming, fails when the name is taken.
        std::fs::hard_link(&self.temporary, &self.path).map_err(|error| {
            self.kept = true;
            let (path, temporary) = (self.path.display(), self.temporary.display());
            format!("cannot create {path}: {error}; its content is in {temporary}")
        })?;
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.kept {
            let _ = std::fs::remove_file(&self.temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_complete_or_not_at_all_and_replaces_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        drop(NewFile::prepare(&path, 0o600).unwrap());
        assert!(names(folder.path()).is_empty());

        NewFile::prepare(&path, 0o600).unwrap().finish(b"key").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"key");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(names(folder.path()), ["a.key"]);
        let error = NewFile::prepare(&path, 0o600).err().unwrap().to_string();
        assert!(error.contains("a.key exists"), "{error}");
        assert_eq!(names(folder.path()), ["a.key"]);

        let late = folder.path().join("b.key");
        let file = NewFile::prepare(&late, 0o600).unwrap();
        std::fs::write(&late, "other").unwrap();
        let error = file.finish(b"key").unwrap_err().to_string();
        assert_eq!(std::fs::read(&late).unwrap(), b"other");
        let kept = names(folder.path()).remove(2);
        assert!(error.contains(&kept), "{error}");
        assert_eq!(std::fs::read(folder.path().join(kept)).unwrap(), b"key");
    }

    #[test]
    fn of_many_who_prepare_one_file_at_once_one_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        let all_begin = std::sync::Barrier::new(8);
        let finished = std::thread::scope(|scope| {
            let prepare = || {
                all_begin.wait();
                // As a program does between the two: it asks a server, once.
                let prepared = NewFile::prepare(&path, 0o600).map_err(|error| error.to_string())?;
                prepared.finish(b"key").map_err(|error| error.to_string())
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(prepare)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect::<Vec<Result<(), String>>>()
        });
        assert_eq!(
            finished.iter().filter(|finished| finished.is_ok()).count(),
            1,
            "{finished:?}"
        );
        for error in finished.into_iter().filter_map(Result::err) {
            assert!(error.contains(" exists"), "no second one is prepared: {error}");
        }
        assert_eq!(names(folder.path()), ["a.key"]);
    }
}
