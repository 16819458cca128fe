//! The head of the write-ahead log's index, `certward.db-shm`, which counts the transactions of every program (the file
//! format: sqlite.org/walformat.html, "The WAL-Index Header").

use std::fs::File;
use std::io;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// A file on which SQLite has locks. It is never closed: that would release SQLite's locks (fcntl(2)). A process opens
/// two of them whenever it opens a store, which a server does once.
#[derive(Debug)]
pub(crate) struct NeverClosed(ManuallyDrop<File>);

/// The head of the log's index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IndexHead {
    /// The number of committed transactions of all programs.
    pub(crate) commits: u32,
    /// The number of pages in the log; 0 after a checkpoint has moved all of them into the database and emptied the
    /// log.
    pub(crate) frames: u32,
}

impl NeverClosed {
    /// # Errors
    ///
    /// Any I/O error.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        File::open(path).map(|file| Self(ManuallyDrop::new(file)))
    }
}

impl Deref for NeverClosed {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

/// Reads the head of an index. None if it is not understood, or a program keeps writing it.
pub(crate) fn read(index: &File) -> Option<IndexHead> {
    // It stands there twice, and SQLite writes the second one first.
    let mut heads = [0; 2 * HEAD];
    for _ in 0..ATTEMPTS {
        index.read_exact_at(&mut heads, 0).ok()?;
        let (head, second) = heads.split_at(HEAD);
        if head == second {
            return parse(head);
        }
        std::thread::yield_now();
    }
    None
}

fn parse(head: &[u8]) -> Option<IndexHead> {
    let number = |at: usize| {
        let bytes: &[u8; 4] = head.get(at..)?.first_chunk()?;
        Some(u32::from_ne_bytes(*bytes))
    };
    let is_initialised = head.get(12) == Some(&1);
    if number(0)? != VERSION || !is_initialised {
        return None;
    }
    Some(IndexHead {
        commits: number(8)?,
        frames: number(16)?,
    })
}

const HEAD: usize = 48;
/// `WALINDEX_MAX_VERSION`, the only version so far.
const VERSION: u32 = 3_007_000;
const ATTEMPTS: usize = 100;
