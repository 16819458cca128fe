//! Logs and metrics.

mod escape;
mod log;
mod metric;

pub use log::{LogError, start_log};
pub(crate) use metric::{
    CONNECTIONS_CUT, CONNECTIONS_REFUSED, DATABASE_CONNECTIONS, HANDSHAKES, OPEN_CONNECTIONS, PANICS, READY_KEYS,
    REFUSALS, RELOADS, Recorder, STORE_COMMIT_DURATION, STORE_WRITABLE, request_answered,
};
