//! Starting and stopping.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use certward_server::server::StartError;
use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::support::{Fixture, refused_start, write_private};

#[tokio::test]
async fn a_server_that_cannot_start_has_listened_on_no_port() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("--ServerUrl=https://127.0.0.1:{port}");
    let knock = tokio::spawn(async move {
        loop {
            if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    write_private(&folder, "server.pem", "no certificate");
    let error = refused_start(&folder, &[&url]).await;
    assert!(matches!(error, StartError::ServerCertificate(_)), "{error:?}");
    std::fs::write(folder.path().join("data/certward.db"), "no database").unwrap();
    write_private(&folder, "data/topology-id", "no id");
    assert!(!matches!(
        refused_start(&folder, &[&url]).await,
        StartError::Listen { .. }
    ));
    assert!(!knock.is_finished());
    knock.abort();
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let server = Fixture::start(&[]).await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(
        server.folder.path().join("server.pem"),
        folder.path().join("server.pem"),
    )
    .unwrap();
    let error = refused_start(&folder, &[&format!("--ServerUrl=https://127.0.0.1:{port}")]).await;
    assert!(error.to_string().contains(&port.to_string()), "{error}");
}

#[tokio::test]
async fn requests_under_way_are_answered_before_the_server_stops() {
    let mut server = Fixture::start(&[]).await;
    let client = server.register("ValidUser").await;
    let (mut busy, mut idle) = (server.http(Some(&client)).await, server.http(Some(&client)).await);
    assert_eq!(idle.get("/whoami").await.0, StatusCode::OK);
    let (running, address) = (server.running.take().unwrap(), server.address);
    let (answer, ()) = tokio::join!(busy.get("/slow"), async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        running.shutdown().await;
    });
    assert_eq!(answer, (StatusCode::OK, "client".into()));
    assert!(idle.closes_within(Duration::from_millis(100)).await);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn what_does_not_end_in_the_drain_time_is_cut_off() {
    let mut server = Fixture::start(&["--Certward.Limits.DrainTimeoutInSec=1"]).await;
    let mut raw = server.connect(None).await.unwrap();
    raw.write_all(b"POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nabc")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let start = Instant::now();
    server.running.take().unwrap().shutdown().await;
    let took = start.elapsed();
    assert!(
        (Duration::from_millis(900)..Duration::from_secs(3)).contains(&took),
        "{took:?}"
    );
}

#[tokio::test]
async fn a_server_started_again_knows_what_it_knew() {
    let mut server = Fixture::start(&[]).await;
    let client = server.register("ValidUser").await;
    let topology_id = server.running.as_ref().unwrap().app().topology_id.clone();
    server.running.take().unwrap().shutdown().await;
    server.restart().await;
    assert_eq!(server.running.as_ref().unwrap().app().topology_id, topology_id);
    assert_eq!(server.http(Some(&client)).await.get("/whoami").await.0, StatusCode::OK);
}

#[tokio::test]
async fn health_and_metrics_are_served_on_loopback_only() {
    let server = Fixture::start(&["--Certward.Operations.ServerUrl=http://127.0.0.1:0"]).await;
    server.http(None).await.get("/whoami").await;
    let address = server.running.as_ref().unwrap().operations_address().unwrap();
    for (path, expected) in [
        ("/healthz", "ok"),
        ("/readyz", "ready"),
        ("/metrics", "certward_open_connections"),
    ] {
        let mut plain = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        plain.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        plain.read_to_string(&mut answer).await.unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.contains(expected),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn health_and_metrics_for_other_machines_are_refused() {
    let server = Fixture::start(&[]).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(
        server.folder.path().join("server.pem"),
        folder.path().join("server.pem"),
    )
    .unwrap();
    let mut settings = super::support::read_settings(&folder, &[]);
    settings.operations_url = Some("http://0.0.0.0:0".parse().unwrap());
    let clock = std::sync::Arc::new(certward_server::clock::SystemClock);
    let error = certward_server::server::Server::start(settings, clock)
        .await
        .unwrap_err();
    assert!(matches!(error, StartError::OperationsNotLoopback { .. }), "{error:?}");
}
