//! `certward-server setup`.

use std::process::Command;

use crate::program::{Installation, has_tool, mode, program, succeed, text};

const KEYS: [&str; 7] = [
    "ca.key",
    "server.key",
    "server.pfx",
    "admin.key",
    "admin.pfx",
    "settings.json",
    "admin.client.certificate.certward-server.zip",
];

#[test]
fn setup_writes_everything_for_the_owner_alone() {
    let installation = Installation::new();
    assert_eq!(mode(installation.folder()), 0o700);
    assert_eq!(mode(&installation.path("Databases")), 0o700);
    for name in KEYS.into_iter().chain(["ca.crt", "server.crt", "admin.crt"]) {
        assert_eq!(mode(&installation.path(name)), 0o600, "{name}");
    }
    let settings = std::fs::read_to_string(installation.path("settings.json")).unwrap();
    for line in [
        r#""ServerUrl": "https://127.0.0.1:8443""#,
        r#""Certward.RedisEnterprise.ServerUrl": "https://127.0.0.1:9443""#,
        r#""Setup.Mode": "Secured""#,
        r#""DataDir": "Databases""#,
        r#""Security.Certificate.Path": "server.pfx""#,
    ] {
        assert!(settings.contains(line), "{line} is not in {settings}");
    }
    let left_over = std::fs::read_dir(installation.folder()).unwrap().count();
    assert_eq!(left_over, KEYS.len() + 3 + 1, "nothing else is left in the folder");
}

#[test]
fn setup_overwrites_nothing() {
    let installation = Installation::new();
    let before = std::fs::read(installation.path("ca.key")).unwrap();
    let folder = installation.folder().display().to_string();
    let again = program(&["setup", "--dir", &folder, "--non-interactive"])
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(1));
    assert!(
        text(&again).contains("exists already, and nothing is ever overwritten"),
        "{}",
        text(&again)
    );
    assert_eq!(std::fs::read(installation.path("ca.key")).unwrap(), before);
}

#[test]
fn setup_refuses_a_host_that_is_none_before_it_writes() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("server");
    let output = program(&["setup", "--host", "https://db.example.org"])
        .arg("--dir")
        .arg(&target)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("give no scheme"), "{}", text(&output));
    assert!(!target.exists());
}

#[test]
fn the_server_certificate_has_every_name_and_is_never_called_localhost() {
    if !has_tool("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let hosts = ["--host", "localhost", "--host", "db.example.org", "--host", "10.1.2.3"];
    succeed(
        program(&["setup", "--non-interactive", "--key-algorithm", "ECDSA_P256"])
            .args(hosts)
            .arg("--dir")
            .arg(folder.path()),
    );
    let certificate = folder.path().join("server.crt");
    let shown = succeed(
        Command::new("openssl")
            .args(["x509", "-noout", "-text", "-in"])
            .arg(&certificate),
    );
    for part in [
        "DNS:localhost",
        "DNS:db.example.org",
        "IP Address:10.1.2.3",
        "IP Address:127.0.0.1",
        "IP Address:0:0:0:0:0:0:0:1",
        "TLS Web Server Authentication, TLS Web Client Authentication",
        "Subject: CN = db.example.org",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    succeed(
        Command::new("openssl")
            .args([
                "verify",
                "-purpose",
                "sslserver",
                "-verify_hostname",
                "db.example.org",
                "-CAfile",
            ])
            .arg(folder.path().join("ca.crt"))
            .arg(&certificate),
    );
    assert!(
        folder
            .path()
            .join("admin.client.certificate.db.example.org.zip")
            .exists()
    );
    let settings = std::fs::read_to_string(folder.path().join("settings.json")).unwrap();
    assert!(
        settings.contains("Certward.ClientCertificate.KeyAlgorithm"),
        "{settings}"
    );
}
