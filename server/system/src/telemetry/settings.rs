//! Log settings.

/// Level and format of the log, which is written to standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSettings {
    /// The least urgent level that is written.
    pub level: tracing::level_filters::LevelFilter,
    /// One event, one line, in this form.
    pub format: LogFormat,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// A JSON object.
    Json,
}
