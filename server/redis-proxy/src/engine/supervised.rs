//! A supervised engine: one process, restarted when it ends.

use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use super::Engine;
use super::configuration::Start;
use super::directory::{EngineDirectory, SOCKET};
use super::login::CONTROL_USER;
use super::orphans;
use super::program::EngineProgram;
use certward_redis_model::database::Persistence;

/// The parameters for starting an engine.
pub(super) struct Supervised {
    pub(super) program: EngineProgram,
    pub(super) directory: Arc<EngineDirectory>,
    process: Mutex<Option<Process>>,
}

/// A process of the engine.
#[derive(Clone, Default)]
pub(super) struct Process {
    /// Its incarnation, once the engine has reported it.
    incarnation: Option<u64>,
    kill: CancellationToken,
    ended: CancellationToken,
}

impl Supervised {
    pub(super) fn new(program: EngineProgram, directory: EngineDirectory) -> Self {
        Self {
            program,
            directory: Arc::new(directory),
            process: Mutex::default(),
        }
    }

    /// The process of this incarnation, unless it has ended.
    pub(super) fn process(&self, incarnation: u64) -> Option<Process> {
        let process = self.present().clone()?;
        (process.incarnation == Some(incarnation) && !process.ended.is_cancelled()).then_some(process)
    }

    /// Records the incarnation that the current process has reported.
    pub(super) fn is_incarnation(&self, incarnation: u64) {
        if let Some(process) = &mut *self.present() {
            process.incarnation = Some(incarnation);
        }
    }

    fn present(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Process {
    /// Kills the process, which saves nothing, and waits for its end.
    pub(super) async fn kill(&self) {
        self.kill.cancel();
        self.ended.cancelled().await;
    }
}

/// Runs one incarnation of the engine, until it ends or is stopped. Returns the reason.
pub(super) async fn live(engine: &Engine, place: &Supervised) -> String {
    let mut child = match start(engine, place).await {
        Ok(child) => child,
        Err(error) => return format!("the engine cannot be started: {error}"),
    };
    let process = Process::default();
    let _ended = process.ended.clone().drop_guard();
    *place.present() = Some(process.clone());
    loop {
        let end = tokio::select! {
            () = engine.stop.cancelled() => {
                engine.leave();
                end(&mut child, &engine.kill).await;
                return "the engine has been stopped".to_owned();
            }
            () = process.kill.cancelled() => return kill(engine, &mut child).await,
            status = child.wait() => return epitaph(status, &place.directory),
            end = engine.serve() => end,
        };
        // The process may be ending, which is seen in a moment; otherwise it is spoken to again.
        engine.is_down(end);
        let pause = tokio::time::sleep(SPEAK_AGAIN);
        tokio::select! {
            () = engine.stop.cancelled() => {}
            () = pause => {}
            () = process.kill.cancelled() => return kill(engine, &mut child).await,
            status = child.wait() => return epitaph(status, &place.directory),
        }
    }
}

/// Starts the process, after ending those that a former server has left.
async fn start(engine: &Engine, place: &Supervised) -> io::Result<Child> {
    let configuration = engine.configuration.lock().await.clone();
    let control = engine.secrets.of(CONTROL_USER);
    let (program, directory) = (place.program.clone(), Arc::clone(&place.directory));
    let stop = engine.stop.clone();
    let prepare = move || {
        directory.take()?;
        orphans::end(&directory)?;
        if configuration.persistence == Persistence::Disabled {
            directory.remove_append_only()?;
            directory.remove_snapshot()?;
        }
        // An engine that is to append, and finds a snapshot alone, would begin with nothing: it loads the snapshot, and
        // appends from then on (Redis documentation, "Redis persistence").
        let wants = matches!(configuration.persistence, Persistence::Aof(_));
        let append_only = directory.is_append_only() || (wants && !directory.has_snapshot());
        let here = directory.canonical().ok_or(Errno::NOENT)?.to_owned();
        let text = configuration.file(&Start {
            version: program.version(),
            directory: &here,
            socket: SOCKET,
            control: &control,
            append_only,
        });
        directory.write_configuration(&text, &fs::canonicalize(program.path())?)?;
        let log = directory.open_log()?;
        // Not by its path: Redis takes one with `*`, `?` or `[` in it for a pattern, and runs without a configuration when
        // nothing matches.
        let configuration = fs::File::open(directory.configuration())?;
        // The server may have ended while this waited: nobody would end the process.
        if stop.is_cancelled() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let mut command = Command::new(program.path());
        if let Some(account) = program.account() {
            directory.share_with(account)?;
            // The groups of the server go, too.
            command.uid(account.uid()).gid(account.gid());
        }
        command
            .arg("-")
            .current_dir(here)
            .env_clear()
            .stdin(configuration)
            .stdout(log.try_clone()?)
            .stderr(log)
            // Ctrl-C at the server's terminal is the server's business.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
    };
    // The runtime is the same on its threads for blocking work.
    tokio::task::spawn_blocking(prepare).await.map_err(io::Error::other)?
}

/// Ends the process: with SIGTERM, so that it writes pending data, and with SIGKILL at `kill`. The callers choose the
/// time between the two.
async fn end(child: &mut Child, kill: &CancellationToken) {
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // It has not been waited for: the number is still its own.
        let _ = kill_process(pid, Signal::TERM);
        tokio::select! {
            _ = child.wait() => return,
            () = kill.cancelled() => {}
        }
        tracing::warn!(
            engine.pid = pid.as_raw_nonzero().get(),
            "an engine has not ended in time; it is killed"
        );
    }
    kill_now(child).await;
}

/// Kills a process that does not close a connection. Returns the reason.
async fn kill(engine: &Engine, child: &mut Child) -> String {
    engine.leave();
    kill_now(child).await;
    "the engine kept a connection that was cut, and was ended".to_owned()
}

async fn kill_now(child: &mut Child) {
    if let Err(error) = child.kill().await {
        tracing::error!(error = &error as &dyn std::error::Error, "an engine cannot be killed");
    }
}

fn epitaph(status: io::Result<ExitStatus>, directory: &EngineDirectory) -> String {
    let how = match status {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => format!("the engine has ended with status {code}"),
            (None, Some(signal)) => format!("the engine was ended by signal {signal}"),
            (None, None) => "the engine has ended".to_owned(),
        },
        Err(error) => format!("the engine cannot be waited for: {error}"),
    };
    match directory.last_words() {
        Some(words) => format!("{how}; its last words: {words}"),
        None => how,
    }
}

/// Pause between attempts to connect to a running process.
const SPEAK_AGAIN: Duration = Duration::from_millis(100);
