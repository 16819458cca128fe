//! The server certificate is replaced while the server runs.

use std::error::Error;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use certward_server::clock::{Clock as _, SystemClock};
use certward_server::issuer::setup::{CreatedServerCertificate, create_server_certificate};
use http::StatusCode;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use rustls::pki_types::CertificateDer;
use time::macros::datetime;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::support::{Fixture, refused_start, write_private};

fn another(server: &Fixture) -> CreatedServerCertificate {
    create_server_certificate(&server.authority, &["another.example".to_owned()], SystemClock.now()).unwrap()
}

async fn shown(server: &Fixture) -> CertificateDer<'static> {
    let stream = server.connect(None).await.unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0].clone()
}

async fn is_shown_within(server: &Fixture, certificate: &CreatedServerCertificate, time: Duration) -> bool {
    tokio::time::timeout(time, async {
        while shown(server).await != *certificate.certificate().der() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .is_ok()
}

#[tokio::test]
async fn a_new_certificate_in_the_file_is_shown_without_a_reconnect_of_the_others() {
    let server = Fixture::start(&[]).await;
    let client = server.register("ValidUser").await;
    let mut open = server.http(Some(&client)).await;
    let mut old_server = server.http(Some(&server.administrator)).await;
    assert_eq!(
        old_server.get("/whoami").await,
        (StatusCode::OK, "Server Certificate ClusterNode".into())
    );

    let new = another(&server);
    write_private(
        &server.folder,
        "server.pem",
        &format!("{}{}", new.chain_pem(), new.private_key_pem()),
    );
    assert!(is_shown_within(&server, &new, Duration::from_secs(4)).await);
    assert_eq!(open.get("/whoami").await, (StatusCode::OK, "client ValidUser".into()));
    assert!(
        old_server.closes_within(Duration::from_secs(1)).await,
        "the old certificate is nobody's now"
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_used_changes_nothing() {
    let server = Fixture::start(&[]).await;
    let before = shown(&server).await;
    let new = another(&server);
    write_private(&server.folder, "server.pem", &new.chain_pem());
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(shown(&server).await, before);
    write_private(
        &server.folder,
        "server.pem",
        &format!("{}{}", new.chain_pem(), new.private_key_pem()),
    );
    assert!(is_shown_within(&server, &new, Duration::from_secs(4)).await);
}

#[tokio::test]
async fn a_replacement_can_be_watched_and_then_is_in_force_and_in_the_file() {
    let server = Fixture::start(&[]).await;
    let new = another(&server);
    let mut administrator = server.http(Some(&server.administrator)).await;
    assert_eq!(administrator.get("/server-certificate/state").await.1, "none");
    let file = new.pfx("").unwrap().to_vec();
    assert_eq!(
        administrator
            .send("POST", "/server-certificate/soon", file.clone())
            .await
            .0,
        StatusCode::OK
    );
    assert_eq!(
        administrator.get("/server-certificate/state").await.1,
        "confirmations 1 replaced 0"
    );
    assert!(is_shown_within(&server, &new, Duration::from_secs(4)).await);
    assert!(administrator.closes_within(Duration::from_secs(1)).await);
    assert_eq!(std::fs::read(server.folder.path().join("server.pem")).unwrap(), file);
    let refusal = server.http(Some(&server.administrator)).await.get("/whoami").await;
    assert_eq!(refusal, (StatusCode::FORBIDDEN, "unknown_certificate".into()));
}

#[tokio::test]
async fn an_immediate_replacement_is_in_force_with_the_answer() {
    let server = Fixture::start(&[]).await;
    let new = another(&server);
    let mut administrator = server.http(Some(&server.administrator)).await;
    let answer = administrator
        .send("POST", "/server-certificate/now", new.pfx("").unwrap().to_vec())
        .await;
    assert_eq!(answer.0, StatusCode::OK);
    assert_eq!(shown(&server).await, *new.certificate().der());
}

#[tokio::test]
async fn whoever_loses_its_rights_before_the_swap_replaces_nothing() {
    let server = Fixture::start(&[]).await;
    let before = shown(&server).await;
    let file = another(&server).pfx("").unwrap().to_vec();

    // After the answer, and before the swap that it promised.
    let client = server.register("ClusterAdmin").await;
    let mut http = server.http(Some(&client)).await;
    let answer = http.send("POST", "/server-certificate/soon", file.clone()).await;
    assert_eq!(answer.0, StatusCode::OK);
    server.delete(&client).await;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(shown(&server).await, before);
    let mut administrator = server.http(Some(&server.administrator)).await;
    assert_eq!(administrator.get("/server-certificate/state").await.1, "none");

    // While the body is on its way.
    let client = server.register("ClusterAdmin").await;
    let mut slow = server.connect(Some(&client)).await.unwrap();
    let head = format!(
        "POST /server-certificate/now HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        file.len()
    );
    let (first, rest) = file.split_at(file.len() / 2);
    slow.write_all(&[head.as_bytes(), first].concat()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(700)).await;
    server.delete(&client).await;
    slow.write_all(rest).await.unwrap();
    let mut answer = Vec::new();
    let _ = slow.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.contains("lost its rights"), "{answer}");
    assert_eq!(shown(&server).await, before);
}

#[tokio::test]
async fn a_certificate_without_its_key_replaces_nothing() {
    let server = Fixture::start(&[]).await;
    let mut administrator = server.http(Some(&server.administrator)).await;
    let answer = administrator
        .send("POST", "/server-certificate/now", another(&server).chain_pem().into())
        .await;
    assert_eq!(answer.0, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(administrator.get("/server-certificate/state").await.1, "none");
}

/// A server certificate file with one thing wrong, the permissions it has, and what is said about it.
fn defects() -> Vec<(String, u32, &'static str)> {
    let made = |change: &dyn Fn(&mut CertificateParams)| {
        let mut parameters = CertificateParams::new(["localhost".to_owned()]).unwrap();
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        change(&mut parameters);
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        (certificate.pem(), key.serialize_pem())
    };
    let whole = |(certificate, key): (String, String)| format!("{certificate}{key}");
    let (certificate, _) = made(&|_| {});
    let (_, key_of_another) = made(&|_| {});
    let expired = made(&|parameters| {
        parameters.not_before = datetime!(2019-01-01 0:00 UTC);
        parameters.not_after = datetime!(2020-01-01 0:00 UTC);
    });
    let early = made(&|parameters| parameters.not_before = SystemClock.now() + time::Duration::days(1));
    let client = made(&|parameters| parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]);
    let signer = made(&|parameters| parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign]);
    vec![
        (whole(made(&|_| {})), 0o644, "chmod 600"),
        (whole(made(&|_| {})), 0o604, "chmod 600"),
        (whole(made(&|_| {})), 0o666, "chmod go-w"),
        (whole(expired), 0o600, "it expired on 2020-01-01"),
        (whole(early), 0o600, "it cannot be used before"),
        (whole(client), 0o600, "serverAuth"),
        (whole(signer), 0o600, "digitalSignature"),
        (
            format!("{certificate}{key_of_another}"),
            0o600,
            "private key does not belong",
        ),
        (certificate, 0o600, "holds 0 private keys"),
        (String::new(), 0o600, "neither a DER certificate nor PEM"),
        (" ".repeat(2 * 1024 * 1024), 0o600, "larger than 1048576 bytes"),
    ]
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// Puts another file into the place of the certificate's at once.
fn put(server: &Fixture, content: &str, mode: u32) {
    let path = server.folder.path();
    write_private(&server.folder, "server.pem.next", content);
    std::fs::set_permissions(path.join("server.pem.next"), std::fs::Permissions::from_mode(mode)).unwrap();
    std::fs::rename(path.join("server.pem.next"), path.join("server.pem")).unwrap();
}

#[tokio::test]
async fn a_start_refuses_each_defect_of_the_server_certificate() {
    let mut server = Fixture::start(&[]).await;
    server.running.take().unwrap().shutdown().await;
    for (content, mode, words) in defects() {
        put(&server, &content, mode);
        // The permissions are a mistake of the settings already.
        let said = if mode == 0o600 {
            chain(&refused_start(&server.folder, &[]).await)
        } else {
            super::support::refused_settings(&server.folder)
        };
        assert!(said.contains(words), "{mode:o} {words}: {said}");
    }
}

#[tokio::test]
async fn a_changed_file_is_held_to_what_a_start_checks_and_the_certificate_in_force_stays() {
    let server = Fixture::start(&["--Certward.Operations.ServerUrl=http://127.0.0.1:0"]).await;
    let before = shown(&server).await;
    let good = std::fs::read_to_string(server.folder.path().join("server.pem")).unwrap();
    for (content, mode, words) in defects() {
        let failed = failed_reloads(&server).await;
        put(&server, &content, mode);
        let counted = async {
            while failed_reloads(&server).await <= failed {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let noticed = tokio::time::timeout(Duration::from_secs(10), counted).await;
        assert!(noticed.is_ok(), "{mode:o} {words} is not counted");
        assert_eq!(shown(&server).await, before, "{mode:o} {words}");
    }
    put(&server, &good, 0o600);
    let new = another(&server);
    put(&server, &format!("{}{}", new.chain_pem(), new.private_key_pem()), 0o600);
    assert!(is_shown_within(&server, &new, Duration::from_secs(10)).await);
}

#[tokio::test]
async fn a_replacement_by_a_request_is_held_to_what_a_start_checks() {
    let server = Fixture::start(&[]).await;
    let before = shown(&server).await;
    for (content, mode, words) in defects() {
        if mode != 0o600 || content.len() > 1024 * 1024 {
            continue;
        }
        let mut administrator = server.http(Some(&server.administrator)).await;
        let (status, said) = administrator
            .send("POST", "/server-certificate/now", content.into_bytes())
            .await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{words}: {said}");
        assert_eq!(shown(&server).await, before, "{words}");
    }
    // No key is written into a folder that others can write.
    std::fs::set_permissions(server.folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let mut administrator = server.http(Some(&server.administrator)).await;
    let file = another(&server).pfx("").unwrap().to_vec();
    let (status, _) = administrator.send("POST", "/server-certificate/now", file).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(shown(&server).await, before);
}

#[tokio::test]
async fn a_replacement_by_a_request_writes_the_file_that_a_link_leads_to() {
    let server = Fixture::start(&[]).await;
    let link = server.folder.path().join("server.pem");
    std::fs::create_dir(server.folder.path().join("archive")).unwrap();
    let target = server.folder.path().join("archive/server-1.pem");
    std::fs::rename(&link, &target).unwrap();
    std::os::unix::fs::symlink("archive/server-1.pem", &link).unwrap();
    let mut administrator = server.http(Some(&server.administrator)).await;
    let file = another(&server).pfx("").unwrap().to_vec();
    let (status, said) = administrator
        .send("POST", "/server-certificate/now", file.clone())
        .await;
    assert!(status.is_success(), "{said}");
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(std::fs::read(&target).unwrap(), file);
    assert_eq!(std::fs::read_dir(target.parent().unwrap()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_replacement_by_a_request_is_refused_where_a_link_leads_to_nothing() {
    let server = Fixture::start(&[]).await;
    let before = shown(&server).await;
    let link = server.folder.path().join("server.pem");
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("missing.pem", &link).unwrap();
    let mut administrator = server.http(Some(&server.administrator)).await;
    let file = another(&server).pfx("").unwrap().to_vec();
    let (status, _) = administrator.send("POST", "/server-certificate/now", file).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert!(!server.folder.path().join("missing.pem").exists());
    assert_eq!(shown(&server).await, before);
}

/// The number of certificates that were not put in force, by the metrics. Tests of one process share them.
async fn failed_reloads(server: &Fixture) -> u64 {
    let address = server.running.as_ref().unwrap().operations_address().unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let line = answer
        .lines()
        .find_map(|line| line.strip_prefix("certward_server_certificate_reloads_total{outcome=\"failed\"} "));
    line.map_or(0, |count| count.trim().parse().unwrap())
}
