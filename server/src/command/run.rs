//! `certward-server run`.

use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::channel::AdminSocket;
use super::{Failure, output};
use crate::clock::SystemClock;
use crate::config::{CommandLine, Settings};
use crate::files::{FileError, TrustedDirectory};
use crate::server::Server;
use crate::telemetry;

/// Reads the settings and serves until SIGTERM or SIGINT.
pub(super) fn run(arguments: Vec<String>) -> Result<(), Failure> {
    let command_line = CommandLine::parse(arguments);
    let settings = Settings::load(&command_line).map_err(|mistakes| Failure::Usage(mistakes.to_string()))?;
    telemetry::start_log(&settings.log).map_err(Failure::failed)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::failed)?;
    runtime.block_on(serve(settings))
}

async fn serve(settings: Settings) -> Result<(), Failure> {
    let mut stop = StopSignals::listen()?;
    // Before the socket is made in it; the store asks again for whoever starts a server without this program.
    TrustedDirectory::make(&settings.data_dir).map_err(|error| Failure::failed(DataDirError(error)))?;
    let (data_dir, socket_path) = (settings.data_dir.clone(), settings.admin_socket());
    // First of all, because it tells of a server that runs on this DataDir already.
    let socket = AdminSocket::bind(socket_path.clone()).map_err(Failure::failed)?;
    let server = Server::start(settings, Arc::new(SystemClock))
        .await
        .map_err(Failure::failed)?;
    let console = tokio::spawn(socket.serve(Arc::clone(server.app())));
    output::print_error(&format!(
        "certward-server {version} serves {url}, keeps its data in {data_dir}, and its console is at {socket}",
        version = env!("CARGO_PKG_VERSION"),
        url = server.app().listening_url.as_str().trim_end_matches('/'),
        data_dir = data_dir.display(),
        socket = socket_path.display(),
    ));
    let name = stop.next().await;
    tracing::info!(signal = name, "stopping");
    console.abort();
    server.shutdown().await;
    Ok(())
}

#[derive(Debug, thiserror::Error)]
#[error("DataDir cannot be used")]
struct DataDirError(#[source] FileError);

struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn listen() -> Result<Self, Failure> {
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(Failure::failed)?,
            interrupt: signal(SignalKind::interrupt()).map_err(Failure::failed)?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
