//! The proxy in front of a database: port → TLS with the database's own trust → identity → login to the engine → bytes
//! in both directions, until the connection ends or is cut.

mod admission;
mod busy_wait;
mod clients;
mod exchange;
mod handshake;
mod logins;
mod markers;
mod policy;
mod refused;
mod refused_logins;
mod relay;
mod reply_rewriter;
#[cfg(any(test, feature = "fuzzing"))]
mod rewritten;
mod sessions;
mod stream;
#[cfg(test)]
mod tests;
mod tls;

pub use self::clients::DatabaseConnection;
#[cfg(any(test, feature = "fuzzing"))]
pub use self::rewritten::rewritten;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use certward_pki::ErrorChain;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::admission::{Access, Client, Identity, Judge};
use self::handshake::{AdmittedClient, Opened};
use self::logins::{Logins, login_state, unnamed_login};
use self::policy::{Policies, Policy};
use self::refused::Refused;
use self::relay::{Ending, Relay};
use self::sessions::{Session, Sessions};
use self::stream::ClientStream;
use crate::cluster_view::ClusterView;
use crate::engine::{Engine, EngineConnection, EngineError, EngineLogin, EngineUser};
use certward_certificates::server_certificate::ServerCertificates;
use certward_redis_model::database::DefaultUser;
use certward_redis_model::rights::{DEFAULT, NoRights};
use certward_redis_model::state::ClusterState;
use certward_redis_model::uid::DatabaseUid;
use certward_redis_model::user::User;
use certward_system::clock::Clock;
use certward_system::telemetry;
use certward_transport::listener::Limits;
use certward_transport::listener::accept::{self, AcceptLoop, Accepted, Service};
use certward_transport::listener::connection_table::Order;
use certward_transport::listener::identity_counts::IdentityCounts;
use certward_transport::listener::workers::Workers;

/// The port of a database, with its connections.
pub struct DatabaseProxy {
    accept: AcceptLoop,
    database: DatabaseUid,
    engine: Arc<Engine>,
    parts: ProxyParts,
    policies: Policies,
    sessions: Sessions,
}

/// Dependencies that the proxies of all databases share.
#[derive(Debug, Clone)]
pub struct ProxyParts {
    /// The cluster, with its users.
    pub cluster: Arc<dyn ClusterView>,
    /// Certificates for databases without one of their own, until the cluster has one for them.
    pub server_certificates: Arc<ServerCertificates>,
    /// Resource limits for clients that are not admitted.
    pub limits: Limits,
    /// Worker threads that serve the connections.
    pub workers: Workers,
    /// Counts open connections by identity.
    pub counts: Arc<IdentityCounts>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// A connection that is logged in to the engine.
struct LoggedIn {
    identity: Identity,
    /// The revision of the cluster that says so.
    revision: u64,
    login: EngineLogin,
    engine: EngineConnection,
}

impl DatabaseProxy {
    /// Wraps a listening socket. [`Self::run`] accepts connections.
    pub fn new(tcp: TcpListener, database: DatabaseUid, engine: Arc<Engine>, parts: ProxyParts) -> Arc<Self> {
        Arc::new(Self {
            accept: AcceptLoop::new(tcp, parts.workers.clone(), &parts.limits, &parts.counts),
            database,
            engine,
            parts,
            policies: Policies::default(),
            sessions: Sessions::default(),
        })
    }

    /// Accepts connections until `stop`, and serves each in a task of `tasks`, until `abort` at the latest. After
    /// `stop`, open connections accept no more commands. It follows the cluster: connections that a change does not
    /// admit any more are cut, and all of them when the database is deleted.
    pub async fn run(self: Arc<Self>, tasks: TaskTracker, stop: CancellationToken, abort: CancellationToken) {
        // At once, and not when the first client comes: it is logged what is wrong with the certificates.
        let _ = self.policy(&self.parts.cluster.state());
        // Before the first connection is accepted, so that no change falls in between.
        let changes = self.parts.cluster.changes();
        let accepted = self.accept.run(Arc::clone(&self), tasks, stop.clone(), abort);
        tokio::join!(accepted, self.watch(changes, stop.clone()));
        self.sessions.order_all(Order::Finish, "stopping");
    }

    /// A warning for each client certificate of the database that is a CA and cannot be trusted as one.
    pub fn trust_warnings(&self) -> Vec<String> {
        let policy = self.policy(&self.parts.cluster.state());
        let unfit = policy.iter().flat_map(|policy| policy.trust.unfit_authorities());
        unfit.map(ToString::to_string).collect()
    }

    /// Cuts all current and later connections: the database is deleted, or its port changes.
    pub fn cut_all(&self) {
        self.sessions.order_all(Order::Cut, "database_closed");
    }

    async fn watch(&self, mut changes: watch::Receiver<u64>, stop: CancellationToken) {
        let mut expiry = tokio::time::interval(EXPIRY_CHECK);
        expiry.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                changed = changes.changed() => match changed {
                    Ok(()) => {
                        self.review();
                        self.forget_the_deleted();
                    }
                    Err(_) => return,
                },
                _ = expiry.tick() => self.sessions.cut_expired(self.parts.clock.now()),
            }
        }
    }

    fn review(&self) {
        self.judge(|judge| self.sessions.review(judge))
            .unwrap_or_else(|| self.cut_all());
    }

    /// Starts deleting the users in the engine that the cluster has deleted. Their connections are already cut.
    fn forget_the_deleted(&self) {
        let state = self.parts.cluster.state();
        let mut deleted = self.engine.user_names();
        let has_default = self.default_user().is_enabled;
        deleted.retain(|name| {
            if **name == *DEFAULT {
                !has_default
            } else {
                state.user_named(name).is_none()
            }
        });
        if !deleted.is_empty() {
            let engine = Arc::clone(&self.engine);
            tokio::spawn(async move {
                for name in deleted {
                    engine.forget_user(&name).await;
                }
            });
        }
    }

    /// Cuts one connection if the cluster has changed since its last review, and does not admit its identity any more.
    fn review_if_changed(&self, session: &Session) {
        if !session.is_reviewed_at(self.parts.cluster.revision()) {
            self.review_one(session);
        }
    }

    /// Cuts one connection if its identity is not admitted any more.
    fn review_one(&self, session: &Session) {
        self.judge(|judge| self.sessions.recheck(session, judge))
            .unwrap_or_else(|| self.cut_all());
    }

    /// The policy at `state`, the present one; none when the database is gone.
    fn policy(&self, state: &ClusterState) -> Option<Arc<Policy>> {
        self.policies.at(state, self.database, &self.parts)
    }

    /// Decides from the current state of the cluster; none if the database is deleted.
    fn judge<T>(&self, decide: impl FnOnce(&Judge<'_>) -> T) -> Option<T> {
        let state = self.parts.cluster.state();
        let policy = self.policy(&state)?;
        Some(decide(&Judge::new(&policy, &state, self.now())))
    }

    /// The database's settings of the user `default`, which is off if the database is deleted.
    fn default_user(&self) -> DefaultUser {
        let state = self.parts.cluster.state();
        state.database(self.database).map_or(
            DefaultUser {
                is_enabled: false,
                password_hashes: Vec::new(),
            },
            |database| database.default_user.clone(),
        )
    }

    /// The user's rights in this database, with the revision of the cluster that they were derived from.
    fn access_of(&self, user: &User) -> Result<(Access, u64), NoRights> {
        let decided = self.judge(|judge| judge.access(user).map(|access| (access, judge.revision())));
        decided.unwrap_or_else(|| {
            Err(NoRights::NoRole {
                user: user.name.to_string(),
                database: self.database.to_string(),
            })
        })
    }

    fn now(&self) -> OffsetDateTime {
        self.parts.clock.now()
    }

    /// Identifies a client, and logs it in to the engine.
    async fn log_in(&self, client: &mut AdmittedClient) -> Result<LoggedIn, Refused> {
        let mut attempts = 0;
        loop {
            let state = self.parts.cluster.state();
            let identity = client.identify(self, &state)?;
            let login = login_as(&identity, &state);
            match self.engine.log_in(&login).await {
                Ok(engine) => {
                    return Ok(LoggedIn {
                        identity,
                        revision: state.revision(),
                        login,
                        engine,
                    });
                }
                // The cluster has changed since the decision: it is made again.
                Err(EngineError::Superseded) if attempts < MAX_DECISIONS => attempts += 1,
                Err(error) => return Err(Refused::Engine(error)),
            }
        }
    }

    async fn refuse(&self, mut stream: ClientStream, client: &Client, refused: &Refused) {
        metrics::counter!(telemetry::REFUSALS, "reason" => refused.reason()).increment(1);
        tracing::info!(
            peer.address = %client.address,
            database.uid = self.database.get(),
            certificate.subject = client.subject(),
            reason = refused.to_string(),
            refused.reason = refused.reason(),
            "a database refuses a client"
        );
        if let Refused::Engine(error) = refused {
            self.warn_of_refused_rules(error).await;
        }
        refused::send_refusal(&mut stream, refused).await;
    }

    /// Relays bytes until the connection is over, and then closes both sides.
    async fn relay(self: Arc<Self>, stream: ClientStream, client: AdmittedClient, logged_in: LoggedIn) {
        let LoggedIn {
            identity,
            revision,
            login,
            engine,
        } = logged_in;
        let open = self.sessions.open(client, identity, (revision, self.now()));
        // After it is among the sessions: a change since the decision finds it there, or is found here.
        self.review_if_changed(open.connection());
        let session = Arc::clone(open.connection());
        let logins = Logins::new(Arc::clone(&self), Arc::clone(&session), &login);
        let begun = (engine.stream, login_state(&self.engine, &login));
        drop(login);
        let mut relay = Box::new(Relay::new(stream, begun, Arc::clone(&session), logins));
        let patience = self.parts.limits.header_timeout;
        let ending = tokio::select! {
            biased;
            ending = relay.run() => ending,
            never = session.cut_strangers_after(patience) => match never {},
        };
        let is_cut = match ending {
            Ending::Closed => {
                refused::say_goodbye(relay.client()).await;
                false
            }
            Ending::Cut => true,
            Ending::Broken(error) => {
                tracing::debug!(
                    peer.address = %session.address(),
                    error = %ErrorChain::new(&error),
                    "a connection to a database broke off"
                );
                // It stays among the sessions meanwhile: a script that it has begun ends with its user.
                relay.wait_for_engine().await
            }
        };
        if is_cut {
            // While the connection to it is open: the engine carries out what it finds in a closed one. A client that
            // sees its end can count on it that nothing more is carried out, unless the engine does not answer.
            let is_ended = self.engine.end_client(engine.client).await;
            let server_stream = relay.close_client().await;
            // A stranger's connection has nothing in the engine to end: nobody's script or data is at stake for it.
            if !is_ended && session.was_let_in() {
                self.engine.end_client_later(engine.client, server_stream);
            }
        }
    }
}

impl Service for DatabaseProxy {
    type Opened = Opened;

    async fn open(self: Arc<Self>, accepted: Accepted) -> Option<Opened> {
        self.handshake(accepted).await
    }

    async fn serve(self: Arc<Self>, Opened { stream, mut client }: Opened) {
        let stream = match stream.move_here() {
            Ok(here) => here,
            Err(error) => return accept::cannot_be_served(&error),
        };
        // Boxed, because a task is as large as its largest moment, and these are soon over.
        match Box::pin(self.log_in(&mut client)).await {
            Ok(logged_in) => Box::pin(self.relay(stream, client, logged_in)).await,
            Err(refused) => Box::pin(self.refuse(stream, client.client(), &refused)).await,
        }
    }
}

impl fmt::Debug for DatabaseProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseProxy")
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

/// The engine login for an identity.
fn login_as(identity: &Identity, state: &ClusterState) -> EngineLogin {
    match identity {
        Identity::Certificate(access) | Identity::Password(access) => EngineLogin::User(EngineUser {
            name: Arc::clone(&access.rights.name),
            rules: Arc::clone(&access.rights.rules),
            revision: state.revision(),
        }),
        Identity::Default(default_user) => unnamed_login(default_user),
    }
}

/// Interval at which the wall clock is compared with the expiry of certificates: one timer for all connections, which
/// follows a clock that is set. A connection is cut within one second of its certificate's expiry.
const EXPIRY_CHECK: Duration = Duration::from_millis(250);
/// Number of attempts of a login, which fails only on concurrent changes of its own user; those are rare.
const MAX_DECISIONS: u32 = 8;
