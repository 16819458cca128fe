//! `mtls_allow_weak_hashing`: chains that are signed with SHA-1, and keys of 1024 bits, which only OpenSSL still makes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use certward_acceptance_tests::programs::{installed, succeed};
use certward_acceptance_tests::redis_database::RedisDatabase;
use serde_json::json;
use tempfile::TempDir;

/// A CA with a certificate of itself and one of a client, all signed with SHA-1.
struct WeakPki {
    directory: TempDir,
}

impl WeakPki {
    fn new(bits: &str) -> Self {
        let pki = Self {
            directory: tempfile::tempdir().expect("a temporary directory"),
        };
        let key = format!("rsa:{bits}");
        succeed(
            pki.openssl(&["req", "-x509", "-sha1", "-newkey", &key, "-nodes", "-days", "30"])
                .args([
                    "-subj",
                    "/CN=weak",
                    "-keyout",
                    "ca.key",
                    "-out",
                    "ca.crt",
                    "-addext",
                    "keyUsage=critical,keyCertSign",
                ]),
        );
        succeed(
            pki.openssl(&["req", "-newkey", &key, "-nodes", "-subj", "/CN=old-client"])
                .args(["-keyout", "client.key", "-out", "client.csr"]),
        );
        std::fs::write(
            pki.file("client.ext"),
            "keyUsage=digitalSignature\nextendedKeyUsage=clientAuth\n",
        )
        .expect("a file of a temporary directory");
        succeed(
            pki.openssl(&["x509", "-req", "-sha1", "-in", "client.csr", "-days", "30"])
                .args([
                    "-CA",
                    "ca.crt",
                    "-CAkey",
                    "ca.key",
                    "-CAcreateserial",
                    "-extfile",
                    "client.ext",
                    "-out",
                    "client.crt",
                ]),
        );
        pki
    }

    fn openssl(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("openssl");
        command.current_dir(self.directory.path()).args(arguments);
        command
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The client's user name in a database, or the error of the handshake.
    fn who_am_i(&self, server_ca: &Path, port: u16, options: &[&str]) -> String {
        let mut command = self.openssl(&["s_client", "-quiet", "-cipher", "DEFAULT@SECLEVEL=0"]);
        command.args(options);
        command.args(["-cert", "client.crt", "-key", "client.key", "-verify_return_error"]);
        command.arg("-CAfile").arg(server_ca);
        command.args(["-connect", &format!("127.0.0.1:{port}")]);
        let mut client = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("openssl starts");
        let mut stdin = client.stdin.take().expect("it is piped");
        // A refused client may be gone already.
        let _ = std::io::Write::write_all(&mut stdin, b"ACL WHOAMI\r\nQUIT\r\n");
        let output = client.wait_with_output().expect("openssl ends with the connection");
        drop(stdin);
        [output.stdout, output.stderr]
            .map(|text| String::from_utf8_lossy(&text).into_owned())
            .concat()
    }
}

/// A database that trusts the CA, with the client as its user.
async fn database(pki: &WeakPki, allow_weak_hashing: bool) -> RedisDatabase {
    let ca = std::fs::read_to_string(pki.file("ca.crt")).expect("openssl has made it");
    let database = RedisDatabase::start_with(&json!({
        "authentication_ssl_client_certs": [{ "client_cert": ca }],
        "mtls_allow_weak_hashing": allow_weak_hashing,
    }))
    .await;
    let mut admin = database.admin().await;
    database.create_user(&mut admin, "old-client").await;
    database
}

async fn is_let_in_only_where_allowed(bits: &str, options: &[&str]) {
    if !installed("redis-server") || !installed("openssl") {
        return;
    }
    let pki = WeakPki::new(bits);
    for (allowed, expected) in [(true, "$10\r\nold-client\r\n+OK\r\n"), (false, "alert")] {
        let database = database(&pki, allowed).await;
        let answer = pki.who_am_i(&database.team.server.path("ca.crt"), database.port, options);
        assert!(answer.contains(expected), "allowed: {allowed}: {answer}");
        assert!(allowed || !answer.contains("old-client\r\n"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_signed_with_sha_1_is_let_in_only_where_the_database_allows_it() {
    is_let_in_only_where_allowed("2048", &["-tls1_3"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_of_1024_bits_is_let_in_over_tls_1_2_only_where_the_database_allows_it() {
    // In TLS 1.2 OpenSSL prefers RSA-PSS too, which nothing here checks for such a key.
    is_let_in_only_where_allowed("1024", &["-tls1_2", "-client_sigalgs", "RSA+SHA256"]).await;
}
