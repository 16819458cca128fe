//! A log for tests.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// Captures the log of a subscriber: `with_writer(Arc::new(log.clone()))`.
#[derive(Debug, Clone, Default)]
pub struct CapturedLog(Arc<Mutex<Vec<u8>>>);

impl CapturedLog {
    /// Returns the text that was written since the last call.
    ///
    /// # Panics
    ///
    /// The text is not UTF-8.
    #[must_use]
    pub fn take(&self) -> String {
        let written = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        String::from_utf8(written).expect("the log is UTF-8")
    }
}

impl io::Write for &CapturedLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
