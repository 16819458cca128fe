//! Files that hold certificates and keys.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::error::Error;

/// The content of a file with certificates or keys, read within bounds and wiped from memory when dropped.
///
/// At most [`CredentialFile::MAX_LENGTH`] bytes are read, and for at most [`CredentialFile::TIMEOUT`]. So a named pipe works,
/// `/dev/stdin` or a shell's `<(vault read …)` too, but one that nobody writes to is an error and not a standstill, and so
/// is a file without an end.
pub struct CredentialFile {
    path: PathBuf,
    content: Zeroizing<Vec<u8>>,
    readable_by_others: bool,
}

impl CredentialFile {
    /// Credentials have a few KiB, the largest bundles of CAs some hundred.
    pub const MAX_LENGTH: usize = 4 * 1024 * 1024;
    /// A program behind a pipe may have to ask a vault first.
    pub const TIMEOUT: Duration = Duration::from_secs(10);

    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::is_configuration`]: it cannot be opened or read, is too large, or does not end in time.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::read_within(path.as_ref(), Self::TIMEOUT)
    }

    fn read_within(path: &Path, timeout: Duration) -> Result<Self, Error> {
        let failed = |problem: &str| Error::configuration(format!("cannot read \"{}\"{problem}", path.display()));
        let (sender, receiver) = mpsc::sync_channel(1);
        let opened = path.to_owned();
        // Opening a pipe waits for its writer, which only another thread can be left to do.
        std::thread::Builder::new()
            .name("credential-file".to_owned())
            .spawn(move || _ = sender.send(read(&opened)))
            .map_err(|error| failed("").with_source(error))?;
        let (content, readable_by_others) = match receiver.recv_timeout(timeout) {
            Ok(answer) => answer.map_err(|error| failed("").with_source(error))?,
            Err(_) => {
                return Err(failed(&format!(
                    ": it did not end within {} ms; nobody writes to the pipe, or its writer is too slow",
                    timeout.as_millis()
                )));
            }
        };
        if content.len() > Self::MAX_LENGTH {
            return Err(failed(&format!(
                ": it has more than {} bytes, which no certificate or key has",
                Self::MAX_LENGTH
            )));
        }
        Ok(Self {
            path: path.to_owned(),
            content,
            readable_by_others,
        })
    }

    /// The bytes of the file: **they may hold a secret**.
    pub fn bytes(&self) -> &[u8] {
        &self.content
    }

    /// The content as text: **it may hold a secret**.
    ///
    /// # Errors
    /// [`Error::is_configuration`]: the content is not UTF-8.
    pub fn text(&self) -> Result<&str, Error> {
        std::str::from_utf8(&self.content).map_err(|_| {
            Error::configuration(format!(
                "cannot read \"{}\": it is not text, and so not PEM",
                self.path.display()
            ))
        })
    }

    /// Returns `true` when other users can read the file, which a private key should not allow: `chmod 600` corrects
    /// it. As with PostgreSQL's keys, a group may read a file that root owns. Always `false` for pipes, and on systems
    /// without such modes.
    pub fn is_readable_by_others(&self) -> bool {
        self.readable_by_others
    }
}

impl std::fmt::Debug for CredentialFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CredentialFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

fn read(path: &Path) -> io::Result<(Zeroizing<Vec<u8>>, bool)> {
    let file = File::open(path)?;
    let readable_by_others = is_readable_by_others(&file)?;
    // Room for all of it at once: growing would leave unwiped copies of a key behind.
    let mut content = Zeroizing::new(Vec::with_capacity(CredentialFile::MAX_LENGTH + 1));
    file.take(CredentialFile::MAX_LENGTH as u64 + 1)
        .read_to_end(&mut content)?;
    Ok((content, readable_by_others))
}

#[cfg(unix)]
fn is_readable_by_others(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = file.metadata()?;
    let forbidden = if metadata.uid() == 0 { 0o004 } else { 0o044 };
    Ok(metadata.is_file() && metadata.mode() & forbidden != 0)
}

#[cfg(not(unix))]
fn is_readable_by_others(_: &File) -> io::Result<bool> {
    Ok(false)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::Command;
    use std::time::Instant;

    use super::*;

    #[test]
    fn file_without_an_end_and_directory_are_refused() {
        let error = CredentialFile::read("/dev/zero").unwrap_err();
        assert!(
            error.is_configuration() && error.to_string().contains("more than 4194304 bytes"),
            "{error}"
        );
        let folder = tempfile::tempdir().unwrap();
        assert!(CredentialFile::read(folder.path()).unwrap_err().is_configuration());
        assert!(
            CredentialFile::read(folder.path().join("none"))
                .unwrap_err()
                .is_configuration()
        );
    }

    #[test]
    fn pipe_is_read_to_its_end_and_waited_for_only_so_long() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let start = Instant::now();
        let error = CredentialFile::read_within(&pipe, Duration::from_millis(50)).unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(5));
        assert!(
            error.is_configuration() && error.to_string().contains("nobody writes"),
            "{error}"
        );

        let written = folder.path().join("written");
        assert!(Command::new("mkfifo").arg(&written).status().unwrap().success());
        let writer = std::thread::spawn({
            let written = written.clone();
            move || std::fs::write(written, "from a pipe").unwrap()
        });
        let file = CredentialFile::read(&written).unwrap();
        writer.join().unwrap();
        assert_eq!(
            (file.text().unwrap(), file.is_readable_by_others()),
            ("from a pipe", false)
        );
        // Whoever still waits for the first pipe goes on.
        drop(std::fs::OpenOptions::new().write(true).open(&pipe));
    }

    #[test]
    fn mode_tells_who_can_read_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "canary").unwrap();
        let root = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&path).unwrap()) == 0;
        for (mode, expected) in [
            (0o600, false),
            (0o400, false),
            (0o640, !root),
            (0o604, true),
            (0o644, true),
        ] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let file = CredentialFile::read(&path).unwrap();
            assert_eq!(file.is_readable_by_others(), expected, "{mode:o}");
            assert!(!format!("{file:?}").contains("canary"));
        }
    }

    #[test]
    fn content_that_is_no_text_is_refused_as_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a\u{202e}key");
        std::fs::write(&path, [0xff, 0xfe]).unwrap();
        let file = CredentialFile::read(&path).unwrap();
        let error = file.text().unwrap_err().to_string();
        assert!(
            file.bytes() == [0xff, 0xfe] && error.contains("not text") && error.contains("a\\u{202e}key"),
            "{error}"
        );
    }
}
