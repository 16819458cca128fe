//! A Redis that was there before.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use rcgen::{CertificateParams, KeyPair};
use rustls_pki_types::CertificateDer;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::super::{Engine, EngineError, EngineLogin, ExternalRedis};
use super::world::{World, ask, ask_on, bulk, configuration, down, log_in, mark, ready, refusal, stranger, user};
use crate::resp::reply::Reply;
use certward_redis_model::database::Persistence;
use certward_redis_model::token_key::TokenKey;

/// Somebody's Redis, with a user `ops` and a password for everybody else.
pub(super) struct Existing {
    child: Child,
    port: u16,
    directory: TempDir,
    listen: String,
    settings: String,
}

impl Existing {
    pub(super) fn start(world: &World) -> Self {
        let port = free_port();
        Self::listening(world, port, tempfile::tempdir().unwrap(), format!("port {port}\n"))
    }

    /// One that speaks TLS, and the authority of its certificate.
    fn start_tls(world: &World) -> (Self, CertificateDer<'static>) {
        let (port, directory) = (free_port(), tempfile::tempdir().unwrap());
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let (chain, private) = (directory.path().join("tls.crt"), directory.path().join("tls.key"));
        std::fs::write(&chain, certificate.pem()).unwrap();
        std::fs::write(&private, key.serialize_pem()).unwrap();
        let listen = format!(
            "port 0\ntls-port {port}\ntls-auth-clients no\ntls-cert-file {}\ntls-key-file {}\n",
            chain.display(),
            private.display()
        );
        let existing = Self::listening(world, port, directory, listen);
        (existing, certificate.der().clone())
    }

    fn listening(world: &World, port: u16, directory: TempDir, listen: String) -> Self {
        let settings =
            "user default on >theirs ~* &* +@all\nuser ops on >p\u{e4} ~* &* +@all\nmaxmemory 77mb\n".to_owned();
        Self {
            child: Self::child(world, &listen, &directory, &settings),
            port,
            directory,
            listen,
            settings,
        }
    }

    fn child(world: &World, listen: &str, directory: &TempDir, settings: &str) -> Child {
        let file = directory.path().join("redis.conf");
        let data = directory.path().display();
        std::fs::write(&file, format!("bind 127.0.0.1\n{listen}dir {data}\n{settings}")).unwrap();
        Command::new(world.program.path())
            .arg(file)
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn again(&mut self, world: &World) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = Self::child(world, &self.listen, &self.directory, &self.settings);
    }

    pub(super) fn upstream(&self, password: &str) -> ExternalRedis {
        let url = format!("redis://ops:{password}@127.0.0.1:{}", self.port);
        ExternalRedis::new(&url.parse().unwrap(), &[]).unwrap()
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Drop for Existing {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn users_are_logged_in_to_a_redis_that_was_there_before_and_nothing_else_of_it_changes() {
    let Some(world) = World::new().await else { return };
    let key = TokenKey::generate();
    let existing = Existing::start(&world);
    let engine = Engine::attach(
        existing.upstream("p\u{e4}"),
        mark(&key),
        configuration(Persistence::Disabled),
        &world.tasks,
    );
    ready(&engine).await;
    assert_eq!(engine.version(), Some(world.program.version()));
    let mut alice = log_in(&engine, &user("alice", "~* +get +acl|whoami", 1)).await;
    assert_eq!(ask(&mut alice, "ACL WHOAMI", []).await.unwrap(), bulk("alice"));
    assert!(refusal(ask(&mut alice, "SET", ["a", "1"]).await).starts_with("NOPERM"));
    let refused = engine.log_in(&user("ops", "~* +get", 1)).await;
    assert!(matches!(refused, Err(EngineError::ReservedName { .. })), "{refused:?}");

    engine.configure(configuration(Persistence::Disabled)).await.unwrap();
    let mut theirs = log_in(&engine, &EngineLogin::DefaultUser).await;
    assert!(refusal(ask(&mut theirs, "PING", []).await).starts_with("NOAUTH"));
    ask(&mut theirs, "AUTH", ["theirs"]).await.unwrap();
    let memory = ask(&mut theirs, "CONFIG GET", ["maxmemory"]).await.unwrap();
    assert_eq!(memory, Reply::Array(vec![bulk("maxmemory"), bulk("80740352")]));

    engine.stop().await;
    assert_eq!(
        alice.stream.read(&mut [0; 1]).await.unwrap(),
        0,
        "its users go with the server"
    );
    let users = ask(&mut theirs, "ACL USERS", []).await.unwrap();
    assert_eq!(users, Reply::Array(vec![bulk("default"), bulk("ops")]));
}

#[tokio::test]
async fn a_redis_that_comes_back_or_lost_a_user_is_told_of_its_users_again() {
    let Some(world) = World::new().await else { return };
    let key = TokenKey::generate();
    let mut existing = Existing::start(&world);
    let engine = Engine::attach(
        existing.upstream("p\u{e4}"),
        mark(&key),
        configuration(Persistence::Disabled),
        &world.tasks,
    );
    log_in(&engine, &user("alice", "~* +@all", 1)).await;
    existing.again(&world);
    down(&engine).await;
    log_in(&engine, &user("alice", "~* +@all", 1)).await;

    let mut theirs = log_in(&engine, &EngineLogin::DefaultUser).await;
    ask(&mut theirs, "AUTH", ["theirs"]).await.unwrap();
    ask(&mut theirs, "ACL DELUSER", ["alice"]).await.unwrap();
    let mut alice = log_in(&engine, &user("alice", "~* +@all", 1)).await;
    assert_eq!(ask(&mut alice, "ACL WHOAMI", []).await.unwrap(), bulk("alice"));
    engine.stop().await;
}

#[tokio::test]
async fn a_redis_that_refuses_the_server_is_down_and_says_why() {
    let Some(world) = World::new().await else { return };
    let existing = Existing::start(&world);
    let engine = Engine::attach(
        existing.upstream("wrong"),
        mark(&TokenKey::generate()),
        configuration(Persistence::Disabled),
        &world.tasks,
    );
    let mut health = engine.health();
    let told = health
        .wait_for(|health| format!("{health:?}").contains("WRONGPASS"))
        .await
        .is_ok();
    assert!(told);
    assert!(!format!("{:?}", *engine.health().borrow()).contains("wrong\""));
    engine.stop().await;
}

#[tokio::test]
async fn a_redis_with_tls_is_spoken_to_when_its_certificate_chains_to_the_authority_and_not_otherwise() {
    let Some(world) = World::new().await else { return };
    let (existing, authority) = Existing::start_tls(&world);
    let url = format!("rediss://ops:p%C3%A4@127.0.0.1:{}", existing.port)
        .parse()
        .unwrap();
    let upstream = ExternalRedis::new(&url, &[authority]).unwrap();
    let engine = Engine::attach(
        upstream,
        mark(&TokenKey::generate()),
        configuration(Persistence::Disabled),
        &world.tasks,
    );
    let mut alice = log_in(&engine, &user("alice", "~* +@all", 1)).await;
    assert_eq!(ask(&mut alice, "ACL WHOAMI", []).await.unwrap(), bulk("alice"));
    alice.stream.write_all(b"PING\r\n").await.unwrap();
    alice.stream.flush().await.unwrap();
    let mut pong = [0; 7];
    alice.stream.read_exact(&mut pong).await.unwrap();
    assert_eq!(&pong, b"+PONG\r\n");
    engine.stop().await;

    let (_, other) = Existing::start_tls(&world);
    let engine = Engine::attach(
        ExternalRedis::new(&url, &[other]).unwrap(),
        mark(&TokenKey::generate()),
        configuration(Persistence::Disabled),
        &world.tasks,
    );
    let refused = engine
        .health()
        .wait_for(|health| format!("{health:?}").contains("invalid peer certificate"))
        .await
        .is_ok();
    assert!(refused);
    engine.stop().await;
}

/// The passwords and rules of a user of somebody's Redis, as its operator sees them.
async fn described(engine: &Engine, name: &str) -> Reply {
    let mut theirs = stranger(engine).await;
    ask_on(&mut theirs, "AUTH", ["ops", "p\u{e4}"]).await.unwrap();
    ask_on(&mut theirs, "ACL GETUSER", [name]).await.unwrap()
}

async fn operate<const N: usize>(engine: &Engine, command: &'static str, arguments: [&str; N]) {
    let mut theirs = stranger(engine).await;
    ask_on(&mut theirs, "AUTH", ["ops", "p\u{e4}"]).await.unwrap();
    ask_on(&mut theirs, command, arguments).await.unwrap();
}

#[tokio::test]
async fn a_user_that_the_server_did_not_create_is_neither_changed_nor_deleted() {
    let Some(world) = World::new().await else { return };
    let existing = Existing::start(&world);
    let attach = |key: &TokenKey| {
        Engine::attach(
            existing.upstream("p\u{e4}"),
            mark(key),
            configuration(Persistence::Disabled),
            &world.tasks,
        )
    };
    let key = TokenKey::generate();
    let engine = attach(&key);
    ready(&engine).await;
    operate(&engine, "ACL SETUSER", ["monitoring", "on", ">theirs", "~*", "+info"]).await;
    let before = described(&engine, "monitoring").await;
    let monitoring = user("monitoring", "~* +@all", 1);
    for _ in 0..2 {
        let refused = engine.log_in(&monitoring).await;
        assert!(matches!(refused, Err(EngineError::ForeignUser { .. })), "{refused:?}");
        let refused = engine.prepare(&monitoring).await;
        assert!(matches!(refused, Err(EngineError::ForeignUser { .. })), "{refused:?}");
    }
    engine.forget_user("monitoring").await;
    assert_eq!(described(&engine, "monitoring").await, before);

    // A user of ours that its operator has replaced is theirs.
    log_in(&engine, &user("alice", "~* +get", 1)).await;
    operate(&engine, "ACL SETUSER", ["alice", "reset", "on", ">theirs", "+info"]).await;
    let theirs = described(&engine, "alice").await;
    engine.forget_user("alice").await;
    assert_eq!(described(&engine, "alice").await, theirs);
    operate(&engine, "ACL DELUSER", ["alice"]).await;

    // After a crash the server knows its own users again, and another server does not take them.
    log_in(&engine, &user("alice", "~* +get", 1)).await;
    let other = attach(&TokenKey::generate());
    ready(&other).await;
    let refused = other.log_in(&user("alice", "~* +@all", 1)).await;
    assert!(matches!(refused, Err(EngineError::ForeignUser { .. })), "{refused:?}");
    other.stop().await;
    let again = attach(&key);
    log_in(&again, &user("alice", "~* +get +set", 2)).await;
    again.stop().await;
    assert_eq!(described(&engine, "monitoring").await, before);
    assert_eq!(described(&engine, "alice").await, Reply::Nil);
    engine.stop().await;
}

#[tokio::test]
async fn open_users_of_a_redis_that_was_there_before_are_told() {
    let Some(world) = World::new().await else { return };
    let mut existing = Existing::start(&world);
    let engine = Engine::attach(
        existing.upstream("p\u{e4}"),
        mark(&TokenKey::generate()),
        configuration(Persistence::Disabled),
        &world.tasks,
    );
    log_in(&engine, &user("alice", "~* +get", 1)).await;
    assert_eq!(engine.warnings(), Vec::<String>::new());
    existing.settings = existing
        .settings
        .replace("user default on >theirs", "user default on nopass");
    existing
        .settings
        .push_str("user guest on nopass +ping\nuser gone off nopass +ping\n");
    existing.again(&world);
    down(&engine).await;
    ready(&engine).await;
    let warnings = engine.warnings();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    for (warning, name) in warnings.iter().zip(["default", "guest"]) {
        assert!(warning.contains(&format!("its user {name:?}")), "{warning}");
        assert!(warning.contains(&format!("ACL SETUSER {name} off")), "{warning}");
    }

    // Nobody is nobody there, although `default` is open.
    let mut nobody = log_in(&engine, &EngineLogin::Nobody).await;
    assert!(refusal(ask(&mut nobody, "GET", ["a"]).await).starts_with("NOPERM"));
    let mut default = log_in(&engine, &EngineLogin::DefaultUser).await;
    assert_eq!(ask(&mut default, "ACL WHOAMI", []).await.unwrap(), bulk("default"));
    engine.stop().await;
}
