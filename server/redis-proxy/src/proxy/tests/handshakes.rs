//! The decision of a handshake, and the checks that remain for the login.

use std::sync::Arc;

use rcgen::KeyUsagePurpose;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::subscriber::DefaultGuard;

use super::clients::{self, ClientIdentity, TestCa};
use super::world::{World, user_uid};
use crate::proxy::DatabaseProxy;
use crate::proxy::handshake::Opened;
use certward_redis_model::database::TlsMode;
use certward_redis_model::state::Change;
use certward_system::telemetry::CapturedLog;
use certward_transport::listener::Limits;
use certward_transport::listener::accept::{AcceptLoop, Accepted, Service};

/// Makes handshakes as a database's proxy does, and hands over what they yield before the login.
struct HandshakesAlone {
    proxy: Arc<DatabaseProxy>,
    opened: mpsc::Sender<Opened>,
}

impl Service for HandshakesAlone {
    type Opened = Opened;

    async fn open(self: Arc<Self>, accepted: Accepted) -> Option<Opened> {
        self.proxy.handshake(accepted).await
    }

    async fn serve(self: Arc<Self>, opened: Opened) {
        self.opened.send(opened).await.unwrap();
    }
}

/// A connection between its handshake and its login.
async fn opened(world: &World, identity: ClientIdentity) -> Opened {
    let tcp = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = tcp.local_addr().unwrap().port();
    let parts = &world.proxy.parts;
    let accept = AcceptLoop::new(tcp, parts.workers.clone(), &Limits::default(), &parts.counts);
    let (sender, mut receiver) = mpsc::channel(1);
    let service = Arc::new(HandshakesAlone {
        proxy: Arc::clone(&world.proxy),
        opened: sender,
    });
    let stop = CancellationToken::new();
    let accepting = accept.run(service, TaskTracker::new(), stop.clone(), CancellationToken::new());
    let client = async {
        let stream = clients::handshake(port, Some(identity)).await.unwrap();
        let opened = receiver.recv().await.unwrap();
        stop.cancel();
        drop(stream);
        opened
    };
    tokio::join!(accepting, client).1
}

/// Logs in on a connection that was opened before `change`, and says who it is or why not.
async fn login_after(world: &World, change: impl AsyncFnOnce()) -> Result<(), &'static str> {
    let mut opened = opened(world, world.ca.client("alice")).await;
    change().await;
    match world.proxy.log_in(&mut opened.client).await {
        Ok(_) => Ok(()),
        Err(refused) => Err(refused.reason()),
    }
}

#[tokio::test]
async fn what_changes_between_handshake_and_login_is_seen_by_the_login() {
    let Some(world) = World::new().await else { return };
    assert_eq!(login_after(&world, async || {}).await, Ok(()));

    let other = TestCa::new("others").trusted();
    let change = async || {
        world
            .change(|database| database.tls.client_certificates = other.clone())
            .await;
    };
    assert_eq!(login_after(&world, change).await, Err("certificate_unknown_ca"));
    let trusted = world.ca.trusted();
    world
        .change(|database| database.tls.client_certificates = trusted.clone())
        .await;

    let change = async || world.put_certified(1, "alice", 3).await;
    assert_eq!(login_after(&world, change).await, Err("no_rights"));
    let change = async || world.put(Change::DeleteUser(user_uid(1))).await;
    assert_eq!(login_after(&world, change).await, Err("no_user"));
    world.put_certified(1, "alice", 1).await;

    // Nothing of the cluster changes.
    let change = async || world.clock.advance(time::Duration::days(31));
    assert_eq!(login_after(&world, change).await, Err("certificate_expired"));
    world.end().await;
}

#[tokio::test]
async fn a_database_that_changes_its_transport_or_goes_after_the_handshake_lets_nobody_log_in() {
    let Some(world) = World::new().await else { return };
    let change = async || world.change(|database| database.tls.mode = TlsMode::Disabled).await;
    assert_eq!(login_after(&world, change).await, Err("database_transport"));
    world.change(|database| database.tls.mode = TlsMode::Enabled).await;
    let change = async || world.put(Change::DeleteDatabase(super::world::uid())).await;
    assert_eq!(login_after(&world, change).await, Err("database_deleted"));
    world.end().await;
}

fn captured() -> (CapturedLog, DefaultGuard) {
    let log = CapturedLog::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_writer(Arc::new(log.clone()))
        .finish();
    (log, tracing::subscriber::set_default(subscriber))
}

/// The only line since the last look with this message.
fn line(log: &CapturedLog, message: &str) -> Value {
    let text = log.take();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut meant = lines.filter(|line| line["message"].as_str().unwrap().starts_with(message));
    let line = meant.next().unwrap_or_else(|| panic!("no {message:?} in {text}"));
    assert!(meant.next().is_none(), "{text}");
    line
}

#[tokio::test]
async fn a_client_that_the_handshake_refuses_is_a_line_of_the_log_with_its_address() {
    let Some(world) = World::new().await else { return };
    let (log, _guard) = captured();
    world.alert(Some(TestCa::new("others").client("alice"))).await;
    let refused = line(&log, "a database refuses a client certificate");
    assert_eq!(refused["refused.reason"], "certificate_unknown_ca");
    assert_eq!(refused["certificate.subject"], "CN=alice");
    let address = |line: &Value| line["peer.address"].as_str().unwrap_or_default().to_owned();
    assert!(address(&refused).starts_with("127.0.0.1:"), "{refused}");

    world.alert(None).await;
    let refused = line(&log, "a database refuses a client");
    assert_eq!(refused["refused.reason"], "no_certificate");
    assert!(address(&refused).starts_with("127.0.0.1:"), "{refused}");
    assert_eq!(refused["database.uid"], 1);
    world.end().await;
}

#[tokio::test]
async fn a_ca_that_cannot_be_one_is_a_warning_that_names_the_database() {
    let Some(world) = World::new().await else { return };
    let (log, _guard) = captured();
    let unfit = TestCa::with_key_usage("unfit", KeyUsagePurpose::CrlSign).trusted();
    world.change(|database| database.tls.client_certificates = unfit).await;
    assert!(!world.proxy.trust_warnings().is_empty());
    let warning = line(&log, "the client certificate \"CN=unfit\" is not trusted as a CA");
    assert_eq!(warning["database.uid"], 1);
    assert_eq!(warning["database.name"], "cache");
    world.end().await;
}
