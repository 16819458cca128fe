//! The console's end.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use super::message::{Answer, Envelope, MAX_LINE_BYTES, Request, VERSION};
use super::{PathTooLong, check_length};

/// The way to a running server.
#[derive(Debug)]
pub(in crate::command) struct Channel {
    path: PathBuf,
}

/// The server was not reached, or did not answer.
#[derive(Debug, thiserror::Error)]
pub(in crate::command) enum ChannelError {
    /// Nobody listens.
    #[error("no server answers at {}; start it with certward-server run, or name its settings with --settings", path.display())]
    NotRunning {
        /// The socket.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// Somebody else's server.
    #[error("{} can be used by the server's own user and by root only", path.display())]
    NotAllowed {
        /// The socket.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// The path is too long.
    #[error(transparent)]
    PathTooLong(PathTooLong),
    /// The connection broke.
    #[error("the server ended the connection without an answer; its log says why")]
    Broken(#[source] std::io::Error),
    /// The answer is none that this console knows.
    #[error("the server's answer cannot be read; it runs another version of certward-server")]
    OtherVersion,
}

impl Channel {
    pub(in crate::command) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(in crate::command) fn path(&self) -> &Path {
        &self.path
    }

    /// Checks that a server listens, before an administrator types anything.
    ///
    /// # Errors
    ///
    /// [`ChannelError`] when no server listens, or this user may not connect.
    pub(in crate::command) fn check(&self) -> Result<(), ChannelError> {
        self.connect().map(drop)
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    ///
    /// [`ChannelError`] when there is no answer. That the server did not do what it was asked is [`Answer::Failed`].
    pub(in crate::command) fn ask(&self, message: Request) -> Result<Answer, ChannelError> {
        let mut stream = self.connect()?;
        let request = Envelope {
            version: VERSION,
            message,
        };
        let mut line = Zeroizing::new(serde_json::to_vec(&request).map_err(|_| ChannelError::OtherVersion)?);
        line.push(b'\n');
        // A server that refuses this user answers before it has read anything; its answer counts, not the broken pipe.
        let sent = stream.write_all(&line);
        let mut answer = Zeroizing::new(String::new());
        let read = BufReader::new((&stream).take(MAX_LINE_BYTES)).read_line(&mut answer);
        match read {
            Ok(0) => Err(ChannelError::Broken(
                sent.err().unwrap_or(std::io::ErrorKind::UnexpectedEof.into()),
            )),
            Ok(_) => {
                let envelope: Envelope<Answer> =
                    serde_json::from_str(&answer).map_err(|_| ChannelError::OtherVersion)?;
                Ok(envelope.message)
            }
            Err(error) => Err(ChannelError::Broken(error)),
        }
    }

    fn connect(&self) -> Result<UnixStream, ChannelError> {
        check_length(&self.path).map_err(ChannelError::PathTooLong)?;
        let stream = UnixStream::connect(&self.path).map_err(|source| match source.kind() {
            std::io::ErrorKind::PermissionDenied => ChannelError::NotAllowed {
                path: self.path.clone(),
                source,
            },
            _ => ChannelError::NotRunning {
                path: self.path.clone(),
                source,
            },
        })?;
        // An RSA-4096 key may have to be found first, on a busy machine.
        stream
            .set_read_timeout(Some(Duration::from_secs(120)))
            .map_err(ChannelError::Broken)?;
        Ok(stream)
    }
}
