//! Logs panics, instead of printing them to standard error.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{PanicHookInfo, set_hook};

/// Logs every later panic as an event, truncated to the maximum length.
pub fn log_panics() {
    set_hook(Box::new(log));
}

fn log(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("no text");
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current();
    // With RUST_BACKTRACE.
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    tracing::error!(
        panic.message = cut(message, MAX_MESSAGE),
        panic.location = location,
        panic.thread = thread.name().unwrap_or_default(),
        panic.backtrace = backtrace.as_deref().map(|backtrace| cut(backtrace, MAX_BACKTRACE)),
        "a part of the server has panicked"
    );
}

/// The first `most` bytes of a text, or fewer.
fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

const MAX_MESSAGE: usize = 1000;
const MAX_BACKTRACE: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::telemetry::CapturedLog;

    #[test]
    fn a_panic_is_an_event_of_bounded_length() {
        let log = CapturedLog::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_writer(Arc::new(log.clone()))
            .finish();
        let before = std::panic::take_hook();
        log_panics();
        tracing::subscriber::with_default(subscriber, || {
            let panicked = std::panic::catch_unwind(|| panic!("{}", "x".repeat(1_000_000)));
            assert!(panicked.is_err());
        });
        std::panic::set_hook(before);
        let event: serde_json::Value = serde_json::from_str(&log.take()).unwrap();
        let fields = &event["fields"];
        assert_eq!(fields["message"], "a part of the server has panicked");
        assert_eq!(fields["panic.message"].as_str().unwrap().len(), MAX_MESSAGE);
        assert!(fields["panic.location"].as_str().unwrap().contains("panic.rs:"));
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("abc", 1000), "abc");
        assert_eq!(cut("aé", 2), "a");
    }
}
