//! Log settings.

/// Level and format of the log, which is written to standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSettings {
    /// The lowest level that is logged.
    pub level: tracing::level_filters::LevelFilter,
    /// The format of a line.
    pub format: LogFormat,
}

/// The format of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Readable by people.
    Text,
    /// A JSON object.
    Json,
}
