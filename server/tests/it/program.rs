//! The real program: set up in a folder of its own, started on a free port, stopped at the end of the test.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_certward-server");

/// The program with these arguments, without settings of the tester's environment.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().to_ascii_uppercase().starts_with("RAVEN_") {
            command.env_remove(name);
        }
    }
    command
}

/// True if a tool is installed. In CI it must be; elsewhere the test prints why it is skipped.
pub(crate) fn has_tool(name: &str) -> bool {
    let found = Command::new(name)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    assert!(
        found || std::env::var_os("CI").is_none(),
        "{name} must be installed where CI is set"
    );
    if !found {
        eprintln!("skipped: {name} is not installed");
    }
    found
}

/// True if the test runs as root, which it needs to do `what`; otherwise it prints why it is skipped.
pub(crate) fn is_root(what: &str) -> bool {
    let user = succeed(Command::new("id").arg("-u"));
    let is_root = user.trim() == "0";
    if !is_root {
        eprintln!("skipped: only root can {what}");
    }
    is_root
}

/// The outcome of a command, for people.
pub(crate) fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Runs a command that must succeed, and gives its standard output.
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}",
        output.status,
        text(&output)
    );
    String::from_utf8(output.stdout).expect("the output is text")
}

/// The permission bits of a file.
pub(crate) fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path)
        .expect("the file is there")
        .permissions()
        .mode()
        & 0o777
}

/// The files that `setup` wrote into a temporary directory.
pub(crate) struct Installation(tempfile::TempDir);

impl Installation {
    /// Sets up without questions. Small keys, because making large ones is not what these tests are about.
    pub(crate) fn new() -> Self {
        let installation = Self(tempfile::tempdir().expect("a temporary folder"));
        let folder = installation.folder().display().to_string();
        succeed(&mut program(&[
            "setup",
            "--dir",
            &folder,
            "--non-interactive",
            "--key-algorithm",
            "RSA_2048",
        ]));
        installation
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// A file's path as an argument.
    pub(crate) fn argument(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// `run` on a free port.
    pub(crate) fn run_command(&self) -> Command {
        let mut command = program(&["run", "--settings", &self.argument("settings.json")]);
        command.args([
            "--ServerUrl=https://127.0.0.1:0",
            "--Certward.RedisEnterprise.ServerUrl=https://127.0.0.1:0",
            // No keys in advance: many servers are started, and few are asked for one.
            "--Certward.ClientCertificate.KeyPoolSize=0",
        ]);
        command
    }

    pub(crate) fn start(&self) -> Running {
        Running::start(&mut self.run_command())
    }

    /// One command of the console.
    pub(crate) fn admin(&self, words: &[&str]) -> Command {
        let mut command = program(&["admin", "--settings", &self.argument("settings.json")]);
        command.args(words);
        command
    }

    /// A session of the console whose input comes from a pipe.
    pub(crate) fn console(&self, input: &str) -> Output {
        let mut console = program(&["cli", "--settings", &self.argument("settings.json")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the console starts");
        console
            .stdin
            .take()
            .expect("its input is a pipe")
            .write_all(input.as_bytes())
            .expect("it reads");
        console.wait_with_output().expect("it ends")
    }

    /// `curl` with the CA and this certificate and key, quiet, with the status after the body.
    pub(crate) fn curl(&self, certificate: &Path, key: &Path) -> Command {
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--show-error",
            "--max-time",
            "30",
            "--cacert",
            &self.argument("ca.crt"),
        ]);
        curl.arg("--cert")
            .arg(certificate)
            .arg("--key")
            .arg(key)
            .args(["--write-out", "\n%{http_code}"]);
        curl
    }
}

/// A server at work; killed when dropped.
pub(crate) struct Running {
    child: Child,
    /// URL of the API.
    pub(crate) url: String,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let stderr = BufReader::new(child.stderr.take().expect("its standard error is a pipe"));
        let (sender, url) = mpsc::channel();
        std::thread::spawn(move || {
            let mut log = String::new();
            for line in stderr.lines().map_while(Result::ok) {
                if let Some(url) = line
                    .split(" serves ")
                    .nth(1)
                    .and_then(|rest| rest.split([',', ' ']).next())
                {
                    let _ = sender.send(Ok(url.trim_end_matches('/').to_owned()));
                }
                log.push_str(&line);
                log.push('\n');
            }
            let _ = sender.send(Err(log));
        });
        match url.recv_timeout(START_TIMEOUT) {
            Ok(Ok(url)) => Self { child, url },
            Ok(Err(log)) => panic!("the server ended:\n{log}"),
            Err(_) => panic!("the server did not say where it listens"),
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        succeed(Command::new("kill").args(["-s", name, &self.child.id().to_string()]));
    }

    pub(crate) fn wait(mut self) -> ExitStatus {
        self.child.wait().expect("the server ends")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// On a machine that is busy with other tests.
const START_TIMEOUT: Duration = Duration::from_secs(60);
