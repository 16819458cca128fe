//! The output file of an archive.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};

/// After an error, it discards all writes: the archive is abandoned, and `ZipWriter` would otherwise print to standard
/// error that it cannot be finished.
pub(super) struct Output {
    file: BufWriter<File>,
    has_failed: bool,
    /// The position of the next byte.
    position: u64,
    length: u64,
}

impl Output {
    pub(super) fn new(file: File) -> Self {
        Self {
            file: BufWriter::new(file),
            has_failed: false,
            position: 0,
            length: 0,
        }
    }

    /// Synchronizes the file to disk.
    pub(super) fn sync(self) -> io::Result<()> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()
    }

    fn unless_failed<T>(
        &mut self,
        otherwise: T,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<T>,
    ) -> io::Result<T> {
        if self.has_failed {
            return Ok(otherwise);
        }
        let written = write(&mut self.file);
        self.has_failed = written.is_err();
        written
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.unless_failed(bytes.len(), |file| file.write(bytes))?;
        self.position += written as u64;
        self.length = self.length.max(self.position);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.unless_failed((), BufWriter::flush)
    }
}

impl Seek for Output {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
        };
        let position = position.ok_or(io::ErrorKind::InvalidInput)?;
        self.position = self.unless_failed(position, |file| file.seek(SeekFrom::Start(position)))?;
        Ok(self.position)
    }
}
