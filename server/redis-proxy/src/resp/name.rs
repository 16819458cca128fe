//! The first bytes of a command's name.

use super::watched::LONGEST;

/// The name of a command, as far as it can be that of an identity command.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Name {
    bytes: [u8; LONGEST + 1],
    length: usize,
    /// Number of bytes to keep.
    wanted: usize,
}

impl Name {
    pub(super) fn of_length(length: u64) -> Self {
        Self {
            wanted: usize::try_from(length).unwrap_or(usize::MAX).min(LONGEST + 1),
            ..Self::default()
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        let count = bytes.len().min(self.wanted - self.length);
        self.bytes[self.length..self.length + count].copy_from_slice(&bytes[..count]);
        self.length += count;
    }

    pub(super) fn is_known(&self) -> bool {
        self.length == self.wanted
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}
