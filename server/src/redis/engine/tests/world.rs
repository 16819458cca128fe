//! An engine in a temporary directory, and a client of it.

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
use crate::cluster::access::TokenKey;
use crate::cluster::database::{AofPolicy, EvictionPolicy, Persistence};
use crate::cluster::uid::DatabaseUid;
use crate::redis::resp::reply::Reply;

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

pub(super) fn bulk(text: &str) -> Reply {
    Reply::Bulk(text.as_bytes().to_vec())
}

/// What an engine says when it refuses.
pub(super) fn refusal(result: Result<Reply, EngineError>) -> String {
    match result {
        Err(EngineError::Refused { message, .. }) => message,
        other => panic!("not refused: {other:?}"),
    }
}

/// Sends a signal to the engine's process.
pub(super) async fn signal(engine: &Engine, signal: Signal) {
    let mut connection = log_in(engine, &EngineLogin::DefaultUser).await;
    let Reply::Bulk(info) = ask(&mut connection, "INFO", ["server"]).await.unwrap() else {
        panic!("INFO is text");
    };
    let info = String::from_utf8(info).unwrap();
    let pid = super::super::persistence::value(&info, "process_id").unwrap();
    kill_process(Pid::from_raw(pid.parse().unwrap()).unwrap(), signal).unwrap();
}

/// Machines that run many tests at once are slow.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
