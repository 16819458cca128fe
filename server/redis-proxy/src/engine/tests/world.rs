//! An engine in a temporary directory, and a client of it.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio_util::task::TaskTracker;

use super::super::command::Command;
use super::super::login::exchange;
use super::super::{
    Engine, EngineConfiguration, EngineConnection, EngineError, EngineHealth, EngineLogin, EngineProgram, EngineStream,
    EngineUser, UserMark,
};
use crate::resp::reply::Reply;
use certward_redis_model::database::{AofPolicy, EvictionPolicy, Persistence};
use certward_redis_model::token_key::TokenKey;
use certward_redis_model::uid::DatabaseUid;

/// A directory for engines, and the program that they are.
pub(super) struct World {
    pub(super) program: EngineProgram,
    pub(super) tasks: TaskTracker,
    temporary: TempDir,
}

impl World {
    /// None, with a line that says so, where no engine is installed, unless in CI.
    pub(super) async fn new() -> Option<Self> {
        let search = std::env::var_os("PATH").unwrap_or_default();
        match EngineProgram::find(None, &search).await {
            Ok(program) => Some(Self {
                program,
                tasks: TaskTracker::new(),
                temporary: tempfile::tempdir().unwrap(),
            }),
            Err(error) => {
                assert!(std::env::var_os("CI").is_none(), "{error}; `make test` installs it");
                eprintln!("skipped: {error}");
                None
            }
        }
    }

    /// One for each engine of the matrix, with its name. `tools/engines` unpacks them.
    pub(super) async fn matrix() -> Vec<(&'static str, Self)> {
        let folder = std::env::var_os("CERTWARD_ENGINES").map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/engines")),
            PathBuf::from,
        );
        let mut worlds = Vec::new();
        for (name, program) in MATRIX {
            let path = folder.join(name).join("bin").join(program);
            let program = EngineProgram::find(Some(&path), OsStr::new("")).await;
            let program = program.unwrap_or_else(|error| panic!("{error}; run tools/engines"));
            worlds.push((
                name,
                Self {
                    program,
                    tasks: TaskTracker::new(),
                    temporary: tempfile::tempdir().unwrap(),
                },
            ));
        }
        worlds
    }

    pub(super) fn directory(&self) -> PathBuf {
        self.temporary.path().join("3")
    }

    /// An engine in the directory, ready.
    pub(super) async fn engine(&self, configuration: EngineConfiguration) -> Arc<Engine> {
        let engine = self.starting(configuration);
        ready(&engine).await;
        engine
    }

    /// An engine in the directory, which may not be ready yet.
    pub(super) fn starting(&self, configuration: EngineConfiguration) -> Arc<Engine> {
        Engine::supervise(&self.program, self.directory(), configuration, &self.tasks)
    }
}

/// The engines that are supported, and their programs.
const MATRIX: [(&str, &str); 4] = [
    ("redis-7.0", "redis-server"),
    ("redis-8.0", "redis-server"),
    ("valkey-8.1", "valkey-server"),
    ("valkey-9.1", "valkey-server"),
];

/// Nothing has a limit.
pub(super) fn configuration(persistence: Persistence) -> EngineConfiguration {
    EngineConfiguration {
        memory: 0,
        eviction: EvictionPolicy::NoEviction,
        persistence,
    }
}

pub(super) const ALWAYS: Persistence = Persistence::Aof(AofPolicy::Always);

pub(super) fn rules(text: &str) -> Arc<[String]> {
    text.split(' ').map(str::to_owned).collect()
}

pub(super) fn user(name: &str, text: &str, revision: u64) -> EngineLogin {
    EngineLogin::User(EngineUser {
        name: name.into(),
        rules: rules(text),
        revision,
    })
}

/// A user who may do everything.
pub(super) fn root() -> EngineLogin {
    user("root", "~* &* +@all", 1)
}

/// A connection that has not said who it is.
pub(super) async fn stranger(engine: &Engine) -> EngineStream {
    engine.connect().await.unwrap()
}

/// The mark of a server's users in an external Redis.
pub(super) fn mark(key: &TokenKey) -> UserMark {
    UserMark::new(key, DatabaseUid::new(1).unwrap())
}

/// Waits until the engine is ready.
pub(super) async fn ready(engine: &Engine) {
    let mut health = engine.health();
    let ready = health.wait_for(|health| *health == EngineHealth::Ready);
    let waited = tokio::time::timeout(PATIENCE, ready).await;
    assert!(waited.is_ok(), "the engine is {:?}", *engine.health().borrow());
}

/// Waits until the engine is down, and says why.
pub(super) async fn down(engine: &Engine) -> String {
    let mut health = engine.health();
    let down = health.wait_for(|health| matches!(health, EngineHealth::Down { .. }));
    match tokio::time::timeout(PATIENCE, down).await {
        Ok(Ok(health)) => match &*health {
            EngineHealth::Down { reason } => reason.clone(),
            _ => unreachable!("waited for"),
        },
        _ => panic!("the engine is {:?}", *engine.health().borrow()),
    }
}

/// Logs in, also while the engine is being started again.
pub(super) async fn log_in(engine: &Engine, login: &EngineLogin) -> EngineConnection {
    ready(engine).await;
    engine.log_in(login).await.unwrap()
}

/// The reply to one command.
pub(super) async fn ask<'a>(
    connection: &mut EngineConnection,
    name: &'static str,
    arguments: impl IntoIterator<Item = &'a str>,
) -> Result<Reply, EngineError> {
    ask_on(&mut connection.stream, name, arguments).await
}

/// The same on a bare connection.
pub(super) async fn ask_on<'a>(
    stream: &mut EngineStream,
    name: &'static str,
    arguments: impl IntoIterator<Item = &'a str>,
) -> Result<Reply, EngineError> {
    let replies = exchange(stream, &[&Command::new(name, arguments)]).await?;
    Ok(replies.into_iter().next().unwrap())
}

/// The reply to one command of the server's own.
pub(super) async fn administer<'a>(
    engine: &Engine,
    name: &'static str,
    arguments: impl IntoIterator<Item = &'a str>,
) -> Result<Reply, EngineError> {
    engine.control().unwrap().ask(Command::new(name, arguments)).await
}

pub(super) fn bulk(text: &str) -> Reply {
    Reply::Bulk(text.as_bytes().to_vec())
}

/// Returns the error with which an engine refuses.
pub(super) fn refusal(result: Result<Reply, EngineError>) -> String {
    match result {
        Err(EngineError::Refused { message, .. }) => message,
        other => panic!("not refused: {other:?}"),
    }
}

/// Sends a signal to the engine's process.
pub(super) async fn signal(engine: &Engine, signal: Signal) {
    kill_process(process_id(engine).await, signal).unwrap();
}

pub(super) async fn process_id(engine: &Engine) -> Pid {
    let mut connection = log_in(engine, &EngineLogin::DefaultUser).await;
    let info = super::super::persistence::text(ask(&mut connection, "INFO", ["server"]).await.unwrap());
    let pid = super::super::persistence::value(&info, "process_id").unwrap();
    Pid::from_raw(pid.parse().unwrap()).unwrap()
}

/// Machines that run many tests at once are slow.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
