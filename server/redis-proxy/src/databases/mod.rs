//! Runs the databases of the cluster: an engine and a port for each.
//!
//! The cluster's state lists the databases; the processes follow it, and never block a change of it. An engine that
//! does not start, or a port that is taken, is retried, and the server continues.

mod data_files;
#[cfg(test)]
mod data_files_tests;
mod leftovers;
mod listener;
mod operations;
mod ports;
mod refused_acls;
mod running;
mod status;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::data_files::DataFiles;
pub use self::leftovers::data_in;
use self::ports::Ports;
pub use self::ports::{PortError, ReservedPort};
use self::running::Running;
pub use self::status::DatabaseStatus;
use crate::cluster_view::ClusterView;
use crate::engine::{Engine, EngineConfiguration, EngineProgram, EngineProgramError, EngineVersion, UserMark};
use crate::proxy::{DatabaseConnection, DatabaseProxy, ProxyParts};
use crate::settings::{Settings, UpstreamSetting};
use certward_redis_model::database::{Database, DatabaseName};
use certward_redis_model::state::ClusterState;
use certward_redis_model::token_key::TokenKey;
use certward_redis_model::uid::DatabaseUid;

/// Runs the databases of the cluster.
pub struct Databases {
    cluster: Arc<dyn ClusterView>,
    settings: Arc<Settings>,
    /// Dependencies of the databases' proxies.
    proxy: ProxyParts,
    /// Derives the marks of users in external Redis.
    key: TokenKey,
    ports: Arc<Ports>,
    /// The engine program, once it has been found.
    program: Mutex<Option<EngineProgram>>,
    /// The database assigned to the unnamed (default) upstream.
    nameless: Mutex<Option<DatabaseUid>>,
    running: Mutex<BTreeMap<DatabaseUid, Arc<Running>>>,
    /// The databases in the state at start-up, with their time of creation, because a number may be reused.
    restored: BTreeSet<(DatabaseUid, OffsetDateTime)>,
    /// Notified when a running database has ended.
    ended: Notify,
}

impl Databases {
    /// Creates the manager; [`Self::run`] starts the databases.
    pub fn new(proxy: ProxyParts, settings: Arc<Settings>, key: TokenKey) -> Arc<Self> {
        let state = proxy.cluster.state();
        let restored = state.databases().map(|database| (database.uid, database.created_at));
        Arc::new(Self {
            restored: restored.collect(),
            ports: Ports::new(settings.listen_address.clone(), settings.ports.clone()),
            cluster: Arc::clone(&proxy.cluster),
            settings,
            proxy,
            key,
            program: Mutex::default(),
            nameless: Mutex::default(),
            running: Mutex::default(),
            ended: Notify::new(),
        })
    }

    /// Runs the databases of the cluster's state, and follows its changes, until `stop`. Then every engine is stopped,
    /// once its connections have ended or `abort` has ended them, and killed [`ENGINE_TIME`] after `abort`.
    pub async fn run(self: Arc<Self>, tasks: TaskTracker, stop: CancellationToken, abort: CancellationToken) {
        let mut changes = self.cluster.changes();
        let prepare = async {
            self.clear_leftovers().await;
            self.look_for_program().await;
        };
        if stop.run_until_cancelled(prepare).await.is_none() {
            return;
        }
        loop {
            self.apply_state(&tasks, &stop, &abort);
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = self.ended.notified() => {}
                changed = changes.changed() => if changed.is_err() { break },
            }
        }
        let running: Vec<_> = self.running().values().cloned().collect();
        for running in &running {
            running.stop();
        }
        let mut ended = pin!(async {
            for running in &running {
                running.ended().await;
            }
        });
        let late = async {
            abort.cancelled().await;
            tokio::time::sleep(ENGINE_TIME).await;
        };
        tokio::select! {
            () = &mut ended => return,
            () = late => {}
        }
        for engine in running.iter().filter_map(|running| running.engine()) {
            engine.kill();
        }
        ended.await;
    }

    /// Status of a database. One that is not supervised yet has just been created, or is being recovered after a
    /// restart.
    pub fn status(&self, database: &Arc<Database>) -> DatabaseStatus {
        let running = self.running().get(&database.uid).cloned();
        match running {
            Some(running) => running.status(database),
            None if self.is_restored(database) => DatabaseStatus::Recovery,
            None => DatabaseStatus::Pending,
        }
    }

    /// True if the database existed when the server started.
    fn is_restored(&self, database: &Database) -> bool {
        self.restored.contains(&(database.uid, database.created_at))
    }

    /// Version of the engines that the server starts, once a program has been found.
    pub fn program_version(&self) -> Option<EngineVersion> {
        self.known_program().as_ref().map(EngineProgram::version)
    }

    /// Version of a database's engine.
    pub fn version_of(&self, uid: DatabaseUid) -> Option<EngineVersion> {
        let engine = self.engine_of(uid).and_then(|engine| engine.version());
        engine.or_else(|| self.program_version())
    }

    /// Warnings for administrators, a sentence each: why clients cannot use the database, what is wrong with its
    /// external Redis, which ACLs the engine refuses, and which CAs are not trusted.
    pub fn warnings(&self, uid: DatabaseUid) -> Vec<String> {
        let Some(running) = self.running().get(&uid).cloned() else {
            return Vec::new();
        };
        let reason = running
            .reason()
            .map(|reason| format!("the database cannot be used: {reason}"));
        let engine = running.engine().map(|engine| engine.warnings());
        let mut warnings: Vec<String> = reason.into_iter().chain(engine.unwrap_or_default()).collect();
        let state = self.cluster.state();
        if let Some(database) = state.database(uid) {
            warnings.extend(running.refused_acls().warnings(database, &state));
            warnings.extend(running.proxy().map(|proxy| proxy.trust_warnings()).unwrap_or_default());
        }
        warnings
    }

    /// Starts, changes and stops databases to match the state.
    fn apply_state(self: &Arc<Self>, tasks: &TaskTracker, stop: &CancellationToken, abort: &CancellationToken) {
        let state = self.cluster.state();
        let mut all = self.running();
        all.retain(|_, running| !running.has_ended());
        for database in state.databases() {
            match all.get(&database.uid) {
                Some(running) => running.set_desired(database),
                None => {
                    let running = Running::new(database, self.is_restored(database));
                    let databases = Arc::clone(self);
                    let (ours, stop, abort) = (tasks.clone(), stop.clone(), abort.clone());
                    tasks.spawn(Arc::clone(&running).supervise(databases, ours, stop, abort));
                    all.insert(database.uid, running);
                }
            }
        }
        for (uid, running) in &*all {
            if state.database(*uid).is_none() {
                running.remove();
            }
        }
    }

    /// Creates the engine of a database: an external Redis, or a supervised process.
    async fn make_engine(
        &self,
        database: &Database,
        tasks: &TaskTracker,
    ) -> Result<Arc<Engine>, Box<dyn std::error::Error + Send + Sync>> {
        let configuration = EngineConfiguration::of(database);
        if let Some(setting) = self.upstream_for(&database.name, Some(database.uid)) {
            let external = self.settings.upstream(setting)?;
            tracing::info!(database.uid = database.uid.get(), upstream = %external, "a database is attached to a Redis that is there");
            let mark = UserMark::new(&self.key, database.uid);
            return Ok(Engine::attach(external, mark, configuration, tasks));
        }
        let program = self.program().await?;
        let directory = self.directory(database.uid);
        Ok(Engine::supervise(&program, directory, configuration, tasks))
    }

    /// The upstream for a database with this name and number; without a number, the one that it would get. The unnamed
    /// upstream belongs to the first database that has no data of its own here.
    fn upstream_for(&self, name: &DatabaseName, uid: Option<DatabaseUid>) -> Option<&UpstreamSetting> {
        let upstreams = &self.settings.upstreams;
        let named = |upstream: &&UpstreamSetting| upstream.database.as_ref() == Some(name);
        if let Some(upstream) = upstreams.iter().find(named) {
            return Some(upstream);
        }
        let nameless = upstreams.iter().find(|upstream| upstream.database.is_none())?;
        if uid.is_some_and(|uid| self.directory(uid).exists()) {
            return None;
        }
        let mut holder = self.nameless.lock().unwrap_or_else(PoisonError::into_inner);
        let state = self.cluster.state();
        if holder.is_none_or(|holder| state.database(holder).is_none()) {
            *holder = uid;
            return Some(nameless);
        }
        (*holder == uid).then_some(nameless)
    }

    /// The engine program. If it was missing, it is searched again.
    async fn program(&self) -> Result<EngineProgram, EngineProgramError> {
        if let Some(program) = &*self.known_program() {
            return Ok(program.clone());
        }
        let settings = &self.settings;
        let mut program = EngineProgram::find(settings.server_path.as_deref(), &settings.search_path).await?;
        if let Some(account) = &settings.engine_user {
            let directory = settings.data_dir.join(DIRECTORY);
            for directory in [&settings.data_dir, &directory] {
                let opened = DirBuilder::new().recursive(true).mode(0o700).create(directory);
                opened
                    .and_then(|()| account.let_through(directory))
                    .map_err(EngineProgramError::Directory)?;
            }
            program = program.run_as(account.clone(), &directory).await?;
        }
        tracing::info!(path = %program.path().display(), version = %program.version(), "databases are this program");
        *self.known_program() = Some(program.clone());
        Ok(program)
    }

    /// Searches the engine program in advance. One that is installed later is found when it is needed.
    async fn look_for_program(&self) {
        let has_databases = self.cluster.state().databases().len() > 0;
        if !has_databases && !self.settings.serves_api {
            return;
        }
        if let Err(error) = self.program().await {
            let error = &error as &dyn std::error::Error;
            let is_set_up = self.settings.server_path.is_some() || self.settings.engine_user.is_some();
            if has_databases || is_set_up {
                tracing::error!(error, "no Redis can be started");
            } else {
                tracing::info!(error, "no databases can be made");
            }
        }
    }

    /// The open connections to all databases.
    pub fn connections(&self, state: &ClusterState) -> Vec<DatabaseConnection> {
        let proxies = self.proxies();
        proxies.iter().flat_map(|proxy| proxy.connections(state)).collect()
    }

    /// The connections to all databases that end when `state` becomes `next`.
    pub fn connections_ended_by(&self, state: &ClusterState, next: &ClusterState) -> Vec<DatabaseConnection> {
        let proxies = self.proxies();
        proxies
            .iter()
            .flat_map(|proxy| proxy.connections_ended_by(state, next))
            .collect()
    }

    fn proxies(&self) -> Vec<Arc<DatabaseProxy>> {
        self.running().values().filter_map(|running| running.proxy()).collect()
    }

    fn engine_of(&self, uid: DatabaseUid) -> Option<Arc<Engine>> {
        self.running().get(&uid).and_then(|running| running.engine())
    }

    fn directory(&self, uid: DatabaseUid) -> PathBuf {
        self.settings.data_dir.join(DIRECTORY).join(uid.to_string())
    }

    fn known_program(&self) -> MutexGuard<'_, Option<EngineProgram>> {
        self.program.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<DatabaseUid, Arc<Running>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Databases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Databases")
            .field("ports", &self.ports)
            .finish_non_exhaustive()
    }
}

/// Time for engines to write pending data when the server ends, after the last connection has ended.
pub const ENGINE_TIME: Duration = Duration::from_secs(3);
/// Name in `DataDir` of the directory with one directory per database, named by number.
const DIRECTORY: &str = "databases";
