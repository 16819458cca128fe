//! A Redis that was there before and speaks TLS, behind the front.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use certward_acceptance_tests::programs::installed;
use certward_acceptance_tests::redis_database::{RedisDatabase, change, request};
use certward_acceptance_tests::reference_server::ReferenceServer;
use certward_acceptance_tests::team::Team;
use certward_acceptance_tests::test_pki::TestCa;
use rcgen::CertificateParams;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Somebody's Redis with TLS and a password.
struct Existing {
    process: Child,
    port: u16,
    directory: TempDir,
}

impl Existing {
    fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let ca = TestCa::new("The Redis that was there");
        let server = ca.issue_with(CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("an address"));
        let files = [
            ("ca.crt", ca.certificate_pem()),
            ("server.crt", server.certificate_pem),
            ("server.key", server.private_key_pem),
        ];
        for (name, content) in files {
            std::fs::write(directory.path().join(name), content).expect("a file of a temporary directory");
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has ports");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        drop(listener);
        let process = Command::new("redis-server")
            .current_dir(directory.path())
            .args(["--bind", "127.0.0.1", "--port", "0", "--tls-port", &port.to_string()])
            .args(["--tls-auth-clients", "no", "--tls-ca-cert-file", "ca.crt"])
            .args(["--tls-cert-file", "server.crt", "--tls-key-file", "server.key"])
            .args(["--requirepass", PASSWORD, "--save", ""])
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server starts");
        Self {
            process,
            port,
            directory,
        }
    }

    /// A reference server with a database that is this one.
    async fn behind_a_front(&self) -> RedisDatabase {
        let upstream = format!("--Certward.Redis.Upstream=rediss://:{PASSWORD}@127.0.0.1:{}", self.port);
        let ca = self.directory.path().join("ca.crt");
        let authority = format!("--Certward.Redis.UpstreamCa={}", ca.display());
        let team = Team {
            server: ReferenceServer::start_with(&[&upstream, &authority]),
            ca: TestCa::new("Example Team CA"),
        };
        RedisDatabase::start_on(team, &json!({})).await
    }
}

impl Drop for Existing {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_existing_redis_with_tls_serves_users_by_certificate() {
    if !installed("redis-server") {
        return;
    }
    let existing = Existing::start();
    let database = existing.behind_a_front().await;
    let mut admin = database.admin().await;
    let user = database.create_user(&mut admin, "orders-service").await;
    let identity = database.team.ca.issue("orders-service");
    let mut session = database.connect(&identity).await.unwrap();
    assert_eq!(
        session.command(&["ACL", "WHOAMI"]).await.unwrap(),
        "$14\r\norders-service\r\n"
    );
    let refused = session.command(&["AUTH", PASSWORD]).await.unwrap();
    assert!(refused.starts_with("-ERR AUTH is refused"), "{refused}");
    assert_eq!(session.command(&["RESET"]).await.unwrap(), "+RESET\r\n");
    assert_eq!(
        session.command(&["ACL", "WHOAMI"]).await.unwrap(),
        "$14\r\norders-service\r\n"
    );

    // More than fits in all buffers between the two, in both directions.
    let value = "0123456789abcdef".repeat(1 << 20);
    assert_eq!(session.command(&["SET", "big", &value]).await.unwrap(), "+OK\r\n");
    let big = session.command(&["GET", "big"]).await.unwrap();
    assert!(
        big == format!("${}\r\n{value}\r\n", value.len()),
        "the value has changed"
    );
    let pipeline = request(&["INCR", "n"]).repeat(10_000);
    session.send(&pipeline).await.unwrap();
    for number in 1..=10_000 {
        assert_eq!(session.reply().await.unwrap(), format!(":{number}\r\n").into_bytes());
    }

    change(&mut admin, "DELETE", &format!("/v1/users/{user}"), &Value::Null).await;
    session.ended(Duration::from_secs(1)).await;
}

const PASSWORD: &str = "of-the-existing-one";
