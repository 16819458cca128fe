//! The reference server as its users run it: set up and started by its own commands, as a process.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::programs;

/// A running `certward-server` in a directory of its own. Killed when dropped.
pub struct ReferenceServer {
    directory: TempDir,
    address: SocketAddr,
    redis_enterprise_address: SocketAddr,
    arguments: Vec<String>,
    environment: Vec<(String, OsString)>,
    outputs: Option<Outputs>,
    process: Option<Child>,
}

/// Gives standard output and standard error of a server that is started.
type Outputs = Box<dyn Fn() -> (Stdio, Stdio) + Send + Sync>;

impl ReferenceServer {
    /// Sets a server up and starts it.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Sets a server up and starts it with further arguments of `run`, such as `--Key=value`.
    ///
    /// # Panics
    ///
    /// If set-up or start fails, with the server's output.
    #[must_use]
    pub fn start_with(arguments: &[&str]) -> Self {
        Self::start_writing_to(arguments, None)
    }

    /// The same with these outputs in place of a log.
    ///
    /// # Panics
    ///
    /// As [`Self::start_with`].
    #[must_use]
    pub fn start_writing_to(arguments: &[&str], outputs: Option<Outputs>) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        programs::succeed(
            Command::new(programs::built("certward-server"))
                // The administrator's key is not what is tested, and RSA-4096 takes seconds to make.
                .args(["setup", "--non-interactive", "--key-algorithm", "RSA_2048", "--dir"])
                .arg(directory.path().join("server")),
        );
        let [address, redis_enterprise_address] = free_addresses();
        let mut server = Self {
            directory,
            address,
            redis_enterprise_address,
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            environment: Vec::new(),
            outputs,
            process: None,
        };
        server.run();
        server
    }

    /// Starts the server, and waits until it accepts connections. Returns the time it took.
    ///
    /// # Panics
    ///
    /// If the server ends instead, or takes longer than 30 s.
    pub fn run(&mut self) -> Duration {
        let (output, errors) = self
            .outputs
            .as_ref()
            .map_or_else(|| self.log_file(), |outputs| outputs());
        let started = Instant::now();
        let process = Command::new(programs::built("certward-server"))
            .args(["run", "--settings"])
            .arg(self.path("settings.json"))
            .arg(format!("--ServerUrl=https://{}", self.address))
            .arg(format!(
                "--Certward.RedisEnterprise.ServerUrl=https://{}",
                self.redis_enterprise_address
            ))
            // No keys in advance: many servers are started, and few are asked for one.
            .arg("--Certward.ClientCertificate.KeyPoolSize=0")
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .expect("the server can be started");
        let process = self.process.insert(process);
        let addresses = [self.address, self.redis_enterprise_address];
        while addresses.iter().any(|address| TcpStream::connect(address).is_err()) {
            if let Ok(Some(status)) = process.try_wait() {
                panic!(
                    "the server ended with {status}:\n{}",
                    fs::read_to_string(self.log_path()).unwrap_or_default()
                );
            }
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "the server does not listen on {addresses:?}"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
        started.elapsed()
    }

    /// Sets a variable of the environment for later starts.
    pub fn set_environment(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.push((name.to_owned(), value.into()));
    }

    /// Ends the server with SIGKILL, as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("the process is ours");
            process.wait().expect("the process is ours");
        }
    }

    /// Sends the server a signal.
    ///
    /// # Panics
    ///
    /// If it is not running.
    pub fn signal(&self, signal: Signal) {
        let pid = self.process_id().and_then(|id| Pid::from_raw(id.cast_signed()));
        kill_process(pid.expect("the server runs"), signal).expect("the process is ours");
    }

    /// Waits until the server ends; none if it has not ended within `patience`.
    ///
    /// # Panics
    ///
    /// If the server was not started.
    pub fn wait(&mut self, patience: Duration) -> Option<ExitStatus> {
        let until = Instant::now() + patience;
        while Instant::now() < until {
            let process = self.process.as_mut().expect("the server was started");
            if let Some(status) = process.try_wait().expect("the process is ours") {
                self.process = None;
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }

    /// Address of RavenDB's API.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of RavenDB's API.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Address of Redis Enterprise's API.
    #[must_use]
    pub fn redis_enterprise_address(&self) -> SocketAddr {
        self.redis_enterprise_address
    }

    /// The URL of Redis Enterprise's API.
    #[must_use]
    pub fn redis_enterprise_endpoint(&self) -> String {
        format!("https://{}", self.redis_enterprise_address)
    }

    /// A file that `setup` wrote, such as `admin.crt`.
    #[must_use]
    pub fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join("server").join(file)
    }

    /// The server's `DataDir`.
    #[must_use]
    pub fn data_directory(&self) -> PathBuf {
        self.path("Databases")
    }

    /// The processes that run in a folder of this server's data: the engines of its databases.
    #[must_use]
    pub fn engines(&self) -> Vec<i32> {
        let data = self.data_directory();
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        processes
            .filter_map(|process| process.file_name().to_str()?.parse().ok())
            .filter(|pid| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(&data)))
            .collect()
    }

    /// Ends the engines with SIGKILL, as crashes would.
    pub fn kill_engines(&self) {
        for pid in self.engines().into_iter().filter_map(Pid::from_raw) {
            // It may have ended by itself.
            _ = kill_process(pid, Signal::KILL);
        }
    }

    /// The text of a file that `setup` wrote.
    ///
    /// # Panics
    ///
    /// If there is no such file.
    #[must_use]
    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// A directory for the test's own files.
    #[must_use]
    pub fn work(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a file for the test.
    ///
    /// # Panics
    ///
    /// If it cannot be written.
    pub fn write(&self, file: &str, content: &[u8]) -> PathBuf {
        let path = self.directory.path().join(file);
        fs::File::create(&path)
            .and_then(|mut file| file.write_all(content))
            .expect("the file can be written");
        path
    }

    /// Everything the server has printed.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// The process id, while it runs.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    fn log_file(&self) -> (Stdio, Stdio) {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.log_path())
            .expect("the log can be written");
        (log.try_clone().expect("the log can be written").into(), log.into())
    }

    /// The file with everything the server has printed.
    #[must_use]
    pub fn log_path(&self) -> PathBuf {
        self.directory.path().join("server.log")
    }
}

impl Drop for ReferenceServer {
    fn drop(&mut self) {
        self.kill();
        // They outlive a server that crashes, on purpose.
        self.kill_engines();
    }
}

/// Two addresses that were free a moment ago.
fn free_addresses() -> [SocketAddr; 2] {
    // Both at once, so that they differ.
    let listeners = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has free ports"));
    listeners.map(|listener| listener.local_addr().expect("a bound socket has an address"))
}
