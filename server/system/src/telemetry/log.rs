//! The log: events on standard error, one per line, written by a separate thread.

use std::io::{self, Write};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{ParseError, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use super::escape::Escaping;
use super::fields::Logfmt;
use super::queue::LineQueue;
use super::{LogFormat, LogSettings};

/// The log cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// `RUST_LOG` cannot be parsed.
    #[error("cannot read the filter in RUST_LOG; it is a list such as `info,certward_server=debug`")]
    Filter(#[source] ParseError),
    /// The process has a log already.
    #[error("the process has a log already")]
    Started(#[source] TryInitError),
    /// The system has no thread for it.
    #[error("cannot start the thread that writes the log")]
    Thread(#[source] io::Error),
}

/// Starts the log of this process. If `RUST_LOG` is set, it overrides the levels of the settings.
///
/// # Errors
///
/// [`LogError`], if `RUST_LOG` cannot be parsed or the process has a log already.
pub fn start_log(settings: &LogSettings) -> Result<(), LogError> {
    let filter = match std::env::var("RUST_LOG") {
        Ok(directives) if !directives.is_empty() => directives.parse().map_err(LogError::Filter)?,
        _ if settings.level <= LevelFilter::INFO => Targets::new()
            .with_default(settings.level)
            // It warns of what strangers send, such as an address in the place of a host's name.
            .with_target("rustls", LevelFilter::ERROR.min(settings.level)),
        _ => Targets::new().with_default(settings.level),
    };
    let queue = Arc::new(LineQueue::new(settings.format));
    let lines = tracing_subscriber::fmt::layer()
        // It would write to standard error itself.
        .log_internal_errors(false)
        .with_writer(Escaping {
            lines: QueuedLines(Arc::clone(&queue)),
            format: settings.format,
        });
    let lines = match settings.format {
        // Without colours: they are control characters, which an event must not contain.
        LogFormat::Text => lines.with_ansi(false).with_target(false).fmt_fields(Logfmt).boxed(),
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .boxed(),
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .try_init()
        .map_err(LogError::Started)?;
    let writer = Arc::clone(&queue);
    std::thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || writer.write_to(StandardError))
        .map_err(LogError::Thread)?;
    // Only the first log of a process comes here.
    let _ = LOG.set(queue);
    Ok(())
}

/// Writes a line to the log that is not an event. Returns whether there is a log.
pub fn print_line(text: &str) -> bool {
    let log = LOG.get();
    if let Some(queue) = log {
        queue.push(format!("{text}\n").into_bytes());
    }
    log.is_some()
}

/// Waits until the log is written, for at most `patience`.
pub fn flush_log(patience: Duration) {
    if let Some(queue) = LOG.get() {
        queue.flush(patience);
    }
}

/// Lines of the log that were dropped since the start.
pub(super) fn dropped_lines() -> u64 {
    LOG.get().map(|queue| queue.dropped()).unwrap_or_default()
}

static LOG: OnceLock<Arc<LineQueue>> = OnceLock::new();

/// Queues each event as a line.
#[derive(Debug)]
struct QueuedLines(Arc<LineQueue>);

impl<'a> MakeWriter<'a> for QueuedLines {
    type Writer = QueuedLine<'a>;

    fn make_writer(&'a self) -> QueuedLine<'a> {
        QueuedLine(&self.0)
    }
}

struct QueuedLine<'a>(&'a LineQueue);

impl Write for QueuedLine<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Standard error without the lock that [`io::stderr`] holds during a write: a stalled reader would otherwise block
/// everyone who prints, or panics.
struct StandardError;

impl Write for StandardError {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(io::stderr(), bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
