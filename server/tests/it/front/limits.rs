//! Deadlines and limits of a connection's requests.

use std::time::{Duration, Instant};

use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::support::Fixture;

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
async fn a_connection_without_requests_outlives_the_header_deadline_and_ends_at_its_own() {
    let server = Fixture::start(&[
        "--Certward.Limits.HeaderTimeoutInSec=1",
        "--Certward.Limits.KeepAliveTimeoutInSec=3",
    ])
    .await;
    let (mut unused, mut used) = (server.http(None).await, server.http(None).await);
    used.get("/whoami").await;
    assert!(!unused.closes_within(Duration::from_secs(2)).await);
    assert_eq!(used.get("/whoami").await.0, StatusCode::FORBIDDEN);
    assert!(unused.closes_within(Duration::from_secs(2)).await);
    assert!(!used.closes_within(Duration::from_millis(500)).await);
    assert!(used.closes_within(Duration::from_secs(4)).await);
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
