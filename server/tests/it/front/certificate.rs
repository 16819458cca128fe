//! The server certificate is replaced while the server runs.

use std::time::Duration;

use certward_server::clock::{Clock as _, SystemClock};
use certward_server::issuer::setup::{CreatedServerCertificate, create_server_certificate};
use http::StatusCode;
use rustls::pki_types::CertificateDer;

use super::support::{Fixture, write_private};

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
async fn a_certificate_without_its_key_replaces_nothing() {
    let server = Fixture::start(&[]).await;
    let mut administrator = server.http(Some(&server.administrator)).await;
    let answer = administrator
        .send("POST", "/server-certificate/now", another(&server).chain_pem().into())
        .await;
    assert_eq!(answer.0, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(administrator.get("/server-certificate/state").await.1, "none");
}
