//! An engine of the matrix, in a state in which each command has one reply that names it.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The engines of the matrix, as `tools/engines` names them.
pub(crate) const MATRIX: [&str; 4] = ["redis-7.0", "redis-8.0", "valkey-8.1", "valkey-9.1"];

/// A running engine. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct MatrixEngine {
    process: Child,
    socket: PathBuf,
}

impl MatrixEngine {
    /// Starts an engine of the matrix in an empty directory, with these lines in its configuration.
    ///
    /// # Panics
    ///
    /// When it is not there, or does not start: there is no test without it.
    pub(crate) fn start(name: &str, directory: &Path, configuration: &str) -> Self {
        let program = program(name);
        let socket = directory.join("engine.sock");
        let file = directory.join("engine.conf");
        let text = format!(
            "port 0\nunixsocket {}\ndir {}\nsave \"\"\nappendonly no\nloglevel warning\nlogfile {}\n{configuration}\n",
            socket.display(),
            directory.display(),
            directory.join("engine.log").display()
        );
        fs::write(&file, text).expect("the directory can be written");
        let process = Command::new(&program)
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{} cannot be started: {error}; run tools/engines", program.display()));
        let engine = Self { process, socket };
        let until = Instant::now() + PATIENCE;
        while engine.connect().is_err() {
            assert!(Instant::now() < until, "{name} does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        engine
    }

    /// One user, `default`, who may run nothing, so that every command is answered by an error that names it. `AUTH`,
    /// `HELLO`, `RESET` and `QUIT` are never forbidden.
    pub(crate) fn start_without_rights(name: &str, directory: &Path) -> Self {
        Self::start(name, directory, "user default on nopass resetkeys -@all")
    }

    pub(crate) fn connect(&self) -> io::Result<UnixStream> {
        UnixStream::connect(&self.socket)
    }

    /// What the engine answers to each of the streams, each on a connection of its own.
    ///
    /// # Panics
    ///
    /// When it does not answer.
    pub(crate) fn answers(&self, streams: &[&[u8]]) -> Vec<Vec<u8>> {
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

impl Drop for MatrixEngine {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// In `$CERTWARD_ENGINES`, else where `tools/engines` links it.
fn program(name: &str) -> PathBuf {
    let folder = std::env::var_os("CERTWARD_ENGINES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/engines"),
        PathBuf::from,
    );
    let program = name.split('-').next().unwrap_or_default();
    folder.join(name).join("bin").join(format!("{program}-server"))
}

/// Longer than anything takes here.
const PATIENCE: Duration = Duration::from_secs(20);
