//! From a path to the content of a file, or to a directory.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;
use zeroize::Zeroizing;

use super::account::Account;
use super::error::FileError;
use super::judge::{Facts, Role};
use super::walk::{End, walk};

/// An open file that only this process's user and root can change, through any part of its path.
#[derive(Debug)]
pub struct TrustedFile {
    path: PathBuf,
    file: File,
    facts: Facts,
}

impl TrustedFile {
    /// Opens a file for reading.
    ///
    /// # Errors
    ///
    /// [`FileError`]: if it is missing, not a regular file, or can be changed by others.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let (found, metadata) = existing(path)?;
        refuse_special(&found, &metadata)?;
        // The path has no links, and nobody else can put one there; what was opened is what is judged all the same.
        let file = open_regular(&found, OFlags::NOFOLLOW)?;
        let facts = Facts::of_file(&file).map_err(failed(&found))?;
        Account::of_process().judge(&found, &facts, Role::File)?;
        Ok(Self {
            path: found,
            file,
            facts,
        })
    }

    /// Checks that no other user can read it either.
    ///
    /// # Errors
    ///
    /// [`FileError::Untrusted`], with the command that corrects it.
    pub fn check_secret(&self) -> Result<(), FileError> {
        Ok(Account::of_process().judge(&self.path, &self.facts, Role::Secret)?)
    }

    /// The open file, for content that is too large for memory.
    pub fn into_file(self) -> File {
        self.file
    }

    /// Reads the whole file.
    ///
    /// # Errors
    ///
    /// [`FileError::TooLarge`] above `limit` bytes, and any I/O error.
    pub fn read(self, limit: usize) -> Result<Zeroizing<Vec<u8>>, FileError> {
        read_bounded(&self.file, &self.path, limit)
    }
}

/// A directory into which only this process's user and root can write, through any part of its path.
#[derive(Debug)]
pub struct TrustedDirectory(PathBuf);

impl TrustedDirectory {
    /// Creates the directory for its owner alone, with missing parents, and checks it.
    ///
    /// # Errors
    ///
    /// [`FileError`]; nothing has been created then.
    pub fn make(path: &Path) -> Result<Self, FileError> {
        if matches!(walk(Account::of_process(), path)?, End::Missing) {
            let mut builder = DirBuilder::new();
            builder.recursive(true).mode(0o700).create(path).map_err(failed(path))?;
        }
        Self::open(path)
    }

    /// Checks an existing directory.
    ///
    /// # Errors
    ///
    /// [`FileError`].
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let (found, metadata) = existing(path)?;
        judge_directory(&found, &metadata)?;
        Ok(Self(found))
    }

    /// Checks a directory itself, regardless of the directories above it.
    ///
    /// # Errors
    ///
    /// [`FileError`].
    pub fn open_below_any(path: &Path) -> Result<Self, FileError> {
        let metadata = path.metadata().map_err(failed(path))?;
        judge_directory(path, &metadata)?;
        Ok(Self(path.to_owned()))
    }

    /// The path of the directory. No part of it is a symbolic link, unless it was opened below any directory.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// Checks an open file itself, regardless of the directories above it.
///
/// # Errors
///
/// [`FileError`].
pub fn check_open(path: &Path, file: &File) -> Result<(), FileError> {
    let facts = Facts::of_file(file).map_err(failed(path))?;
    Ok(Account::of_process().judge(path, &facts, Role::File)?)
}

/// Checks the entry at a path: missing, or a file that others cannot change. The file is not opened, because closing it
/// would release this process's locks on it (fcntl(2)).
///
/// # Errors
///
/// [`FileError`].
pub fn check_entry(path: &Path) -> Result<(), FileError> {
    let account = Account::of_process();
    let End::Found(found, metadata) = walk(account, path)? else {
        return Ok(());
    };
    refuse_special(&found, &metadata)?;
    let facts = Facts::of_path(&found, &metadata).map_err(failed(&found))?;
    Ok(account.judge(&found, &facts, Role::File)?)
}

/// The path of a file without symbolic links; the path itself if nothing exists there.
///
/// # Errors
///
/// [`FileError`], also for a dangling link.
pub fn without_links(path: &Path) -> Result<PathBuf, FileError> {
    match walk(Account::of_process(), path)? {
        End::Found(found, _) => Ok(found),
        End::Missing if path.is_symlink() => Err(failed(path)(Errno::NOENT.into())),
        End::Missing => Ok(path.to_owned()),
    }
}

/// Reads a regular file, regardless of its owner.
///
/// # Errors
///
/// [`FileError::NotAFile`], [`FileError::TooLarge`] above `limit` bytes, and any I/O error.
pub fn read_any(path: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>, FileError> {
    refuse_special(path, &path.metadata().map_err(failed(path))?)?;
    read_bounded(&open_regular(path, OFlags::empty())?, path, limit)
}

fn existing(path: &Path) -> Result<(PathBuf, Metadata), FileError> {
    match walk(Account::of_process(), path)? {
        End::Found(found, metadata) => Ok((found, metadata)),
        End::Missing => Err(failed(path)(Errno::NOENT.into())),
    }
}

fn judge_directory(path: &Path, metadata: &Metadata) -> Result<(), FileError> {
    if !metadata.is_dir() {
        let path = path.to_owned();
        return Err(FileError::NotADirectory { path });
    }
    let facts = Facts::of_path(path, metadata).map_err(failed(path))?;
    Ok(Account::of_process().judge(path, &facts, Role::Directory)?)
}

/// Checked before opening, because opening some devices has side effects.
fn refuse_special(path: &Path, metadata: &Metadata) -> Result<(), FileError> {
    if metadata.is_file() {
        return Ok(());
    }
    let path = path.to_owned();
    Err(FileError::NotAFile { path })
}

/// A FIFO that has replaced the file does not block the open, and is refused.
fn open_regular(path: &Path, flags: OFlags) -> Result<File, FileError> {
    let flags = flags | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
        .map_err(failed(path))?;
    refuse_special(path, &file.metadata().map_err(failed(path))?)?;
    Ok(file)
}

fn read_bounded(file: &File, path: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>, FileError> {
    // Reserved in full for most files, so that a secret is not moved and left behind.
    let mut content = Zeroizing::new(Vec::with_capacity(limit.min(USUAL_BYTES)));
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    file.take(most).read_to_end(&mut content).map_err(failed(path))?;
    if content.len() > limit {
        let path = path.to_owned();
        return Err(FileError::TooLarge { path, limit });
    }
    Ok(content)
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> FileError {
    let path = path.to_owned();
    move |source| FileError::of_system(path, source)
}

/// A certificate with its key and chain.
const USUAL_BYTES: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::super::error::UntrustedPath;
    use super::*;

    /// Under `/tmp`, which is sticky, in a directory of the test's own.
    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn write(path: &Path, mode: u32) {
        fs::write(path, "content").unwrap();
        set(path, mode);
    }

    fn text(path: &Path) -> Result<String, FileError> {
        let content = TrustedFile::open(path)?.read(7)?;
        Ok(String::from_utf8(content.to_vec()).unwrap())
    }

    #[test]
    fn a_secret_volume_of_kubernetes_is_read() {
        let folder = folder();
        let volume = folder.path().join("volume");
        fs::create_dir(&volume).unwrap();
        set(&volume, 0o1777);
        fs::create_dir(volume.join("..2026_11_30")).unwrap();
        set(&volume.join("..2026_11_30"), 0o755);
        write(&volume.join("..2026_11_30/tls.key"), 0o400);
        symlink("..2026_11_30", volume.join("..data")).unwrap();
        symlink("..data/tls.key", volume.join("tls.key")).unwrap();
        let file = TrustedFile::open(&volume.join("tls.key")).unwrap();
        file.check_secret().unwrap();
        assert_eq!(*file.read(7).unwrap(), b"content");

        set(&volume.join("..2026_11_30/tls.key"), 0o444);
        let file = TrustedFile::open(&volume.join("tls.key")).unwrap();
        let refused = file.check_secret().unwrap_err().to_string();
        assert!(refused.ends_with("/..2026_11_30/tls.key"), "{refused}");
    }

    #[test]
    fn each_directory_on_the_way_counts_also_behind_links_and_dots() {
        let folder = folder();
        let (open, closed) = (folder.path().join("open"), folder.path().join("closed"));
        fs::create_dir(&open).unwrap();
        fs::create_dir(&closed).unwrap();
        fs::create_dir(open.join("inner")).unwrap();
        write(&open.join("inner/file"), 0o600);
        write(&closed.join("file"), 0o600);
        set(&open.join("inner"), 0o700);
        symlink(open.join("inner/file"), closed.join("far")).unwrap();
        symlink("../open/inner", closed.join("near")).unwrap();
        symlink("loop", closed.join("loop")).unwrap();
        let paths = [
            open.join("inner/file"),
            closed.join("far"),
            closed.join("near/file"),
            closed.join("../open/inner/file"),
            open.join("inner/../../closed/file"),
        ];
        for path in &paths {
            assert_eq!(text(path).unwrap(), "content", "{}", path.display());
        }
        for mode in [0o777, 0o702, 0o757] {
            set(&open, mode);
            for path in &paths {
                let refused = text(path);
                assert!(
                    matches!(&refused, Err(FileError::Untrusted(UntrustedPath::Writable { path, .. })) if path.ends_with("open")),
                    "{mode:o} {}: {refused:?}",
                    path.display()
                );
            }
        }
        set(&open, 0o1777);
        assert_eq!(text(&closed.join("far")).unwrap(), "content");
        let refused = text(&closed.join("loop"));
        assert!(matches!(&refused, Err(FileError::Open { .. })), "{refused:?}");
        let missing = text(&closed.join("missing"));
        assert!(
            matches!(&missing, Err(FileError::Open { source, .. }) if source.kind() == io::ErrorKind::NotFound),
            "{missing:?}"
        );
        let below_a_file = text(&closed.join("file/x"));
        assert!(matches!(below_a_file, Err(FileError::NotADirectory { .. })));
    }

    #[test]
    fn an_access_control_list_counts_at_the_end_and_on_the_way() {
        use super::super::acl::tests::give;

        const MALLORY: u32 = 3_999_999_999;
        let folder = folder();
        let (above, file) = (folder.path().join("above"), folder.path().join("above/file"));
        fs::create_dir(&above).unwrap();
        set(&above, 0o700);
        write(&file, 0o600);
        if !give(&file, MALLORY, 6) {
            return;
        }
        let refused = text(&file).unwrap_err().to_string();
        assert!(refused.contains("run: setfacl -x user:3999999999 /"), "{refused}");
        assert!(matches!(
            check_entry(&file),
            Err(FileError::Untrusted(UntrustedPath::Listed { .. }))
        ));
        give(&file, MALLORY, 4);
        let readable = TrustedFile::open(&file).unwrap();
        assert!(matches!(
            readable.check_secret(),
            Err(FileError::Untrusted(UntrustedPath::Listed { done: "read", .. }))
        ));
        // As systemd gives a credential to the user of a service: the mode is 0440 by the mask.
        give(&file, rustix::process::geteuid().as_raw(), 4);
        TrustedFile::open(&file).unwrap().check_secret().unwrap();

        give(&above, MALLORY, 7);
        for refused in [text(&file).unwrap_err(), TrustedDirectory::open(&above).unwrap_err()] {
            assert!(
                matches!(
                    &refused,
                    FileError::Untrusted(UntrustedPath::Listed { what: "directory", .. })
                ),
                "{refused:?}"
            );
        }
        // chmod cuts the mask, and so everybody whom the list names.
        set(&above, 0o700);
        assert_eq!(text(&file).unwrap(), "content");
    }

    #[test]
    fn what_is_no_regular_file_or_too_large_is_refused_without_waiting() {
        let folder = folder();
        let fifo = folder.path().join("fifo");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
        symlink("/dev/zero", folder.path().join("zero")).unwrap();
        for path in [
            fifo,
            folder.path().join("socket"),
            folder.path().join("zero"),
            folder.path().to_owned(),
        ] {
            let refused = text(&path);
            assert!(
                matches!(refused, Err(FileError::NotAFile { .. })),
                "{}: {refused:?}",
                path.display()
            );
            let refused = read_any(&path, 7);
            assert!(
                matches!(refused, Err(FileError::NotAFile { .. })),
                "{}: {refused:?}",
                path.display()
            );
        }
        let large = folder.path().join("large");
        fs::write(&large, "12345678").unwrap();
        set(&large, 0o600);
        assert!(matches!(text(&large), Err(FileError::TooLarge { limit: 7, .. })));
        assert!(matches!(read_any(&large, 7), Err(FileError::TooLarge { limit: 7, .. })));
        assert_eq!(*read_any(&large, 8).unwrap(), b"12345678");
    }

    #[test]
    fn want_of_descriptors_is_told_as_what_it_is() {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

        let folder = folder();
        let path = folder.path().join("file");
        write(&path, 0o600);
        // The account files are read once for the process, which must not be while there are no descriptors.
        TrustedFile::open(&path).unwrap();
        let usual = getrlimit(Resource::Nofile);
        let none = Rlimit {
            current: Some(0),
            ..usual
        };
        // Where the tests share a process, one that opens something at this moment may fail.
        setrlimit(Resource::Nofile, none).unwrap();
        let (trusted, any) = (TrustedFile::open(&path), read_any(&path, 7));
        setrlimit(Resource::Nofile, usual).unwrap();
        for error in [trusted.unwrap_err(), any.unwrap_err()] {
            assert!(error.is_exhausted(), "{error:?}");
            assert!(error.to_string().contains("raise the limit on open files"), "{error}");
        }
        assert_eq!(text(&path).unwrap(), "content");
    }

    #[test]
    fn a_path_is_followed_to_the_file_that_is_to_be_written() {
        let folder = fs::canonicalize(folder().keep()).unwrap();
        write(&folder.join("file"), 0o600);
        symlink("file", folder.join("near")).unwrap();
        symlink(folder.join("near"), folder.join("far")).unwrap();
        symlink("missing", folder.join("nowhere")).unwrap();
        for name in ["file", "near", "far"] {
            assert_eq!(
                without_links(&folder.join(name)).unwrap(),
                folder.join("file"),
                "{name}"
            );
        }
        assert_eq!(without_links(&folder.join("new")).unwrap(), folder.join("new"));
        without_links(&folder.join("nowhere")).unwrap_err();
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_directory_is_made_for_its_owner_alone_and_not_where_others_can_write() {
        let folder = folder();
        let made = folder.path().join("a/b");
        TrustedDirectory::make(&made).unwrap();
        for path in [&made, &folder.path().join("a")] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o700);
        }
        set(&folder.path().join("a"), 0o777);
        for path in [made, folder.path().join("a/c/d")] {
            let refused = TrustedDirectory::make(&path);
            assert!(matches!(refused, Err(FileError::Untrusted(_))), "{refused:?}");
        }
        assert!(!folder.path().join("a/c").exists());
    }
}
