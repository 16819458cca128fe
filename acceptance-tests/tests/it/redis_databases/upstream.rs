//! A Redis that was there before and speaks TLS, behind the front.

use std::time::Duration;

use certward_acceptance_tests::external_redis::ExternalRedis;
use certward_acceptance_tests::programs::installed;
use certward_acceptance_tests::redis_database::{RedisDatabase, change, request};
use certward_acceptance_tests::test_pki::TestCa;
use rcgen::CertificateParams;
use serde_json::Value;

/// Somebody's Redis with TLS and a password.
struct Existing(ExternalRedis);

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
        let tls = |port: u16| {
            let arguments = format!(
                "--port 0 --tls-port {port} --tls-auth-clients no --tls-ca-cert-file ca.crt --tls-cert-file server.crt \
                 --tls-key-file server.key --requirepass {PASSWORD}"
            );
            arguments.split(' ').map(str::to_owned).collect()
        };
        Self(ExternalRedis::start_in(directory, tls))
    }

    /// A reference server with a database that is this one.
    async fn behind_a_front(&self) -> RedisDatabase {
        let upstream = format!(
            "--Certward.Redis.Upstream=rediss://:{PASSWORD}@127.0.0.1:{}",
            self.0.port
        );
        let ca = self.0.directory.path().join("ca.crt");
        let authority = format!("--Certward.Redis.UpstreamCa={}", ca.display());
        self.0.behind_a_server(&[&upstream, &authority]).await
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
