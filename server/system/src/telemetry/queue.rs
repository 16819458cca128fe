//! The queue between the threads that log and the one thread that writes: logging never waits for the reader of the
//! log.
//!
//! Lines that do not fit into the queue, or that the output does not accept, are dropped and counted. The log reports
//! their number when it can be written again.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::LogFormat;
use super::line::{bounded, dropped_lines};

/// Lines on their way to the output.
#[derive(Debug)]
pub(super) struct LineQueue {
    format: LogFormat,
    state: Mutex<State>,
    /// Notified when the writer has work.
    arrived: Condvar,
    /// Notified when the writer has written.
    written: Condvar,
    /// Lines dropped since the start.
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<Vec<u8>>,
    /// Size of the lines in the queue and of those being written.
    bytes: usize,
    /// Number of dropped lines that have not been reported.
    untold: u64,
    /// The last write failed.
    is_failing: bool,
}

/// The lines of one write.
struct Batch {
    content: Vec<u8>,
    /// True if the batch begins with the end of a partially written line.
    ends_line: bool,
    /// The number of lines in it, without the one about dropped lines.
    lines: u64,
    /// Size of these lines in bytes.
    bytes: usize,
    /// Number of dropped lines that the batch reports.
    told: u64,
}

impl LineQueue {
    pub(super) fn new(format: LogFormat) -> Self {
        Self {
            format,
            state: Mutex::default(),
            arrived: Condvar::new(),
            written: Condvar::new(),
            dropped: AtomicU64::new(0),
        }
    }

    /// Queues one line, with its line end. Never waits for the output.
    pub(super) fn push(&self, line: Vec<u8>) {
        let line = bounded(line, self.format);
        {
            let mut state = self.lock();
            if state.lines.len() >= MAX_LINES || state.bytes + line.len() > MAX_BYTES {
                state.untold += 1;
                self.dropped.fetch_add(1, Ordering::Relaxed);
                return;
            }
            state.bytes += line.len();
            state.lines.push_back(line);
        }
        self.arrived.notify_one();
    }

    /// Lines dropped since the start.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Waits until everything is written, for at most `patience`; does not wait for an output that accepts nothing.
    pub(super) fn flush(&self, patience: Duration) {
        let until = Instant::now() + patience;
        let mut state = self.lock();
        while state.bytes > 0 && !state.is_failing {
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                return;
            };
            state = self
                .written
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Writes to `output` forever, on the calling thread.
    pub(super) fn write_to(&self, mut output: impl Write) {
        let mut is_within_line = false;
        loop {
            let batch = self.take(is_within_line);
            let (length, result) = write(&mut output, &batch.content);
            let reached = &batch.content[..length];
            if let Some(last) = reached.last() {
                is_within_line = *last != b'\n';
            }
            let is_failing = result.is_err();
            self.settle(&batch, is_failing.then_some(reached));
            if is_failing {
                std::thread::sleep(RETRY);
            }
        }
    }

    /// Waits for lines, and takes one batch.
    fn take(&self, is_within_line: bool) -> Batch {
        let mut state = self.lock();
        while state.lines.is_empty() && state.untold == 0 {
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let mut batch = Batch {
            content: Vec::new(),
            ends_line: is_within_line,
            lines: 0,
            bytes: 0,
            told: 0,
        };
        if is_within_line {
            batch.content.push(b'\n');
        }
        while batch.content.len() < MAX_BATCH
            && let Some(line) = state.lines.pop_front()
        {
            batch.lines += 1;
            batch.bytes += line.len();
            batch.content.extend(line);
        }
        // While the queue is full more are dropped, and one line is to tell of them all.
        if state.untold > 0 && state.bytes - batch.bytes <= MAX_BYTES / 2 {
            batch.told = std::mem::take(&mut state.untold);
            batch.content.extend(dropped_lines(batch.told, self.format));
        }
        batch
    }

    /// Records the result of a batch. `reached` is the part that was written before an error.
    fn settle(&self, batch: &Batch, reached: Option<&[u8]>) {
        let mut state = self.lock();
        state.bytes -= batch.bytes;
        state.is_failing = reached.is_some();
        if let Some(reached) = reached {
            let whole = reached.iter().skip(usize::from(batch.ends_line));
            let whole = whole.filter(|byte| **byte == b'\n').count();
            let lost = batch.lines.saturating_sub(u64::try_from(whole).unwrap_or(u64::MAX));
            state.untold += lost + batch.told;
            self.dropped.fetch_add(lost, Ordering::Relaxed);
        }
        drop(state);
        self.written.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes all of it. Returns the number of bytes written.
fn write(output: &mut impl Write, content: &[u8]) -> (usize, io::Result<()>) {
    let mut length = 0;
    while length < content.len() {
        match output.write(&content[length..]) {
            Ok(0) => return (length, Err(io::ErrorKind::WriteZero.into())),
            Ok(written) => length += written,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Somebody else has made the pipe a nonblocking one.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(FULL),
            Err(error) => return (length, Err(error)),
        }
    }
    (length, Ok(()))
}

/// Includes the batch being written.
const MAX_BYTES: usize = 1024 * 1024;
const MAX_LINES: usize = 8192;
/// The capacity of a pipe.
const MAX_BATCH: usize = 64 * 1024;
/// Pause after a failed write. Events of that time are queued.
const RETRY: Duration = Duration::from_secs(1);
/// Pause before a nonblocking output is tried again.
const FULL: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests;
