//! HTTP/2: the same decisions on many requests at once.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::task::JoinHandle;

use super::support::{Fixture, Identity};

struct Http2 {
    sender: SendRequest<Empty<Bytes>>,
    connection: JoinHandle<()>,
}

impl Http2 {
    async fn connect(server: &Fixture, identity: &Identity) -> Self {
        let mut config = (*server.client_config(Some(identity))).clone();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let stream = server.connect_with(Arc::new(config), "localhost").await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(async move {
            let _ = connection.await;
        });
        Self { sender, connection }
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let mut sender = self.sender.clone();
        sender.ready().await.unwrap();
        let request = Request::get(format!("https://localhost{path}"))
            .body(Empty::new())
            .unwrap();
        let response = sender.send_request(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    async fn closes_within(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, &mut self.connection).await.is_ok()
    }
}

#[tokio::test]
async fn requests_at_once_are_answered_and_a_panic_costs_one_of_them() {
    let server = Fixture::start(&[]).await;
    let client = server.register("ValidUser").await;
    let http = Http2::connect(&server, &client).await;
    let (who, slow, panic) = tokio::join!(http.get("/whoami"), http.get("/slow"), http.get("/panic"));
    assert_eq!(who, (StatusCode::OK, "client ValidUser".into()));
    assert_eq!(slow, (StatusCode::OK, "client".into()));
    assert_eq!(panic.0, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(http.get("/whoami").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_deleted_certificate_ends_its_connection_after_the_requests_under_way() {
    let server = Fixture::start(&[]).await;
    let client = server.register("ValidUser").await;
    let (mut busy, mut idle) = (
        Http2::connect(&server, &client).await,
        Http2::connect(&server, &client).await,
    );
    assert_eq!(idle.get("/whoami").await.0, StatusCode::OK);
    let (answer, closed) = tokio::join!(busy.get("/slow"), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        server.delete(&client).await;
        idle.closes_within(Duration::from_secs(1)).await
    });
    assert_eq!(answer, (StatusCode::OK, "client".into()));
    assert!(closed);
    assert!(busy.closes_within(Duration::from_secs(1)).await);
}

/// A body of which 8,000 bytes come, and never the end.
struct Unended(Option<Bytes>);

impl hyper::body::Body for Unended {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        match self.0.take() {
            Some(bytes) => std::task::Poll::Ready(Some(Ok(hyper::body::Frame::data(bytes)))),
            None => std::task::Poll::Pending,
        }
    }
}

#[tokio::test]
async fn the_bodies_of_a_strangers_connection_have_64_kib_together() {
    let server = Fixture::start(&[]).await;
    let mut config = (*server.client_config(None)).clone();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = server.connect_with(Arc::new(config), "localhost").await.unwrap();
    let (mut sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(async move {
        let _ = connection.await;
    });
    let mut answers = tokio::task::JoinSet::new();
    for _ in 0..12 {
        sender.ready().await.unwrap();
        let body = Unended(Some(Bytes::from(vec![b'x'; 8000])));
        let answer = sender.send_request(Request::post("https://localhost/echo").body(body).unwrap());
        answers.spawn(async move { answer.await.map(|answer| answer.status()) });
    }
    for _ in 0..4 {
        let answer = tokio::time::timeout(Duration::from_secs(5), answers.join_next()).await;
        let answer = answer.expect("it is refused before it ends").unwrap().unwrap();
        assert_eq!(answer.unwrap(), StatusCode::PAYLOAD_TOO_LARGE);
    }
    let more = tokio::time::timeout(Duration::from_millis(300), answers.join_next()).await;
    assert!(more.is_err(), "{more:?}");
}
