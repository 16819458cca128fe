//! A Redis that was there before.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use rcgen::{CertificateParams, KeyPair};
use rustls_pki_types::CertificateDer;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::super::{Engine, EngineError, EngineLogin, Upstream};
use super::world::{World, ask, bulk, configuration, down, log_in, ready, refusal, user};
use crate::cluster::database::Persistence;
use crate::redis::resp::reply::Reply;

/// Somebody's Redis, with a user `ops` and a password for everybody else.
pub(super) struct Existing {
    child: Child,
    port: u16,
    directory: TempDir,
    listen: String,
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
        Self {
            child: Self::child(world, &listen, &directory),
            port,
            directory,
            listen,
        }
    }

    fn child(world: &World, listen: &str, directory: &TempDir) -> Child {
        let settings = "user default on >theirs ~* &* +@all\nuser ops on >p\u{e4} ~* &* +@all\nmaxmemory 77mb\n";
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
        self.child = Self::child(world, &self.listen, &self.directory);
    }

    pub(super) fn upstream(&self, password: &str) -> Upstream {
        let url = format!("redis://ops:{password}@127.0.0.1:{}", self.port);
        Upstream::new(&url.parse().unwrap(), &[]).unwrap()
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
    let existing = Existing::start(&world);
    let engine = Engine::attach(
        existing.upstream("p\u{e4}"),
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
    let mut existing = Existing::start(&world);
    let engine = Engine::attach(
        existing.upstream("p\u{e4}"),
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
    let upstream = Upstream::new(&url, &[authority]).unwrap();
    let engine = Engine::attach(upstream, configuration(Persistence::Disabled), &world.tasks);
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
        Upstream::new(&url, &[other]).unwrap(),
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
