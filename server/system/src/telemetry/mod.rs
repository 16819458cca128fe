//! Logs and metrics.

#[cfg(any(test, feature = "test-util"))]
mod captured;
mod escape;
mod exposition;
mod fields;
mod line;
mod log;
mod metric;
mod panic;
mod queue;
mod settings;
mod sparing;

#[cfg(any(test, feature = "test-util"))]
pub use captured::CapturedLog;
pub use exposition::Exposition;
pub use log::{LogError, start_log};
pub use log::{flush_log, print_line};
pub use metric::{
    BUILD_INFO, CERTIFICATE_EARLIEST_EXPIRY, CERTIFICATE_EXPIRY, CERTIFICATES, CERTIFICATES_EXPIRED,
    CERTIFICATES_EXPIRING, CERTIFICATES_UNLISTED, CONNECTIONS, CONNECTIONS_CUT, CONNECTIONS_REFUSED,
    DATABASE_CONNECTIONS, DATABASES, HANDSHAKES, OPEN_CONNECTIONS, PANICS, READY_KEYS, REFUSALS, RELOADS, Recorder,
    STORE_BYTES, STORE_COMMIT_DURATION, STORE_WRITABLE, request_answered,
};
pub use panic::log_panics;
pub use settings::{LogFormat, LogSettings};
pub use sparing::Sparing;
