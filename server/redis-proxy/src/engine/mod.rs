//! The engine of a database: a supervised process, or an external Redis.
//!
//! Every restart of the engine process is a new *incarnation*: ACL users must be created again in it. All other state
//! survives.

mod account;
mod aof_manifest;
mod command;
mod configuration;
mod control;
mod directory;
mod ending;
mod error;
mod external_redis;
mod external_users;
mod kept_back;
mod local;
mod login;
mod logins;
mod orphans;
mod persistence;
mod program;
mod saved;
mod secrets;
mod serve;
mod stopping;
mod stream;
mod supervised;
#[cfg(test)]
mod tests;
mod users;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use account::EngineAccount;
use command::Command;
pub use configuration::EngineConfiguration;
use control::Control;
use directory::EngineDirectory;
use ending::Endings;
pub use error::EngineError;
pub use external_redis::ExternalRedis;
use external_users::OpenUsers;
pub use external_users::UserMark;
use local::LocalSocket;
pub use login::{EngineClientId, EngineConnection, EngineLogin, EngineUser};
pub use program::{EngineProgram, EngineProgramError, EngineVersion};
pub use saved::open_saved_data;
use secrets::EngineSecrets;
pub use stream::EngineStream;
use supervised::Supervised;
use users::EngineUsers;

/// The engine of one database. A task of its own supervises it until [`Self::stop`].
pub struct Engine {
    place: Place,
    /// The configuration that was last requested. Locked while it is applied.
    configuration: tokio::sync::Mutex<EngineConfiguration>,
    secrets: EngineSecrets,
    users: EngineUsers,
    endings: Endings,
    control: Mutex<Option<Control>>,
    incarnation: Mutex<Incarnation>,
    health: watch::Sender<EngineHealth>,
    tasks: TaskTracker,
    stop: CancellationToken,
    /// Cancelled to end the engine without saving.
    kill: CancellationToken,
    ended: CancellationToken,
}

/// The origin of an engine.
enum Place {
    Supervised(Supervised),
    Attached(Box<Attached>),
}

/// An external Redis.
struct Attached {
    redis: ExternalRedis,
    mark: UserMark,
    open_users: Mutex<OpenUsers>,
}

/// The current incarnation of the engine.
#[derive(Default)]
struct Incarnation {
    number: u64,
    /// The engine's identifier of this incarnation: `run_id` of `INFO`.
    run: String,
    version: Option<EngineVersion>,
}

/// Health of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineHealth {
    /// It has not been ready yet.
    Starting,
    /// It answers.
    Ready,
    /// It does not answer. It is being restarted or retried, unless it has been stopped.
    Down {
        /// The cause, in a sentence for administrators.
        reason: String,
    },
}

impl Engine {
    /// Starts `program` in `directory`, which it takes for itself, and restarts it whenever it ends. The engine is not
    /// ready when this returns; watch [`Self::health`].
    pub fn supervise(
        program: &EngineProgram,
        directory: PathBuf,
        configuration: EngineConfiguration,
        tasks: &TaskTracker,
    ) -> Arc<Self> {
        let place = Place::Supervised(Supervised::new(program.clone(), EngineDirectory::new(directory)));
        Self::start(place, configuration, tasks)
    }

    /// Uses the external Redis at `redis` as an engine. The server changes only users with the `mark` and, by
    /// [`Self::flush`], the data: memory, eviction, persistence and every other user, including `default`, belong to
    /// its operator.
    pub fn attach(
        redis: ExternalRedis,
        mark: UserMark,
        configuration: EngineConfiguration,
        tasks: &TaskTracker,
    ) -> Arc<Self> {
        let attached = Attached {
            redis,
            mark,
            open_users: Mutex::default(),
        };
        Self::start(Place::Attached(Box::new(attached)), configuration, tasks)
    }

    fn start(place: Place, configuration: EngineConfiguration, tasks: &TaskTracker) -> Arc<Self> {
        let engine = Arc::new(Self {
            place,
            configuration: tokio::sync::Mutex::new(configuration),
            secrets: EngineSecrets::new(),
            users: EngineUsers::default(),
            endings: Endings::default(),
            control: Mutex::new(None),
            incarnation: Mutex::default(),
            health: watch::Sender::new(EngineHealth::Starting),
            tasks: tasks.clone(),
            stop: CancellationToken::new(),
            kill: CancellationToken::new(),
            ended: CancellationToken::new(),
        });
        tasks.spawn(Arc::clone(&engine).run());
        engine
    }

    /// Watches the engine's health.
    pub fn health(&self) -> watch::Receiver<EngineHealth> {
        self.health.subscribe()
    }

    /// Version of the engine, once it is known.
    pub fn version(&self) -> Option<EngineVersion> {
        match &self.place {
            Place::Supervised(place) => Some(place.program.version()),
            Place::Attached(_) => self.incarnation().version,
        }
    }

    /// True for an external Redis.
    pub fn is_external(&self) -> bool {
        matches!(self.place, Place::Attached(_))
    }

    /// Warnings for administrators, a sentence each: users of an external Redis that can log in without a password.
    pub fn warnings(&self) -> Vec<String> {
        match &self.place {
            Place::Supervised(_) => Vec::new(),
            Place::Attached(attached) => {
                let open_users = attached.open_users.lock().unwrap_or_else(PoisonError::into_inner);
                open_users.warnings(&attached.redis.to_string(), attached.redis.user())
            }
        }
    }

    /// Changes the configuration without losing data: at once if the engine is ready, otherwise at its next start.
    /// Returns when the existing data is on disk in the wanted form, which can take long.
    ///
    /// An external Redis is not changed.
    ///
    /// # Errors
    ///
    /// [`EngineError`]. The configuration applies to the next start nevertheless.
    pub async fn configure(&self, configuration: EngineConfiguration) -> Result<(), EngineError> {
        let mut current = self.configuration.lock().await;
        *current = configuration;
        match self.control() {
            Err(_) => Ok(()),
            Ok(control) => self.put_in_force(&control, &current).await,
        }
    }

    async fn put_in_force(&self, control: &Control, configuration: &EngineConfiguration) -> Result<(), EngineError> {
        let Place::Supervised(place) = &self.place else {
            return Ok(());
        };
        for command in configuration.commands(place.program.version()) {
            control.ask(command).await?;
        }
        // What a crash writes into the log is then without keys and values.
        persistence::set_if_known(control, "hide-user-data-from-log", "yes").await?;
        persistence::persist(control, configuration, &place.directory).await
    }

    /// Deletes all data.
    ///
    /// # Errors
    ///
    /// [`EngineError`].
    pub async fn flush(&self) -> Result<(), EngineError> {
        // The data is gone when this is answered; only its memory is given back later.
        self.control()?.ask(Command::new("FLUSHALL", ["ASYNC"])).await.map(drop)
    }

    /// Ends the engine and deletes its directory with the data. The data of an external Redis stays.
    ///
    /// # Errors
    ///
    /// Any I/O error.
    pub async fn remove(&self) -> io::Result<()> {
        let mut stopped = pin!(self.stop());
        // What it writes is deleted anyway.
        if tokio::time::timeout(REMOVAL_TIME, &mut stopped).await.is_err() {
            self.kill();
            stopped.await;
        }
        let Place::Supervised(place) = &self.place else {
            return Ok(());
        };
        let directory = Arc::clone(&place.directory);
        tokio::task::spawn_blocking(move || directory.remove())
            .await
            .map_err(io::Error::other)?
    }

    /// Ends the processes that an earlier server has left running in `directory`, and deletes the directory with the
    /// data. Does nothing if the directory does not exist.
    ///
    /// # Errors
    ///
    /// Any I/O error; [`io::ErrorKind::ResourceBusy`] while another server uses the directory.
    pub async fn clear(directory: PathBuf) -> io::Result<()> {
        let clear = move || match Self::vacate(directory)? {
            Some(directory) => directory.remove(),
            None => Ok(()),
        };
        tokio::task::spawn_blocking(clear).await.map_err(io::Error::other)?
    }

    /// Like [`Self::clear`], but keeps the directory and the data. Blocks.
    ///
    /// # Errors
    ///
    /// As [`Self::clear`].
    pub fn end_orphan(directory: PathBuf) -> io::Result<()> {
        Self::vacate(directory).map(drop)
    }

    /// Locks a directory, if it exists, and ends the processes that an earlier server left running in it. Blocks.
    fn vacate(directory: PathBuf) -> io::Result<Option<EngineDirectory>> {
        if !directory.exists() {
            return Ok(None);
        }
        let directory = EngineDirectory::new(directory);
        directory.take()?;
        orphans::end(&directory)?;
        Ok(Some(directory))
    }

    /// Like [`Self::clear`], but moves the directory to `kept` instead of deleting it. Returns whether it existed.
    ///
    /// # Errors
    ///
    /// As [`Self::clear`].
    pub async fn move_aside(directory: PathBuf, kept: PathBuf) -> io::Result<bool> {
        let move_aside = move || {
            let Some(from) = Self::vacate(directory)? else {
                return Ok(false);
            };
            from.move_to(&kept)?;
            Ok(true)
        };
        tokio::task::spawn_blocking(move_aside)
            .await
            .map_err(io::Error::other)?
    }

    async fn connect(&self) -> io::Result<EngineStream> {
        match &self.place {
            Place::Supervised(place) => place
                .directory
                .connect()
                .await
                .and_then(LocalSocket::new)
                .map(EngineStream::Local),
            Place::Attached(attached) => attached.redis.connect().await,
        }
    }

    fn control(&self) -> Result<Control, EngineError> {
        let control = self.control.lock().unwrap_or_else(PoisonError::into_inner);
        control.clone().ok_or(EngineError::NotReady)
    }

    fn incarnation(&self) -> std::sync::MutexGuard<'_, Incarnation> {
        self.incarnation.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("health", &*self.health.borrow())
            .finish_non_exhaustive()
    }
}

/// Time for an engine to end by itself before its data is deleted.
const REMOVAL_TIME: Duration = Duration::from_secs(5);
