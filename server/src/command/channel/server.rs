//! The server's end: who may speak, and how long.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::message::{Answer, Envelope, MAX_LINE_BYTES, Request, VERSION};
use super::{PathTooLong, check_length, handler};
use crate::app::App;
use certward_ravendb::access::authn::{Caller, NotAtConsole};

/// A bound socket; its file goes when this is dropped.
#[derive(Debug)]
pub(crate) struct AdminSocket {
    listener: UnixListener,
    file: SocketFile,
}

/// The reason that the socket could not be created.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BindError {
    /// The path is too long.
    #[error(transparent)]
    PathTooLong(PathTooLong),
    /// Another server serves this `DataDir`.
    #[error("a server is already running on this DataDir: it answers at {}", _0.display())]
    AlreadyRunning(PathBuf),
    /// Something that is no socket stands in the way.
    #[error("{} is not a socket; move it away", _0.display())]
    InTheWay(PathBuf),
    /// The system refused.
    #[error("the admin socket {} could not be made", path.display())]
    Refused {
        /// The socket.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
}

impl AdminSocket {
    /// Makes the socket, mode 0600. The file that a dead server left is taken away.
    ///
    /// # Errors
    ///
    /// [`BindError`], among others when a server is running.
    pub(crate) fn bind(path: PathBuf) -> Result<Self, BindError> {
        check_length(&path).map_err(BindError::PathTooLong)?;
        remove_dead(&path)?;
        let refused = |source| BindError::Refused {
            path: path.clone(),
            source,
        };
        // The process's umask makes it 0600 from the start; this holds for whoever embeds the server without it.
        let listener = UnixListener::bind(&path).map_err(refused)?;
        let file = SocketFile(path.clone());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(refused)?;
        Ok(Self { listener, file })
    }

    /// Answers until the task is dropped.
    pub(crate) async fn serve(self, app: Arc<App>) {
        let Self { listener, file: _file } = self;
        let places = Arc::new(Semaphore::new(MAX_CONSOLES));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                return;
            };
            match listener.accept().await {
                Ok((stream, _)) => {
                    let app = Arc::clone(&app);
                    tokio::spawn(async move {
                        let _place = place;
                        converse(stream, &app).await;
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "the admin socket could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

async fn converse(mut stream: UnixStream, app: &Arc<App>) {
    let answer = match administrator(&stream) {
        Err(message) => Answer::Failed { message },
        Ok(caller) => match tokio::time::timeout(REQUEST_TIMEOUT, read_request(&mut stream)).await {
            Err(_) => return,
            Ok(Err(message)) => Answer::Failed { message },
            Ok(Ok(request)) => handler::handle(app, &caller, request).await,
        },
    };
    let Ok(line) = serde_json::to_vec(&Envelope {
        version: VERSION,
        message: answer,
    }) else {
        return;
    };
    let mut line = Zeroizing::new(line);
    line.push(b'\n');
    // A console that has gone away hears nothing; what it asked for is done all the same.
    let _ = tokio::time::timeout(REQUEST_TIMEOUT, stream.write_all(&line)).await;
}

/// Only this process's user and root are heard.
fn administrator(stream: &UnixStream) -> Result<Arc<Caller>, String> {
    Caller::at_console(stream).map(Arc::new).map_err(|error| {
        if let NotAtConsole::OtherUser { uid, pid } = error {
            tracing::warn!(
                peer.uid = uid,
                peer.pid = pid,
                "another user tried to use the admin socket"
            );
        }
        error.to_string()
    })
}

async fn read_request(stream: &mut UnixStream) -> Result<Request, String> {
    let mut line = Zeroizing::new(Vec::new());
    let mut reader = BufReader::new(stream.take(MAX_LINE_BYTES));
    reader
        .read_until(b'\n', &mut line)
        .await
        .map_err(|error| format!("the request cannot be read: {error}"))?;
    if line.last() != Some(&b'\n') {
        return Err(format!("the request is not a line of at most {MAX_LINE_BYTES} bytes"));
    }
    #[derive(serde::Deserialize)]
    struct Version {
        version: u32,
    }
    match serde_json::from_slice::<Version>(&line) {
        Ok(Version { version: VERSION }) => {}
        Ok(Version { version }) => {
            return Err(format!(
                "the console speaks version {version} of the protocol, the server {VERSION}"
            ));
        }
        Err(_) => return Err("the request is not a console's".to_owned()),
    }
    // The error is not shown: it may quote the request, which holds secrets.
    let envelope: Envelope<Request> =
        serde_json::from_slice(&line).map_err(|_| "the server does not know this request".to_owned())?;
    Ok(envelope.message)
}

fn remove_dead(path: &Path) -> Result<(), BindError> {
    use std::os::unix::fs::FileTypeExt;

    let refused = |source| BindError::Refused {
        path: path.to_owned(),
        source,
    };
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(refused(error)),
        Ok(metadata) if !metadata.file_type().is_socket() => return Err(BindError::InTheWay(path.to_owned())),
        Ok(_) => {}
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => std::fs::remove_file(path).map_err(refused),
        Err(error) => Err(refused(error)),
        Ok(_) => Err(BindError::AlreadyRunning(path.to_owned())),
    }
}

#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// An administrator has one console open, or a few scripts.
const MAX_CONSOLES: usize = 8;

/// A console sends its request in one go.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
