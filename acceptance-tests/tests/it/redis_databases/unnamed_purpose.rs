//! `certward_mtls_allow_missing_eku`: certificates as Redis's own `utils/gen-test-certs.sh` makes them, with OpenSSL and
//! without an extended key usage.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use certward::pki::certificates_from_pem;
use certward_acceptance_tests::programs::{installed, succeed};
use certward_acceptance_tests::redis_database::RedisDatabase;
use certward_acceptance_tests::test_pki::Identity;
use serde_json::json;

/// Extensions of the script's certificates: a key usage and the Netscape certificate type, nothing else.
const EXTENSIONS: &str = "\
[ server ]
keyUsage = digitalSignature, keyEncipherment
nsCertType = server
[ client ]
keyUsage = digitalSignature, keyEncipherment
nsCertType = client
[ generic ]
keyUsage = digitalSignature, keyEncipherment
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_of_rediss_test_script_are_let_in_only_where_the_database_allows_it() {
    if !installed("redis-server") || !installed("openssl") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let ca = make_ca(directory.path());
    let [server, client, generic] = ["server", "client", "generic"].map(|name| issue(directory.path(), name));
    for allowed in [false, true] {
        let database = RedisDatabase::start_with(&json!({
            "authentication_ssl_client_certs": [{ "client_cert": ca }],
            "certward_mtls_allow_missing_eku": allowed,
        }))
        .await;
        let default = allowed.then(|| "$7\r\ndefault\r\n".to_owned());
        assert_eq!(who_am_i(&database, &client).await, default);
        assert_eq!(who_am_i(&database, &generic).await, default);
        // Redis does not take the certificate of a server either.
        assert_eq!(who_am_i(&database, &server).await, None);
        if !allowed {
            says_why(&database).await;
        }
    }
}

/// Waits until the log names the reason and the setting.
async fn says_why(database: &RedisDatabase) {
    let reason = "the certificate has no extendedKeyUsage; expected one that names clientAuth";
    let mut log = String::new();
    for _ in 0..100 {
        log = database.team.server.log();
        if log.contains(reason) && log.contains("certward_mtls_allow_missing_eku") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{log}");
}

/// The user that the database takes the client for; none when it is refused.
async fn who_am_i(database: &RedisDatabase, identity: &Identity) -> Option<String> {
    let mut session = database.connect(identity).await.ok()?;
    session.command(&["ACL", "WHOAMI"]).await.ok()
}

fn make_ca(directory: &Path) -> String {
    std::fs::write(directory.join("openssl.cnf"), EXTENSIONS).unwrap();
    let subject = "/O=Redis Test/CN=Certificate Authority";
    succeed(openssl(directory).args(["genrsa", "-out", "ca.key", "2048"]));
    succeed(openssl(directory).args([
        "req", "-x509", "-new", "-nodes", "-sha256", "-key", "ca.key", "-days", "3650", "-subj", subject, "-out",
        "ca.crt",
    ]));
    std::fs::read_to_string(directory.join("ca.crt")).unwrap()
}

/// A certificate with the extensions of this name.
fn issue(directory: &Path, name: &str) -> Identity {
    let [key, request, certificate] = ["key", "csr", "crt"].map(|kind| format!("{name}.{kind}"));
    let subject = format!("/O=Redis Test/CN={name}");
    succeed(openssl(directory).args([
        "req", "-new", "-newkey", "rsa:2048", "-nodes", "-sha256", "-subj", &subject, "-keyout", &key, "-out", &request,
    ]));
    succeed(
        openssl(directory)
            .args([
                "x509", "-req", "-sha256", "-in", &request, "-CA", "ca.crt", "-CAkey", "ca.key",
            ])
            .args([
                "-CAserial",
                "ca.txt",
                "-CAcreateserial",
                "-days",
                "365",
                "-out",
                &certificate,
            ])
            .args(["-extfile", "openssl.cnf", "-extensions", name]),
    );
    let text = |file: &str| std::fs::read_to_string(directory.join(file)).unwrap();
    let certificate_pem = text(&certificate);
    let certificate = certificates_from_pem(&certificate_pem).unwrap()[0].der().clone();
    Identity {
        certificate_pem,
        private_key_pem: text(&key),
        certificate,
    }
}

fn openssl(directory: &Path) -> Command {
    let mut command = Command::new("openssl");
    command.current_dir(directory);
    command
}
