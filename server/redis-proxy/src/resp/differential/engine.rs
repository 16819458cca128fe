//! An engine that receives streams.

use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

/// An engine, by its socket. Its user may run no command, so that each command has one reply that names it.
#[derive(Debug)]
pub struct MatrixEngine {
    socket: PathBuf,
}

impl MatrixEngine {
    /// The engine at this socket.
    pub fn at(socket: PathBuf) -> Self {
        Self { socket }
    }

    /// Opens a connection to it.
    pub fn connect(&self) -> io::Result<UnixStream> {
        UnixStream::connect(&self.socket)
    }

    /// Returns the engine's replies to the streams, each sent on a connection of its own.
    ///
    /// # Panics
    ///
    /// The engine does not answer.
    pub fn answers(&self, streams: &[&[u8]]) -> Vec<Vec<u8>> {
        let connections: Vec<_> = streams.iter().map(|stream| self.send(stream)).collect();
        connections
            .into_iter()
            .map(|mut connection| {
                let mut answer = Vec::new();
                match connection.read_to_end(&mut answer) {
                    Ok(_) => {}
                    // It closes without having read everything, after bytes that are no protocol.
                    Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
                    Err(error) => panic!("no answer from the engine: {error}"),
                }
                answer
            })
            .collect()
    }

    fn send(&self, stream: &[u8]) -> UnixStream {
        let mut connection = self.connect().expect("the engine takes a connection");
        connection.set_read_timeout(Some(PATIENCE)).expect("a time");
        connection.set_write_timeout(Some(PATIENCE)).expect("a time");
        // It may have closed already.
        let _ = connection.write_all(stream);
        let _ = connection.shutdown(Shutdown::Write);
        connection
    }
}

/// Longer than any reply takes here.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
