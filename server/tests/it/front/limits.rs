//! Deadlines and limits of a connection's requests.

use std::time::{Duration, Instant};

use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::support::{Fixture, Identity};

#[tokio::test]
async fn a_header_that_does_not_end_is_cut_off() {
    let server = Fixture::start(&["--Certward.Limits.HeaderTimeoutInSec=1"]).await;
    let mut slow = server.connect(None).await.unwrap();
    let start = Instant::now();
    let trickle = async {
        slow.write_all(b"GET /whoami HTTP/1.1\r\n").await?;
        loop {
            slow.write_all(b"x-more: x\r\n").await?;
            slow.flush().await?;
            let mut byte = [0];
            let read = tokio::time::timeout(Duration::from_millis(200), slow.read(&mut byte)).await;
            if read.is_ok() {
                return std::io::Result::Ok(());
            }
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(5), trickle)
        .await
        .expect("it is cut off");
    assert!(start.elapsed() > Duration::from_millis(900));
}

#[tokio::test]
async fn a_known_peers_connection_outlives_the_header_deadline_and_ends_at_its_own() {
    let server = Fixture::start(&[
        "--Certward.Limits.HeaderTimeoutInSec=1",
        "--Certward.Limits.KeepAliveTimeoutInSec=3",
    ])
    .await;
    let known = Some(&server.administrator);
    let (mut unused, mut used) = (server.http(known).await, server.http(known).await);
    used.get("/whoami").await;
    assert!(!unused.closes_within(Duration::from_secs(2)).await);
    assert_eq!(used.get("/whoami").await.0, StatusCode::OK);
    assert!(unused.closes_within(Duration::from_secs(2)).await);
    assert!(!used.closes_within(Duration::from_millis(500)).await);
    assert!(used.closes_within(Duration::from_secs(4)).await);
}

#[tokio::test]
async fn a_stranger_that_sends_no_request_is_cut_at_the_header_deadline_on_both_apis() {
    let redis_enterprise = "--Certward.RedisEnterprise.ServerUrl=https://127.0.0.1:0";
    let mut server = Fixture::start(&["--Certward.Limits.HeaderTimeoutInSec=1", redis_enterprise]).await;
    for refusal in [StatusCode::FORBIDDEN, StatusCode::UNAUTHORIZED] {
        let unregistered = Identity::new("nobody");
        for identity in [None, Some(&unregistered)] {
            let (mut silent, mut used) = (server.http(identity).await, server.http(identity).await);
            tokio::time::sleep(Duration::from_millis(500)).await;
            let path = if refusal == StatusCode::FORBIDDEN {
                "/whoami"
            } else {
                "/cluster/whoami"
            };
            assert_eq!(used.get(path).await.0, refusal);
            assert!(silent.closes_within(Duration::from_millis(2000)).await);
            assert!(used.closes_within(Duration::from_millis(2500)).await);
        }
        server = server.at_redis_enterprise();
    }
}

#[tokio::test]
async fn a_stranger_that_sends_no_http_2_request_is_cut_at_the_header_deadline() {
    let server = Fixture::start(&["--Certward.Limits.HeaderTimeoutInSec=1"]).await;
    let mut config = rustls::ClientConfig::clone(&server.client_config(None));
    config.alpn_protocols = vec![b"h2".to_vec()];
    let mut silent = server
        .connect_with(std::sync::Arc::new(config), "localhost")
        .await
        .unwrap();
    silent
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await
        .unwrap();
    let mut rest = Vec::new();
    let end = silent.read_to_end(&mut rest);
    let _ = tokio::time::timeout(Duration::from_secs(4), end)
        .await
        .expect("it is cut");
}

#[tokio::test]
async fn strangers_of_one_address_displace_the_oldest_of_them_and_nobody_who_is_known() {
    let server = Fixture::start(&["--Certward.Limits.MaxUnauthenticatedConnectionsPerAddress=2"]).await;
    let mut known = server.http(Some(&server.administrator)).await;
    assert_eq!(known.get("/whoami").await.0, StatusCode::OK);
    let mut first = server.http(None).await;
    assert_eq!(first.get("/whoami").await.0, StatusCode::FORBIDDEN);
    let (mut second, mut third) = (server.http(None).await, server.http(None).await);
    assert!(first.closes_within(Duration::from_secs(2)).await);
    for stranger in [&mut second, &mut third] {
        assert_eq!(stranger.get("/whoami").await.0, StatusCode::FORBIDDEN);
    }
    let mut another = server.http(Some(&server.administrator)).await;
    assert_eq!(another.get("/whoami").await.0, StatusCode::OK);
    assert_eq!(known.get("/whoami").await.0, StatusCode::OK);
}

#[tokio::test]
async fn idle_strangers_make_room_for_those_who_are_known() {
    let server = Fixture::start(&["--Certward.Limits.MaxConnections=8"]).await;
    let mut strangers = Vec::new();
    for _ in 0..20 {
        strangers.push(server.http(None).await);
    }
    let mut known = Vec::new();
    for _ in 0..8 {
        let mut http = server.http(Some(&server.administrator)).await;
        assert_eq!(http.get("/whoami").await.0, StatusCode::OK);
        known.push(http);
    }
    for http in &mut known {
        assert_eq!(http.get("/whoami").await.0, StatusCode::OK);
    }
    for stranger in &mut strangers {
        assert!(stranger.closes_within(Duration::from_secs(2)).await);
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_it_is_read() {
    let server = Fixture::start(&["--Certward.Limits.MaxBodySizeInKb=1"]).await;
    let mut http = server.http(None).await;
    assert_eq!(http.send("POST", "/echo", vec![b'x'; 1024]).await.0, StatusCode::OK);
    assert_eq!(
        http.send("POST", "/echo", vec![b'x'; 1025]).await.0,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    // The length announced is enough: nothing of the body is sent.
    let mut raw = server.connect(None).await.unwrap();
    raw.write_all(b"POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1073741824\r\n\r\n")
        .await
        .unwrap();
    let mut status = [0; 12];
    raw.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 413");
    // Without a length it is counted.
    let mut raw = server.connect(None).await.unwrap();
    raw.write_all(b"POST /echo HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n")
        .await
        .unwrap();
    let chunk = [b"401\r\n".as_slice(), &[b'x'; 0x401], b"\r\n"].concat();
    raw.write_all(&chunk).await.unwrap();
    raw.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 413");
}

#[tokio::test]
async fn a_body_that_does_not_end_is_answered_with_a_timeout() {
    let server = Fixture::start(&["--Certward.Limits.BodyTimeoutInSec=1"]).await;
    let mut raw = server.connect(None).await.unwrap();
    raw.write_all(b"POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nabc")
        .await
        .unwrap();
    let mut status = [0; 12];
    let answered = tokio::time::timeout(Duration::from_secs(4), raw.read_exact(&mut status)).await;
    answered.expect("it is answered").unwrap();
    assert_eq!(&status, b"HTTP/1.1 408");
}

#[tokio::test]
async fn a_header_over_the_limit_is_refused() {
    let server = Fixture::start(&[]).await;
    let mut raw = server.connect(None).await.unwrap();
    let large = format!(
        "GET /whoami HTTP/1.1\r\nhost: localhost\r\nx-large: {}\r\n\r\n",
        "x".repeat(100 * 1024)
    );
    // It may be answered before all of it is sent.
    let _ = raw.write_all(large.as_bytes()).await;
    let mut status = [0; 12];
    raw.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 431");
}

#[tokio::test]
async fn a_panic_costs_one_answer_and_one_connection() {
    let server = Fixture::start(&[]).await;
    let (mut panicking, mut other) = (server.http(None).await, server.http(None).await);
    assert_eq!(other.get("/whoami").await.0, StatusCode::FORBIDDEN);
    assert_eq!(panicking.get("/panic").await.0, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(panicking.closes_within(Duration::from_secs(1)).await);
    assert_eq!(other.get("/whoami").await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn headers_that_claim_an_identity_change_nothing() {
    let server = Fixture::start(&[]).await;
    let administrator = data_encoding::BASE64.encode(&server.administrator.chain[0]);
    let mut raw = server.connect(None).await.unwrap();
    let claims = format!(
        "GET /whoami HTTP/1.1\r\nhost: localhost\r\nx-forwarded-client-cert: Cert=\"{administrator}\"\r\n\
         x-ssl-client-cert: {administrator}\r\nssl_client_verify: SUCCESS\r\nforwarded: for=127.0.0.1\r\n\
         connection: close\r\n\r\n"
    );
    raw.write_all(claims.as_bytes()).await.unwrap();
    let mut answer = String::new();
    raw.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 403") && answer.ends_with("no_certificate"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_stranger_sends_8_kib_in_a_request_and_a_known_peer_as_much_as_the_settings_say() {
    let server = Fixture::start(&[]).await;
    let mut http = server.http(None).await;
    assert_eq!(http.send("POST", "/echo", vec![b'x'; 8192]).await.0, StatusCode::OK);
    let refused = http.send("POST", "/echo", vec![b'x'; 8193]).await.0;
    assert_eq!(refused, StatusCode::PAYLOAD_TOO_LARGE);
    let mut http = server.http(Some(&server.administrator)).await;
    assert_eq!(http.get("/whoami").await.0, StatusCode::OK);
    let large = http.send("POST", "/echo", vec![b'x'; 1024 * 1024]).await;
    assert_eq!((large.0, large.1.len()), (StatusCode::OK, 1024 * 1024));
}
