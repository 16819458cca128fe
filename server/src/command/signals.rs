//! The signals that the server listens to.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Failure;
use crate::app::App;

/// SIGTERM and SIGINT, which end the server.
pub(super) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    pub(super) fn listen() -> Result<Self, Failure> {
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    /// The name of the next one.
    pub(super) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// SIGHUP, by which an operator has files read and opened again.
pub(super) struct ReloadSignal(Signal);

impl ReloadSignal {
    /// From now on it does not end the process.
    pub(super) fn listen() -> Result<Self, Failure> {
        Ok(Self(listen(SignalKind::hangup())?))
    }

    /// At each signal reads the server certificate and opens the audit log's file again, each whatever becomes of the
    /// other.
    pub(super) async fn obey(mut self, app: Arc<App>) {
        while self.0.recv().await.is_some() {
            tracing::info!(
                "SIGHUP: the server certificate is read again, and the file of the audit log is opened again"
            );
            let certificate = tokio::spawn(reread_certificate(Arc::clone(&app)));
            let audit = tokio::spawn(reopen_audit(Arc::clone(&app)));
            // They fail to join only when they panic, which the log says.
            let _ = tokio::join!(certificate, audit);
        }
    }
}

async fn reread_certificate(app: Arc<App>) {
    if tokio::time::timeout(PATIENCE, app.replacement.reread()).await.is_err() {
        tracing::error!("the server certificate could not be read again in time; the certificate in force stays");
    }
}

async fn reopen_audit(app: Arc<App>) {
    match tokio::time::timeout(PATIENCE, app.audit.reopen()).await {
        Ok(Ok(false)) => {}
        Ok(Ok(true)) => tracing::info!("the file of the audit log has been opened again"),
        Ok(Err(error)) => tracing::error!(
            error = &error as &dyn std::error::Error,
            "the file of the audit log cannot be opened again; records go on into the one that is open"
        ),
        Err(_) => tracing::error!("the file of the audit log could not be opened again in time"),
    }
}

/// From now on a file that has reached its largest size (`RLIMIT_FSIZE`) gives an error to whoever writes it; by default
/// SIGXFSZ ends the process without a word.
pub(super) fn survive_full_files() -> Result<(), Failure> {
    listen(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())).map(drop)
}

fn listen(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(Failure::failed)
}

/// For a disk that does not answer. The next signal is then obeyed.
const PATIENCE: Duration = Duration::from_secs(10);
