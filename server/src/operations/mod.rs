//! Health and metrics: plain HTTP on this machine only, if the settings enable it.
//!
//! * `GET /healthz`: 200 while the process runs.
//! * `GET /readyz`: 200 while changes can be written to the store, 503 with the reason otherwise. Databases that clients cannot
//!   use are named, a line each; the server answers without them.
//! * `GET /metrics`: Prometheus's text format.

mod gauges;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use certward_pki::Printable;
use http::{StatusCode, header};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::expiry::ExpiryMetrics;
use certward_system::telemetry::Recorder;

/// The sources of the responses.
#[derive(Debug, Clone)]
pub(crate) struct Operations {
    recorder: Recorder,
    expiry: Arc<ExpiryMetrics>,
    app: Arc<App>,
}

impl Operations {
    pub(crate) fn new(recorder: Recorder, app: Arc<App>) -> Self {
        Self {
            recorder,
            expiry: Arc::new(ExpiryMetrics::new(Arc::clone(&app.certificates_in_use))),
            app,
        }
    }

    fn router(self) -> Router {
        Router::new()
            .route("/healthz", get(async || "ok\n"))
            .route("/readyz", get(ready))
            .route("/metrics", get(metrics))
            .with_state(self)
    }
}

async fn ready(State(operations): State<Operations>) -> Response {
    match tokio::time::timeout(READY_TIMEOUT, operations.app.authority.store().check()).await {
        Ok(Ok(())) => format!("ready\n{}", unusable_databases(&operations.app)).into_response(),
        Ok(Err(error)) => not_ready(&error.to_string()),
        Err(_) => not_ready("the store does not answer"),
    }
}

fn not_ready(reason: &str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response()
}

/// The databases that clients cannot use, one per line, with the reason.
fn unusable_databases(app: &App) -> String {
    let state = app.cluster.state();
    let mut lines = String::new();
    for database in state.databases() {
        let status = app.databases.status(database);
        if !status.is_usable() {
            let warnings = app.databases.warnings(database.uid).join("; ");
            // A name is whatever an administrator has chosen.
            let name = Printable::line(database.name.as_str());
            // Writing into a text cannot fail.
            let _ = writeln!(
                lines,
                "database {} ({name}) is {}: {warnings}",
                database.uid,
                status.as_str()
            );
        }
    }
    lines
}

async fn metrics(State(operations): State<Operations>) -> Response {
    gauges::set(&operations.app);
    let mut text = operations.recorder.render();
    text.push_str(&gauges::connections(&operations.app));
    text.push('\n');
    text.push_str(&operations.expiry.render().await);
    ([(header::CONTENT_TYPE, PROMETHEUS_TEXT)], text).into_response()
}

/// A bound listener for health and metrics.
#[derive(Debug)]
pub(crate) struct OperationsListener {
    tcp: TcpListener,
    operations: Operations,
}

impl OperationsListener {
    /// Wraps a socket that only this machine can reach.
    pub(crate) fn new(tcp: TcpListener, operations: Operations) -> Self {
        Self { tcp, operations }
    }

    /// The address of the listener, with the actual port.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.tcp.local_addr().ok()
    }

    /// Serves requests until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let serve = axum::serve(self.tcp, self.operations.router());
        if let Err(error) = stop
            .run_until_cancelled_owned(serve.into_future())
            .await
            .unwrap_or(Ok(()))
        {
            tracing::error!(%error, "health and metrics are no longer served");
        }
    }
}

/// A slower store is not ready.
const READY_TIMEOUT: Duration = Duration::from_secs(2);
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
