//! The log: events on standard error, one a line.

use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Layer};

use super::escape::Escaping;
use crate::config::{LogFormat, LogSettings};

/// The log cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// `RUST_LOG` is set and not understood.
    #[error("cannot read the filter in RUST_LOG; it is a list such as `info,certward_server=debug`")]
    Filter(#[source] ParseError),
    /// The process has a log already.
    #[error("the process has a log already")]
    Started(#[source] TryInitError),
}

/// Starts the log of this process. `RUST_LOG`, when it is set, decides about levels in place of the settings.
///
/// # Errors
///
/// [`LogError`], when `RUST_LOG` cannot be read or the process has a log already.
pub fn start_log(settings: &LogSettings) -> Result<(), LogError> {
    let filter = match std::env::var(EnvFilter::DEFAULT_ENV) {
        Ok(directives) if !directives.is_empty() => EnvFilter::try_new(directives).map_err(LogError::Filter)?,
        _ => EnvFilter::default().add_directive(settings.level.into()),
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(Escaping(std::io::stderr));
    let lines = match settings.format {
        // Without colours: they are control characters, which an event must not contain.
        LogFormat::Text => lines.with_ansi(false).with_target(false).boxed(),
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
        .map_err(LogError::Started)
}
