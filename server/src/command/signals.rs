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

/// Runs `work` to its end, or until a signal asks to stop: then `work` is dropped, which removes what it had begun, and
/// the failure names the signal and says `outcome`.
pub(super) async fn finish_or_stop<T, E>(
    work: impl Future<Output = Result<T, E>> + Send + 'static,
    outcome: &str,
) -> Result<T, Failure>
where
    T: Send + 'static,
    E: std::error::Error + Send + Sync + 'static,
{
    let mut stop = StopSignals::listen()?;
    let mut hangup = listen(SignalKind::hangup())?;
    survive_full_files()?;
    let mut work = tokio::spawn(work);
    let name = tokio::select! {
        finished = &mut work => return finished.map_err(Failure::failed)?.map_err(Failure::failed),
        name = stop.next() => name,
        _ = hangup.recv() => "SIGHUP",
    };
    work.abort();
    match work.await {
        // It had come to its end.
        Ok(finished) => finished.map_err(Failure::failed),
        Err(_) => Err(Failure::failed(format!("stopped by {name}; {outcome}"))),
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
