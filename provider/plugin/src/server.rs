//! The process: from its start by Terraform to its end.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use certward_pki::ErrorChain;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::provider::PluginProvider;
use super::service::Service;
use super::transport::{Connection, Invitation, Listener, NotInvited, Tls, TlsError};
use super::{call, log};

/// Serves a provider to the Terraform that has started this process, until it says or shows that it is done.
///
/// The whole `main` of a provider. The exit code is 1 when the process was not started by Terraform, which is
/// explained on stderr, or when it cannot listen. It ends
///
/// * at Terraform's request, within 2 seconds;
/// * when the last client has been gone for 10 seconds (Terraform was killed);
/// * when nobody has connected within a minute;
/// * on SIGTERM. SIGINT is ignored: Ctrl-C reaches Terraform too, which then asks running operations to stop.
pub fn serve<P: PluginProvider>(provider: P) -> ExitCode {
    log::install();
    call::install_panic_hook();
    match run(provider) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            explain(&error);
            ExitCode::FAILURE
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum ServeError {
    #[error(transparent)]
    NotInvited(#[from] NotInvited),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("starting the runtime failed")]
    Runtime(#[source] io::Error),
    #[error("opening a socket in the temporary directory failed")]
    Listen(#[source] io::Error),
    #[error("telling Terraform where to connect failed: stdout is closed")]
    Handshake(#[source] io::Error),
}

fn run<P: PluginProvider>(provider: P) -> Result<(), ServeError> {
    let invitation = Invitation::from_environment()?;
    let tls = Tls::new(invitation.client_certificate)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .map_err(ServeError::Runtime)?;
    let result = runtime.block_on(listen(provider, tls));
    runtime.shutdown_timeout(LAST_WORK);
    result
}

async fn listen<P: PluginProvider>(provider: P, tls: Tls) -> Result<(), ServeError> {
    let signals = Signals::install().map_err(ServeError::Runtime)?;
    let listener = Listener::bind().map_err(ServeError::Listen)?;
    let shutdown = CancellationToken::new();
    let service = Arc::new(Service::new(provider, shutdown.clone()));

    let mut stdout = io::stdout().lock();
    let line = listener.handshake(&tls.certificate);
    stdout
        .write_all(line.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(ServeError::Handshake)?;
    drop(stdout);

    let connections = TaskTracker::new();
    let (clients, seen) = watch::channel(Clients::default());
    let acceptor = TlsAcceptor::from(tls.config);
    let accepting = async {
        loop {
            match listener.accept().await {
                Ok(connection) => {
                    let client = Arc::clone(&service).attend(acceptor.clone(), connection, clients.clone());
                    connections.spawn(client);
                }
                Err(error) => {
                    tracing::warn!(%error, "accepting a connection failed");
                    // Out of file descriptors, most likely: give connections time to end.
                    sleep(Duration::from_millis(50)).await;
                }
            }
        }
    };
    tokio::select! {
        () = accepting => {}
        () = shutdown.cancelled() => {}
        () = deserted(seen, &service) => tracing::warn!("the last client is gone, so the provider ends"),
        () = signals.terminated() => {}
    }
    shutdown.cancel();
    connections.close();
    _ = timeout(LAST_WORK, connections.wait()).await;
    Ok(())
}

/// The number of clients, and whether there was ever one.
#[derive(Clone, Copy, Default)]
struct Clients {
    connected: usize,
    met: bool,
}

impl Service {
    /// Serves one connection to its end. It counts as a client once it has shown its certificate.
    async fn attend(self: Arc<Self>, acceptor: TlsAcceptor, connection: Connection, clients: watch::Sender<Clients>) {
        let stream = match timeout(LONGEST_TLS_HANDSHAKE, acceptor.accept(connection)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return tracing::warn!(%error, "refused a client without Terraform's certificate"),
            Err(_) => return tracing::warn!("refused a client that did not finish the TLS handshake"),
        };
        let _present = Present::announce(clients);
        let shutdown = self.shutdown_token();
        let service = service_fn(|request| {
            let answer = Arc::clone(&self).answer(request);
            async { Ok::<_, std::convert::Infallible>(answer.await) }
        });
        let mut connection = std::pin::pin!(
            http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .initial_stream_window_size(WINDOW)
                .initial_connection_window_size(WINDOW)
                .serve_connection(TokioIo::new(stream), service)
        );
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection broke");
        }
    }
}

/// Counts a client for as long as it is there.
struct Present(watch::Sender<Clients>);

impl Present {
    fn announce(clients: watch::Sender<Clients>) -> Self {
        clients.send_modify(|clients| {
            clients.connected += 1;
            clients.met = true;
        });
        Self(clients)
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.send_modify(|clients| clients.connected -= 1);
    }
}

/// Returns when there has been no client for [`LONGEST_DESERTED`], or [`LONGEST_UNMET`] at first.
///
/// Calls that still run are told to stop as soon as the last client has gone.
async fn deserted(mut seen: watch::Receiver<Clients>, service: &Service) {
    loop {
        let now = *seen.borrow_and_update();
        if now.connected > 0 {
            if seen.changed().await.is_err() {
                return;
            }
            continue;
        }
        if now.met {
            service.abandon_calls();
        }
        let patience = if now.met { LONGEST_DESERTED } else { LONGEST_UNMET };
        match timeout(patience, seen.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return,
        }
    }
}

/// The handling of signals.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    /// Held so that SIGINT goes here and nowhere else.
    #[cfg(unix)]
    _interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn install() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            _interrupt: signal(SignalKind::interrupt())?,
        })
    }

    #[cfg(unix)]
    async fn terminated(mut self) {
        self.terminate.recv().await;
    }

    #[cfg(not(unix))]
    fn install() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Ctrl-C is taken and forgotten.
    #[cfg(not(unix))]
    async fn terminated(self) {
        while tokio::signal::ctrl_c().await.is_ok() {}
        std::future::pending().await
    }
}

/// Says on stderr why the process does not serve, as one sentence with its causes.
fn explain(error: &ServeError) {
    _ = writeln!(io::stderr(), "{}", ErrorChain::new(error));
}

/// Terraform runs ten operations at a time by default, and they wait for the network.
const WORKERS: usize = 2;

/// HTTP/2 windows: Terraform sends states of several megabytes as one message.
const WINDOW: u32 = 4 * 1024 * 1024;

/// Terraform gives a provider 2 s from `Shutdown` to its end, then kills it.
const LAST_WORK: Duration = Duration::from_millis(800);

/// The client is on the same machine.
const LONGEST_TLS_HANDSHAKE: Duration = Duration::from_secs(10);

const LONGEST_DESERTED: Duration = Duration::from_secs(10);

/// As long as Terraform itself waits for a provider to start.
const LONGEST_UNMET: Duration = Duration::from_secs(60);
