//! The provider's log, in the form that Terraform reads and sorts by TF_LOG, and secrets kept out of it.

mod json;
pub(crate) mod mask;

pub use mask::mask;

use std::env;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Sends the events of `tracing` to stderr, from the level that Terraform's environment asks for.
pub(crate) fn install() {
    let level = level(
        env::var("TF_LOG_PROVIDER")
            .ok()
            .or_else(|| env::var("TF_LOG").ok())
            .as_deref(),
    );
    // Libraries below the provider print headers and bodies when asked for everything.
    let filter = Targets::new()
        .with_default(level)
        .with_targets(NOISY.map(|target| (target, level.min(LevelFilter::WARN))));
    // A second provider in one process, as in tests, keeps the first one's log.
    _ = tracing_subscriber::registry()
        .with(json::JsonLines.with_filter(filter))
        .try_init();
}

/// The level that TF_LOG names: only warnings and errors when it is unset.
fn level(text: Option<&str>) -> LevelFilter {
    match text.map(str::to_ascii_uppercase).as_deref() {
        Some("TRACE" | "JSON") => LevelFilter::TRACE,
        Some("DEBUG") => LevelFilter::DEBUG,
        Some("INFO") => LevelFilter::INFO,
        Some("ERROR") => LevelFilter::ERROR,
        Some("OFF") => LevelFilter::OFF,
        Some("" | "WARN") | None => LevelFilter::WARN,
        // As Terraform does: an unknown word is everything.
        Some(_) => LevelFilter::TRACE,
    }
}

const NOISY: [&str; 8] = [
    "h2",
    "hyper",
    "hyper_util",
    "reqwest",
    "rustls",
    "tokio_util",
    "tonic",
    "tower",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn level_follows_tf_log() {
        assert_eq!(level(None), LevelFilter::WARN);
        assert_eq!(level(Some("debug")), LevelFilter::DEBUG);
        assert_eq!(level(Some("JSON")), LevelFilter::TRACE);
        assert_eq!(level(Some("off")), LevelFilter::OFF);
    }
}
