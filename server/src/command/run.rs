//! `certward-server run`.

use std::sync::Arc;
use std::time::Duration;

use super::channel::AdminSocket;
use super::signals::{ReloadSignal, StopSignals, survive_full_files};
use super::{Failure, output};
use crate::config::{CommandLine, Settings};
use crate::server::Server;
use certward_system::clock::SystemClock;
use certward_system::files::TrustedDirectory;
use certward_system::telemetry::{self, LogFormat};

/// Reads the settings and serves until SIGTERM or SIGINT.
pub(super) fn run(arguments: Vec<String>) -> Result<(), Failure> {
    let command_line = CommandLine::parse(arguments);
    let settings = Settings::load(&command_line).map_err(|mistakes| Failure::Usage(mistakes.to_string()))?;
    telemetry::start_log(&settings.log).map_err(Failure::failed)?;
    telemetry::log_panics();
    for warning in &settings.warnings {
        tracing::warn!("settings: {warning}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::failed)?;
    let outcome = runtime.block_on(serve(settings));
    // Kills the engines that have not ended. Threads that wait for a disk are not waited for.
    runtime.shutdown_timeout(RUNTIME_END);
    outcome
}

async fn serve(settings: Settings) -> Result<(), Failure> {
    let mut stop = StopSignals::listen()?;
    let reload = ReloadSignal::listen()?;
    survive_full_files()?;
    // Before the socket is made in it; the store asks again for whoever starts a server without this program.
    TrustedDirectory::make(&settings.data_dir).map_err(|error| Failure::failed(DataDirError(error)))?;
    let (data_dir, socket_path) = (settings.data_dir.clone(), settings.admin_socket());
    // First of all, because it tells of a server that runs on this DataDir already.
    let socket = AdminSocket::bind(socket_path.clone()).map_err(|error| Failure::failed(DataDirError(error)))?;
    let server = tokio::select! {
        started = Server::start(settings, Arc::new(SystemClock)) => started.map_err(Failure::failed)?,
        name = stop.next() => {
            tracing::info!(signal = name, "stopped before the server had started");
            return Ok(());
        }
    };
    let console = tokio::spawn(socket.serve(Arc::clone(server.app())));
    let reload = tokio::spawn(reload.obey(Arc::clone(server.app())));
    let begun = format!(
        "certward-server {version} serves {url}, keeps its data in {data_dir}, and its console is at {socket}",
        version = env!("CARGO_PKG_VERSION"),
        url = server.app().listening_url.as_str().trim_end_matches('/'),
        data_dir = data_dir.display(),
        socket = socket_path.display(),
    );
    match server.app().settings.log.format {
        // Whatever the level of the log: people wait for it.
        LogFormat::Text => output::print_error(&begun),
        LogFormat::Json => tracing::info!("{begun}"),
    }
    let name = stop.next().await;
    tracing::info!(signal = name, "stopping");
    console.abort();
    reload.abort();
    tokio::select! {
        () = server.shutdown() => {}
        name = stop.next() => tracing::warn!(
            signal = name,
            "a second signal: the server ends at once, and kills the engines of its databases"
        ),
    }
    Ok(())
}

/// For tasks to be dropped, and with them the processes of engines.
const RUNTIME_END: Duration = Duration::from_millis(250);

#[derive(Debug, thiserror::Error)]
#[error("DataDir cannot be used")]
struct DataDirError<E: std::error::Error + 'static>(#[source] E);
