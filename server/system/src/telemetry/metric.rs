//! The metrics: their names, and their text form.

use std::collections::HashMap;
use std::fmt;
use std::sync::{LazyLock, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use http::{Method, StatusCode};
use metrics::{Counter, Histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

/// Requests by method, route and status.
pub(super) const REQUESTS: &str = "certward_requests_total";
/// The durations of requests in seconds, by route.
pub(super) const REQUEST_DURATION: &str = "certward_request_duration_seconds";
/// Requests that ended in a panic.
pub const PANICS: &str = "certward_panics_total";
/// TLS handshakes by outcome.
pub const HANDSHAKES: &str = "certward_handshakes_total";
/// Connections that are open after their handshake.
pub const OPEN_CONNECTIONS: &str = "certward_open_connections";
/// Connections to databases that are open after their login.
pub const DATABASE_CONNECTIONS: &str = "certward_database_connections";
/// Open connections, by listener and by kind of identity.
pub const CONNECTIONS: &str = "certward_connections";
/// Connections closed because their certificate is no longer trusted, by reason.
pub const CONNECTIONS_CUT: &str = "certward_connections_cut_total";
/// Refused connections, by limit.
pub const CONNECTIONS_REFUSED: &str = "certward_connections_refused_total";
/// Attempts to put a new server certificate in force, from its file or by a request, by outcome.
pub const RELOADS: &str = "certward_server_certificate_reloads_total";

/// Lines of the log that were dropped.
const LOG_LINES_DROPPED: &str = "certward_log_lines_dropped_total";

/// Refused requests, by reason.
pub const REFUSALS: &str = "certward_refusals_total";
/// Ready keys for client certificates.
pub const READY_KEYS: &str = "certward_ready_keys";
/// The durations of commits to the store, in seconds.
pub const STORE_COMMIT_DURATION: &str = "certward_store_commit_duration_seconds";
/// 1 while changes can be written to the store, 0 while they are refused.
pub const STORE_WRITABLE: &str = "certward_store_writable";

/// 1; the label `version` is the version of the server.
pub const BUILD_INFO: &str = "certward_build_info";
/// The sizes of the store's files in bytes, by file.
pub const STORE_BYTES: &str = "certward_store_bytes";
/// Databases, by status.
pub const DATABASES: &str = "certward_databases";
/// The expiry of certificates in seconds since 1970: one series for each, up to a limit.
pub const CERTIFICATE_EXPIRY: &str = "certward_certificate_expiry_timestamp_seconds";
/// The earliest expiry of the certificates of each use, in seconds since 1970.
pub const CERTIFICATE_EARLIEST_EXPIRY: &str = "certward_certificate_earliest_expiry_timestamp_seconds";
/// Certificates in use, by their use.
pub const CERTIFICATES: &str = "certward_certificates";
/// Certificates in use that expire within a number of days.
pub const CERTIFICATES_EXPIRING: &str = "certward_certificates_expiring";
/// Certificates in use that have expired.
pub const CERTIFICATES_EXPIRED: &str = "certward_certificates_expired";
/// Certificates in use without a series of [`CERTIFICATE_EXPIRY`].
pub const CERTIFICATES_UNLISTED: &str = "certward_certificates_unlisted";

/// The `# HELP` and `# TYPE` of each metric.
const DESCRIPTIONS: [(Kind, &str, &str); 24] = [
    (
        Kind::Counter,
        REQUESTS,
        "Requests answered, by method, route and status.",
    ),
    (Kind::Histogram, REQUEST_DURATION, "How long requests took, by route."),
    (
        Kind::Counter,
        PANICS,
        "Requests that ended in a panic: a fault of the server.",
    ),
    (Kind::Counter, HANDSHAKES, "TLS handshakes, by outcome."),
    (
        Kind::Gauge,
        OPEN_CONNECTIONS,
        "Connections to the APIs that are open after their handshake.",
    ),
    (
        Kind::Gauge,
        DATABASE_CONNECTIONS,
        "Connections to databases that are open after their login.",
    ),
    (
        Kind::Gauge,
        CONNECTIONS,
        "Open connections, by listener and by what let them in.",
    ),
    (
        Kind::Counter,
        CONNECTIONS_CUT,
        "Connections closed because they lost their trust, by reason.",
    ),
    (
        Kind::Counter,
        CONNECTIONS_REFUSED,
        "Connections not accepted, by the limit they ran into.",
    ),
    (
        Kind::Counter,
        RELOADS,
        "Attempts to put a new server certificate in force, by outcome.",
    ),
    (Kind::Counter, LOG_LINES_DROPPED, "Lines of the log that were dropped."),
    (
        Kind::Counter,
        REFUSALS,
        "Requests and logins refused before anything was done for them, by reason.",
    ),
    (Kind::Gauge, READY_KEYS, "Keys for client certificates that are ready."),
    (
        Kind::Histogram,
        STORE_COMMIT_DURATION,
        "How long changes took to be on the disk.",
    ),
    (
        Kind::Gauge,
        STORE_WRITABLE,
        "1 while changes can be written to the store, 0 while they are refused.",
    ),
    (Kind::Gauge, BUILD_INFO, "1, with the version of the server."),
    (
        Kind::Gauge,
        STORE_BYTES,
        "Sizes of the files of the store: the database and its write-ahead log.",
    ),
    (Kind::Gauge, DATABASES, "Databases, by status."),
    (
        Kind::Gauge,
        CERTIFICATE_EXPIRY,
        "When a certificate expires, in seconds since 1970: those that expire first.",
    ),
    (
        Kind::Gauge,
        CERTIFICATE_EARLIEST_EXPIRY,
        "When the next certificate expires, in seconds since 1970, by use.",
    ),
    (Kind::Gauge, CERTIFICATES, "Certificates in use, by use."),
    (
        Kind::Gauge,
        CERTIFICATES_EXPIRING,
        "Certificates that expire within so many days, by use. Those that expire within fewer days count too.",
    ),
    (
        Kind::Gauge,
        CERTIFICATES_EXPIRED,
        "Certificates that have expired, by use.",
    ),
    (
        Kind::Gauge,
        CERTIFICATES_UNLISTED,
        "Certificates whose expiry has no series of its own, by use.",
    ),
];

/// The type of a metric.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// The name in `# TYPE`.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        })
    }
}

/// Returns the description of a metric.
pub(super) fn description(name: &str) -> Option<(Kind, &'static str)> {
    let described = DESCRIPTIONS.into_iter().find(|(_, described, _)| *described == name);
    described.map(|(kind, _, text)| (kind, text))
}

fn describe_all() {
    for (kind, name, text) in DESCRIPTIONS {
        match kind {
            Kind::Counter => metrics::describe_counter!(name, text),
            Kind::Gauge => metrics::describe_gauge!(name, text),
            Kind::Histogram => metrics::describe_histogram!(name, text),
        }
    }
    // From the start, so that a rule about their increase sees the first.
    metrics::counter!(PANICS).increment(0);
    for outcome in ["done", "failed"] {
        metrics::counter!(RELOADS, "outcome" => outcome).increment(0);
    }
    for reason in ["connections", "displaced", "resources"] {
        metrics::counter!(CONNECTIONS_REFUSED, "reason" => reason).increment(0);
    }
}

/// Counts one request. `route` is the pattern of a route, of which there are few.
pub fn request_answered(method: &Method, route: &'static str, status: StatusCode, duration: Duration) {
    static METRICS: LazyLock<RwLock<HashMap<RequestLabels, RequestMetrics>>> = LazyLock::new(RwLock::default);
    let labels = (known_method(method), route, status.as_u16());
    if let Some(metrics) = METRICS.read().unwrap_or_else(PoisonError::into_inner).get(&labels) {
        return metrics.record(duration);
    }
    let metrics = RequestMetrics::new(labels);
    metrics.record(duration);
    METRICS
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(labels, metrics);
}

/// Method, route and status of a request.
type RequestLabels = (&'static str, &'static str, u16);

/// The metrics of all requests with the same labels; looking them up by their labels costs more than counting.
struct RequestMetrics {
    answered: Counter,
    duration: Histogram,
}

impl RequestMetrics {
    fn new((method, route, status): RequestLabels) -> Self {
        Self {
            answered: metrics::counter!(REQUESTS, "method" => method, "route" => route, "status" => status.to_string()),
            duration: metrics::histogram!(REQUEST_DURATION, "route" => route),
        }
    }

    fn record(&self, duration: Duration) {
        self.answered.increment(1);
        self.duration.record(duration);
    }
}

/// The method as a label value. Clients choose it, so unknown ones are combined.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "other",
    }
}

/// The recorder of this process. All servers of one process, which only tests have, share it.
#[derive(Debug, Clone)]
pub struct Recorder(Option<PrometheusHandle>);

impl Recorder {
    /// Starts recording, unless the process has done so already or records elsewhere.
    pub fn start() -> Self {
        static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
        let install = || {
            PrometheusBuilder::new()
                .set_buckets(&DURATION_BUCKETS)
                .and_then(PrometheusBuilder::install_recorder)
                .inspect(|_| describe_all())
                .inspect_err(|error| tracing::warn!(%error, "metrics are not recorded"))
                .ok()
        };
        Self(RECORDER.get_or_init(install).clone())
    }

    /// The metrics in Prometheus' text form.
    pub fn render(&self) -> String {
        // Counted beside the recorder, because the log begins before it.
        metrics::counter!(LOG_LINES_DROPPED).absolute(super::log::dropped_lines());
        self.0.as_ref().map(PrometheusHandle::render).unwrap_or_default()
    }

    /// Adds the durations measured since the last call to their histograms; otherwise they accumulate in memory.
    fn run_upkeep(&self) {
        if let Some(handle) = &self.0 {
            handle.run_upkeep();
        }
    }
}

impl Recorder {
    /// Runs the upkeep every few seconds, until `stop`.
    pub async fn keep_up(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(UPKEEP) => self.run_upkeep(),
            }
        }
    }
}

const UPKEEP: Duration = Duration::from_secs(5);

/// In seconds: from a cached response to a certificate whose key has to be generated first.
const DURATION_BUCKETS: [f64; 12] = [
    0.0001, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_described() {
        let declarations = include_str!("metric.rs").lines();
        let names = declarations.filter_map(|line| Some(line.split_once("&str = \"certward_")?.1.split_once('"')?.0));
        let names: Vec<_> = names.map(|name| format!("certward_{name}")).collect();
        assert_eq!(names.len(), DESCRIPTIONS.len());
        for name in names {
            assert!(
                DESCRIPTIONS.iter().any(|(_, described, _)| *described == name),
                "{name}"
            );
        }
    }

    #[test]
    fn counters_are_totals_and_other_metrics_are_not() {
        for (kind, name, text) in DESCRIPTIONS {
            assert_eq!(name.ends_with("_total"), matches!(kind, Kind::Counter), "{name}");
            assert!(text.ends_with('.'), "{name}: {text}");
        }
    }
}
