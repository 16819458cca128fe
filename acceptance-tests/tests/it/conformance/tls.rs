//! The three kinds of TLS listeners, by sslyze.

use std::process::Command;

use certward_acceptance_tests::programs::succeed;
use certward_acceptance_tests::published_clients::{conformance_tools, program};
use certward_acceptance_tests::redis_database::RedisDatabase;

#[tokio::test]
async fn sslyze_finds_nothing_on_any_listener() {
    let database = RedisDatabase::start().await;
    let mut admin = database.admin().await;
    database.create_user(&mut admin, "scanner").await;
    let identity = database.team.ca.issue("scanner");
    let server = &database.team.server;
    let listeners = format!("{} {}", server.address(), server.redis_enterprise_address());
    let scan = succeed(
        Command::new(conformance_tools())
            .arg(program("conformance/tls_findings.py"))
            .env("LISTENERS", listeners)
            .env("OTHER_LISTENERS", format!("127.0.0.1:{}", database.port))
            .env(
                "CLIENT_CERTIFICATE",
                server.write("scanner.crt", identity.certificate_pem.as_bytes()),
            )
            .env(
                "CLIENT_PRIVATE_KEY",
                server.write("scanner.key", identity.private_key_pem.as_bytes()),
            ),
    );
    let found = String::from_utf8_lossy(&scan.stdout);
    assert_eq!(found, "ok: 3 listeners without a finding\n");
}
