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
mod external_users;
mod kept_back;
mod local;
mod login;
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
mod upstream;
mod users;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use certward_pki::ErrorChain;
use futures_util::future::join;
use secrecy::ExposeSecret as _;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;
use zeroize::Zeroizing;

pub(crate) use account::EngineAccount;
use command::Command;
pub(crate) use configuration::EngineConfiguration;
use control::{ANSWER_TIMEOUT, Control};
use directory::EngineDirectory;
use ending::Endings;
pub(crate) use error::EngineError;
use error::SET_USER;
use external_users::OpenUsers;
pub(crate) use external_users::UserMark;
use local::LocalSocket;
use login::CONTROL_USER;
pub(crate) use login::{EngineClientId, EngineConnection, EngineLogin, EngineUser};
pub(crate) use program::{EngineProgram, EngineProgramError, EngineVersion};
pub(crate) use saved::open_saved_data;
use secrets::EngineSecrets;
pub(crate) use stream::EngineStream;
use supervised::Supervised;
pub(crate) use upstream::Upstream;
use users::EngineUsers;

use crate::cluster::database::rights::DEFAULT;
use crate::cluster::redis_acl_rules::RedisAclRules;

/// The engine of one database. A task of its own supervises it until [`Self::stop`].
pub(crate) struct Engine {
    place: Place,
    /// The configuration that was last requested. Locked while it is applied.
    configuration: tokio::sync::Mutex<EngineConfiguration>,
    secrets: EngineSecrets,
    users: EngineUsers,
    endings: Endings,
    control: Mutex<Option<Control>>,
    life: Mutex<Life>,
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
    upstream: Upstream,
    mark: UserMark,
    open_users: Mutex<OpenUsers>,
}

/// The current incarnation of the engine.
#[derive(Default)]
struct Life {
    incarnation: u64,
    /// The engine's identifier of this incarnation: `run_id` of `INFO`.
    run: String,
    version: Option<EngineVersion>,
}

/// Health of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EngineHealth {
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
    pub(crate) fn supervise(
        program: &EngineProgram,
        directory: PathBuf,
        configuration: EngineConfiguration,
        tasks: &TaskTracker,
    ) -> Arc<Self> {
        let place = Place::Supervised(Supervised::new(program.clone(), EngineDirectory::new(directory)));
        Self::start(place, configuration, tasks)
    }

    /// Uses the external Redis at `upstream` as an engine. The server changes only users with the `mark` and, by
    /// [`Self::flush`], the data: memory, eviction, persistence and every other user, including `default`, belong to
    /// its operator.
    pub(crate) fn attach(
        upstream: Upstream,
        mark: UserMark,
        configuration: EngineConfiguration,
        tasks: &TaskTracker,
    ) -> Arc<Self> {
        let attached = Attached {
            upstream,
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
            life: Mutex::default(),
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
    pub(crate) fn health(&self) -> watch::Receiver<EngineHealth> {
        self.health.subscribe()
    }

    /// Version of the engine, once it is known.
    pub(crate) fn version(&self) -> Option<EngineVersion> {
        match &self.place {
            Place::Supervised(place) => Some(place.program.version()),
            Place::Attached(_) => self.life().version,
        }
    }

    /// True for an external Redis.
    pub(crate) fn is_external(&self) -> bool {
        matches!(self.place, Place::Attached(_))
    }

    /// Warnings for administrators, a sentence each: users of an external Redis that can log in without a password.
    pub(crate) fn warnings(&self) -> Vec<String> {
        match &self.place {
            Place::Supervised(_) => Vec::new(),
            Place::Attached(attached) => {
                let open_users = attached.open_users.lock().unwrap_or_else(PoisonError::into_inner);
                open_users.warnings(&attached.upstream.to_string(), attached.upstream.user())
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
    pub(crate) async fn configure(&self, configuration: EngineConfiguration) -> Result<(), EngineError> {
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
        persistence::settle(control, configuration, &place.directory).await
    }

    /// Opens a connection with the identity `login`. The user's rules in the engine are those of the login, or newer
    /// ones.
    ///
    /// # Errors
    ///
    /// [`EngineError::ReservedName`], [`EngineError::ForeignUser`], [`EngineError::Superseded`], [`EngineError::Busy`]
    /// if the engine would have to create or change the user, [`EngineError::RulesRefused`] if the engine does not know
    /// a rule, and the errors of an engine that does not answer.
    pub(crate) async fn log_in(&self, login: &EngineLogin) -> Result<EngineConnection, EngineError> {
        tokio::time::timeout(ANSWER_TIMEOUT, async {
            match self.try_log_in(login).await {
                // Another administrator of an external Redis may have deleted the user, or it has been restarted.
                Err(EngineError::Refused { command: "HELLO", .. } | EngineError::Unreachable(_)) => {
                    if let Some(user) = self.user_of(login) {
                        self.users.doubt(&user.name).await;
                    }
                    self.try_log_in(login).await
                }
                done => done,
            }
        })
        .await
        .map_err(|_| EngineError::TimedOut)?
    }

    async fn try_log_in(&self, login: &EngineLogin) -> Result<EngineConnection, EngineError> {
        let control = self.control()?;
        self.prepare_on(&control, login).await?;
        let mut stream = self.connect().await.map_err(EngineError::unreachable)?;
        // Commands that an engine carries out while a script keeps it busy: SCRIPT KILL may be what the user comes for.
        let commands = match self.user_of(login) {
            Some(user) => vec![login::hello(&user.name, &self.secrets.of(&user.name))],
            None => vec![self.own_hello(), Command::new("RESET", [])],
        };
        let replies = login::exchange(&mut stream, &commands.iter().collect::<Vec<_>>()).await?;
        let number = replies.first().and_then(login::client_number);
        let number = number.ok_or(EngineError::NotReady)?;
        // Otherwise the number may be of a life that has ended, or of one that has not been told of anything.
        let incarnation = control.incarnation();
        if self.control()?.incarnation() != incarnation {
            return Err(EngineError::NotReady);
        }
        Ok(EngineConnection {
            stream,
            client: EngineClientId { number, incarnation },
        })
    }

    /// The command that gives an open connection the identity `login`, if `RESET` does not: `AUTH` with the user's name
    /// and secret. Call [`Self::prepare`] for the login first.
    pub(crate) fn login_command(&self, login: &EngineLogin) -> Option<Zeroizing<Vec<u8>>> {
        self.login(login).map(Command::into_bytes)
    }

    /// The secret of the user that a client's password login becomes; none where the engine itself checks the password:
    /// for `default` of an external Redis. Call [`Self::prepare`] for the login first.
    pub(crate) fn secret_of(&self, login: &EngineLogin) -> Option<Zeroizing<String>> {
        let user = self.user_of(login)?;
        let secret = self.secrets.of(&user.name);
        Some(Zeroizing::new(secret.secret().expose_secret().to_owned()))
    }

    /// Creates or changes the user of `login` in the engine, before a login on an open connection.
    ///
    /// # Errors
    ///
    /// As [`Self::log_in`].
    pub(crate) async fn prepare(&self, login: &EngineLogin) -> Result<(), EngineError> {
        self.prepare_on(&self.control()?, login).await
    }

    async fn prepare_on(&self, control: &Control, login: &EngineLogin) -> Result<(), EngineError> {
        let Some(user) = self.user_of(login) else { return Ok(()) };
        if let EngineLogin::User(user) = login {
            login::check_name(&user.name, self.control_user())?;
        }
        match self.users.tell(control, &self.secrets, self.mark(), &user).await {
            Err(error) if error.is_busy() => Err(EngineError::Busy { name: user.name }),
            Err(error) => Err(match error.objection() {
                Some(objection) => EngineError::RulesRefused {
                    objection: objection.to_owned(),
                    name: user.name,
                },
                None => error,
            }),
            Ok(()) => Ok(()),
        }
    }

    /// True if `login` needs no command on a new or reset connection: an external Redis logs connections in as
    /// `default` by itself while that user is open.
    pub(crate) fn is_logged_in(&self, login: &EngineLogin) -> bool {
        let is_open = |attached: &Attached| {
            let users = attached.open_users.lock().unwrap_or_else(PoisonError::into_inner);
            users.has(DEFAULT)
        };
        match &self.place {
            Place::Attached(attached) if *login == EngineLogin::DefaultUser => is_open(attached),
            _ => self.user_of(login).is_some(),
        }
    }

    /// The engine user of a login; none if the connection is not logged in.
    fn user_of(&self, login: &EngineLogin) -> Option<EngineUser> {
        match (login, &self.place) {
            (EngineLogin::User(user), _) => Some(user.clone()),
            (EngineLogin::DefaultUser, Place::Supervised(_)) => Some(EngineUser::default_user()),
            (EngineLogin::Nobody, Place::Attached(attached)) => {
                Some(EngineUser::fixed(attached.mark.nobody().into(), Arc::from([])))
            }
            (EngineLogin::DefaultUser, Place::Attached(_)) | (EngineLogin::Nobody, Place::Supervised(_)) => None,
        }
    }

    /// For each of these lists of rules, in order: the engine's message if it refuses the list, because it lacks a
    /// command in it or does not know a form of rule. `None` if it accepts the list, or cannot be asked now. A busy
    /// engine costs [`OBJECTION_TIMEOUT`] in total, however many lists there are.
    pub(crate) async fn objections_to(&self, all: &[&RedisAclRules]) -> Vec<Option<String>> {
        let end = Instant::now() + OBJECTION_TIMEOUT;
        let mut objections = Vec::with_capacity(all.len());
        for rules in all {
            let Ok(objection) = timeout_at(end, self.objection_to(rules)).await else {
                break;
            };
            objections.push(objection);
        }
        objections.resize(all.len(), None);
        objections
    }

    async fn objection_to(&self, rules: &RedisAclRules) -> Option<String> {
        let control = self.control().ok()?;
        // A user that is there for a moment, under a name that nobody has.
        let probe = Uuid::new_v4().to_string();
        let words = [probe.as_str(), "reset", "off"].into_iter().chain(rules.rules());
        let set = control.ask(Command::new(SET_USER, words));
        // Sent together and in this order, so that the user goes also when nobody waits for the answers.
        let delete = control.ask(Command::new("ACL DELUSER", [probe.as_str()]));
        let (set, _) = join(set, delete).await;
        set.err()?.objection().map(str::to_owned)
    }

    /// The users that it knows from logins, including `default`, except the one without rights.
    pub(crate) fn user_names(&self) -> Vec<Arc<str>> {
        let nobody = self.mark().map(UserMark::nobody);
        let mut names = self.users.names();
        names.retain(|name| nobody.as_deref() != Some(name));
        names
    }

    /// Deletes a user in the engine, which closes the user's connections.
    pub(crate) async fn forget_user(&self, name: &str) {
        let Ok(control) = self.control() else { return };
        if let Err(error) = self.users.forget(&control, self.mark(), name).await {
            // Nobody but the server knows the user's secret.
            tracing::warn!(
                error = %ErrorChain::new(&error),
                user.name = name,
                "an engine has not forgotten a user"
            );
        }
    }

    /// Deletes all data.
    ///
    /// # Errors
    ///
    /// [`EngineError`].
    pub(crate) async fn flush(&self) -> Result<(), EngineError> {
        // The data is gone when this is answered; only its memory is given back later.
        self.control()?.ask(Command::new("FLUSHALL", ["ASYNC"])).await.map(drop)
    }

    /// Ends the engine and deletes its directory with the data. The data of an external Redis stays.
    ///
    /// # Errors
    ///
    /// Any I/O error.
    pub(crate) async fn remove(&self) -> io::Result<()> {
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
    pub(crate) async fn clear(directory: PathBuf) -> io::Result<()> {
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
    pub(crate) fn end_orphan(directory: PathBuf) -> io::Result<()> {
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
    pub(crate) async fn move_aside(directory: PathBuf, kept: PathBuf) -> io::Result<bool> {
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
            Place::Attached(attached) => attached.upstream.connect().await,
        }
    }

    /// The server's own login, if it needs one.
    fn own_login(&self) -> Option<Command> {
        match &self.place {
            Place::Supervised(_) => Some(login::auth(CONTROL_USER, &self.secrets.of(CONTROL_USER))),
            Place::Attached(attached) => attached.upstream.login(),
        }
    }

    /// The same, in a form whose reply contains the number of the connection.
    fn own_hello(&self) -> Command {
        match &self.place {
            Place::Supervised(_) => login::hello(CONTROL_USER, &self.secrets.of(CONTROL_USER)),
            Place::Attached(attached) => attached.upstream.hello(),
        }
    }

    fn login(&self, login: &EngineLogin) -> Option<Command> {
        let user = self.user_of(login)?;
        Some(login::auth(&user.name, &self.secrets.of(&user.name)))
    }

    fn mark(&self) -> Option<&UserMark> {
        match &self.place {
            Place::Supervised(_) => None,
            Place::Attached(attached) => Some(&attached.mark),
        }
    }

    fn control_user(&self) -> Option<&str> {
        match &self.place {
            Place::Supervised(_) => None,
            Place::Attached(attached) => Some(attached.upstream.user()),
        }
    }

    fn control(&self) -> Result<Control, EngineError> {
        let control = self.control.lock().unwrap_or_else(PoisonError::into_inner);
        control.clone().ok_or(EngineError::NotReady)
    }

    fn life(&self) -> std::sync::MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("health", &*self.health.borrow())
            .finish_non_exhaustive()
    }
}

/// An administrator waits for the answer, which is only advice.
const OBJECTION_TIMEOUT: Duration = Duration::from_secs(1);
/// Time for an engine to end by itself before its data is deleted.
const REMOVAL_TIME: Duration = Duration::from_secs(5);
