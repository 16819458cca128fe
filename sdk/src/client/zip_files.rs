//! Small zip archives: setup packages, and what RavenDB answers with to a generation.

use std::io::{Cursor, Read as _};

use zeroize::Zeroizing;

use super::error::Error;

/// The files of a small zip archive, read into memory that is wiped.
pub(crate) struct ZipFiles(pub(crate) Vec<ZipFile>);

pub(crate) struct ZipFile {
    pub(crate) name: String,
    pub(crate) content: Zeroizing<Vec<u8>>,
}

/// An archive that is broken, too large, or no archive.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ZipError {
    #[error("the archive is broken, or is no zip archive")]
    Unreadable(#[from] zip::result::ZipError),
    #[error("a file of the archive cannot be unpacked")]
    Unpack(#[source] std::io::Error),
    #[error(
        "the archive holds more than {MAX_FILES} files, or more than {MAX_UNPACKED} bytes, or a file of more than {MAX_FILE}"
    )]
    TooLarge,
}

impl ZipError {
    pub(crate) fn configuration(self, step: &str) -> Error {
        Error::configuration(step).with_source(self)
    }
}

impl ZipFiles {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, ZipError> {
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes))?;
        if archive.len() > MAX_FILES {
            return Err(ZipError::TooLarge);
        }
        let (mut files, mut unpacked) = (Vec::new(), 0);
        for index in 0..archive.len() {
            let entry = archive.by_index(index)?;
            if entry.is_dir() {
                continue;
            }
            let name = entry.name()?.into_owned();
            // Room for the whole file at once: growing would leave unwiped copies of a key behind.
            let mut content = Zeroizing::new(Vec::with_capacity(
                usize::try_from(entry.size()).map_or(MAX_FILE, |size| size.min(MAX_FILE)) + 1,
            ));
            entry
                .take(MAX_FILE as u64 + 1)
                .read_to_end(&mut content)
                .map_err(ZipError::Unpack)?;
            unpacked += content.len();
            if content.len() > MAX_FILE || unpacked > MAX_UNPACKED {
                return Err(ZipError::TooLarge);
            }
            files.push(ZipFile { name, content });
        }
        Ok(Self(files))
    }

    pub(crate) fn with_extension(&self, extension: &str) -> Option<&ZipFile> {
        self.0.iter().find(|file| file.has_extension(extension))
    }
}

impl ZipFile {
    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        self.name
            .rsplit_once('.')
            .is_some_and(|(_, found)| found.eq_ignore_ascii_case(extension))
    }

    pub(crate) fn stem(&self) -> &str {
        self.name.rsplit_once('.').map_or(self.name.as_str(), |(stem, _)| stem)
    }

    pub(crate) fn text(&self) -> Result<&str, Error> {
        std::str::from_utf8(&self.content)
            .map_err(|_| Error::configuration("a .crt or .key file of the zip is not text"))
    }
}

/// A setup package of a large cluster has some dozen files of a few KiB.
const MAX_FILES: usize = 1_000;
const MAX_FILE: usize = 1024 * 1024;
/// A server may send 1,000 files that unpack to a thousand times their size.
const MAX_UNPACKED: usize = 16 * 1024 * 1024;
