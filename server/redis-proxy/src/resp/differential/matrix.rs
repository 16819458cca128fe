//! The engines of the matrix, started for a test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::engine::{MatrixEngine, PATIENCE};

/// The engines of the matrix, as `tools/engines` names them.
pub const MATRIX: [&str; 4] = ["redis-7.0", "redis-8.0", "valkey-8.1", "valkey-9.1"];

/// A running engine. It ends when this is dropped.
pub(super) struct Started {
    pub(super) engine: MatrixEngine,
    pub(super) is_valkey: bool,
    process: Child,
}

impl Started {
    /// Starts an engine of the matrix in an empty directory. Its one user, `default`, may run no command, so that the
    /// reply to every command is an error that names it. `AUTH`, `HELLO`, `RESET` and `QUIT` are never forbidden.
    ///
    /// # Panics
    ///
    /// If the engine is not installed or does not start.
    pub(super) fn new(name: &str, directory: &Path) -> Self {
        let program = program(name);
        let socket = directory.join("engine.sock");
        let file = directory.join("engine.conf");
        let text = format!(
            "port 0\nunixsocket {}\ndir {}\nsave \"\"\nappendonly no\nloglevel warning\nlogfile {}\n\
             user default on nopass resetkeys -@all\n",
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
        let started = Self {
            engine: MatrixEngine::at(socket),
            is_valkey: name.starts_with("valkey"),
            process,
        };
        let until = Instant::now() + PATIENCE;
        while started.engine.connect().is_err() {
            assert!(Instant::now() < until, "{name} does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        started
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An engine of the matrix: in `$CERTWARD_ENGINES`, else where `tools/engines` links it.
pub fn program(name: &str) -> PathBuf {
    let folder = std::env::var_os("CERTWARD_ENGINES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/engines"),
        PathBuf::from,
    );
    let program = name.split('-').next().unwrap_or_default();
    folder.join(name).join("bin").join(format!("{program}-server"))
}
