//! A database with a real engine, its proxy, and clients with certificates of their own.

use std::sync::Arc;
use std::time::Duration;

use rustls::AlertDescription;
use time::OffsetDateTime;
use time::macros::datetime;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::clients;
pub(super) use super::clients::{ClientIdentity, TestCa, TestClient, encode};
use super::cluster::TestCluster;
use crate::ClusterView as _;
use crate::engine::{Engine, EngineConfiguration, EngineHealth, EngineProgram};
use crate::proxy::{DatabaseProxy, ProxyParts};
use crate::resp::differential::matrix::program as matrix_program;
use certward_certificates::issuer::setup::{create_ca, create_server_certificate};
use certward_certificates::server_certificate::ServerCertificates;
use certward_redis_model::database::{Database, DatabaseTls, RolePermission, TlsMode};
use certward_redis_model::redis_acl::RedisAcl;
use certward_redis_model::state::Change;
use certward_redis_model::uid::{DatabaseUid, RedisAclUid, RoleUid, UserUid};
use certward_redis_model::user::{Authentication, EmailAlerts, User};
use certward_system::clock::ManualClock;
use certward_transport::listener::Limits;
use certward_transport::listener::workers::Workers;

pub(super) const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);
pub(super) const PASSWORD: &str = "correct horse";
/// Longer than anything takes here, shorter than a test may.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct World {
    pub(super) cluster: Arc<TestCluster>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) ca: TestCa,
    pub(super) proxy: Arc<DatabaseProxy>,
    pub(super) stop: CancellationToken,
    engine: Arc<Engine>,
    port: u16,
    directory: tempfile::TempDir,
}

impl World {
    /// Database 1 with mutual TLS, whose client CA is [`Self::ca`]. Role 1 has full access there, role 2 reads; role 3 has
    /// nothing. The users are alice (1) with role 1 and bob (2) with role 2, both by certificate, and carol (3) with role 1
    /// and [`PASSWORD`]. The default user is off. None where no Redis is installed.
    pub(super) async fn new() -> Option<Self> {
        Self::with(Limits::default()).await
    }

    /// The same within these limits.
    pub(super) async fn with(limits: Limits) -> Option<Self> {
        let program = EngineProgram::find(None, &std::env::var_os("PATH").unwrap_or_default()).await;
        let Ok(program) = program else {
            assert!(std::env::var_os("CI").is_none(), "redis-server is not installed");
            eprintln!("skipped: redis-server is not installed");
            return None;
        };
        Some(Self::on(program, limits).await)
    }

    /// The same, with an engine of the matrix.
    pub(super) async fn on_engine(name: &str) -> Self {
        let path = matrix_program(name);
        let program = EngineProgram::find(Some(&path), "".as_ref()).await;
        let program = program.unwrap_or_else(|error| panic!("{error}; run tools/engines"));
        Self::on(program, Limits::default()).await
    }

    async fn on(program: EngineProgram, limits: Limits) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(NOW));
        let created = create_server_certificate(&create_ca(NOW).unwrap(), &["db.example".to_owned()], NOW).unwrap();
        let server_certificates = Arc::new(ServerCertificates::new(created.to_server_certificate().unwrap()));
        let cluster = Arc::new(TestCluster::default());
        let ca = TestCa::new("clients");
        let database = Arc::new(database(&ca));
        let tasks = TaskTracker::new();
        let engine = Engine::supervise(
            &program,
            directory.path().join("engine"),
            EngineConfiguration::of(&database),
            &tasks,
        );
        let mut health = engine.health();
        let ready = health.wait_for(|health| *health == EngineHealth::Ready);
        tokio::time::timeout(PATIENCE, ready).await.unwrap().unwrap();
        let tcp = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = tcp.local_addr().unwrap().port();
        let parts = ProxyParts {
            cluster: Arc::<TestCluster>::clone(&cluster),
            server_certificates,
            limits,
            workers: Workers::start("redis").unwrap(),
            counts: Arc::default(),
            clock: clock.clone(),
        };
        let proxy = DatabaseProxy::new(tcp, database.uid, Arc::clone(&engine), parts);
        let stop = CancellationToken::new();
        let run = Arc::clone(&proxy).run(tasks.clone(), stop.clone(), CancellationToken::new());
        tasks.spawn(run);
        let world = Self {
            cluster,
            clock,
            ca,
            proxy,
            stop,
            engine,
            port,
            directory,
        };
        world
            .put_all(vec![
                Change::PutDatabase(database),
                acl(1, "+@all ~* &*"),
                acl(2, "+@read +@connection ~*"),
            ])
            .await;
        world.put_certified(1, "alice", 1).await;
        world.put_certified(2, "bob", 2).await;
        world.put(Change::PutUser(Arc::new(world.regular(3, "carol", 1)))).await;
        world
    }

    /// Ends the engine, so that nothing of the test is left.
    pub(super) async fn end(self) {
        self.stop.cancel();
        self.proxy.cut_all();
        self.engine.stop().await;
    }

    pub(super) async fn put(&self, change: Change) {
        self.put_all(vec![change]).await;
    }

    async fn put_all(&self, changes: Vec<Change>) {
        self.cluster.apply(&changes);
    }

    /// Changes the database, and what its engine is told.
    pub(super) async fn change(&self, change: impl FnOnce(&mut Database)) {
        let mut database = Database::clone(self.cluster.state().database(uid()).unwrap());
        change(&mut database);
        let configuration = EngineConfiguration::of(&database);
        self.engine.configure(configuration).await.unwrap();
        self.put(Change::PutDatabase(Arc::new(database))).await;
    }

    pub(super) async fn put_certified(&self, number: u32, name: &str, role: u32) {
        let authentication = Authentication::Certificate {
            subject: format!("CN={name}").parse().unwrap(),
        };
        let user = user(number, name, role, authentication);
        self.put(Change::PutUser(Arc::new(user))).await;
    }

    /// A user with [`PASSWORD`].
    pub(super) fn regular(&self, number: u32, name: &str, role: u32) -> User {
        let authentication = Authentication::Regular {
            passwords: vec![TestCluster::hash()],
            issued_at: NOW,
        };
        user(number, name, role, authentication)
    }

    /// A client with the certificate of this user.
    pub(super) async fn client(&self, name: &str) -> TestClient {
        self.connect(Some(self.ca.client(name))).await
    }

    pub(super) async fn connect(&self, identity: Option<ClientIdentity>) -> TestClient {
        TestClient::over(clients::handshake(self.port, identity).await.unwrap())
    }

    pub(super) async fn plain(&self) -> TestClient {
        TestClient::over(self.tcp().await)
    }

    /// The alert with which the handshake ends.
    pub(super) async fn alert(&self, identity: Option<ClientIdentity>) -> AlertDescription {
        let attempt = async { clients::handshake(self.port, identity).await?.read_u8().await };
        let error = tokio::time::timeout(PATIENCE, attempt).await.unwrap().unwrap_err();
        let inner = error.get_ref().unwrap_or_else(|| panic!("{error}"));
        match inner.downcast_ref::<rustls::Error>() {
            Some(rustls::Error::AlertReceived(alert)) => *alert,
            _ => panic!("{error}"),
        }
    }

    /// The engine's process.
    pub(super) async fn engine_process(&self) -> rustix::process::Pid {
        let pid = self.info("process_id").await;
        rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap()
    }

    /// A field of the engine's `INFO`.
    pub(super) async fn info(&self, field: &str) -> String {
        let mut client = self.client("alice").await;
        let info = client.ask(&["INFO", "everything"]).await;
        let value = info
            .lines()
            .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        value
            .unwrap_or_else(|| panic!("no {field} in {info}"))
            .trim()
            .to_owned()
    }

    /// Waits until the engine is ready again.
    pub(super) async fn ready(&self) {
        let mut health = self.engine.health();
        let ready = health.wait_for(|health| *health == EngineHealth::Ready);
        tokio::time::timeout(3 * PATIENCE, ready).await.unwrap().unwrap();
    }

    /// Waits until the engine answers this, asked by a client of its own.
    pub(super) async fn eventually(&self, arguments: &[&str], expected: &str) {
        let mut last = String::new();
        for _ in 0..200 {
            let mut client = self.client("alice").await;
            last = client.ask(arguments).await;
            if last == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{arguments:?} answers {last:?} and not {expected:?}");
    }

    /// The first line of the answer that the engine gives to a command that did not come by the proxy.
    pub(super) async fn ask_engine(&self, arguments: &[&str]) -> String {
        let socket = self.directory.path().join("engine").join("engine.sock");
        let stream = tokio::net::UnixStream::connect(socket).await.unwrap();
        TestClient::over(stream).ask(arguments).await
    }

    async fn tcp(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).await.unwrap()
    }
}

pub(super) fn uid() -> DatabaseUid {
    DatabaseUid::new(1).unwrap()
}

pub(super) fn user_uid(number: u32) -> UserUid {
    UserUid::new(number).unwrap()
}

/// An ACL with a number above those that a cluster comes with.
pub(super) fn acl(number: u32, rules: &str) -> Change {
    Change::PutRedisAcl(Arc::new(RedisAcl {
        uid: acl_uid(number),
        name: format!("acl-{number}").parse().unwrap(),
        acl: rules.parse().unwrap(),
    }))
}

pub(super) fn permission(role: u32, acl: u32) -> RolePermission {
    RolePermission {
        role_uid: RoleUid::new(role).unwrap(),
        redis_acl_uid: acl_uid(acl),
    }
}

fn acl_uid(number: u32) -> RedisAclUid {
    RedisAclUid::new(100 + number).unwrap()
}

fn database(ca: &TestCa) -> Database {
    Database {
        tls: DatabaseTls {
            mode: TlsMode::Enabled,
            enforce_client_authentication: true,
            client_certificates: ca.trusted(),
            ..DatabaseTls::default()
        },
        roles_permissions: vec![permission(1, 1), permission(2, 2)],
        ..Database::sample()
    }
}

fn user(number: u32, name: &str, role: u32, authentication: Authentication) -> User {
    User {
        uid: user_uid(number),
        name: name.parse().unwrap(),
        email: None,
        authentication,
        credentials_revision: 1,
        role_uids: vec![RoleUid::new(role).unwrap()],
        alerts: EmailAlerts::default(),
    }
}
