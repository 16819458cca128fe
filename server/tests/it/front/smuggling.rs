//! Requests whose length two readers could take differently (RFC 9112, section 11.2).

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::support::Fixture;

/// Bytes that a second parser would read as a request of their own. The route echoes the request, so the marker in a
/// response shows that the request was executed.
const SECOND: &str = "GET /whoami?second HTTP/1.1\r\nhost: localhost\r\n\r\n";

#[tokio::test]
async fn nothing_behind_a_request_of_doubtful_length_is_answered() {
    let server = Fixture::start(&[]).await;
    for fields in DOUBTFUL {
        let request = format!("POST /echo HTTP/1.1\r\nhost: localhost\r\n{fields}\r\n0\r\n\r\n{SECOND}{SECOND}");
        let mut stream = server.connect(None).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // The connection is closed by the server, and nothing is left to be read from it.
        let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "{fields:?}: the connection stays open");
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 400 "), "{fields:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{fields:?}: {answer}");
    }
    // The same bytes behind a request of one length are a request.
    let mut stream = server.connect(None).await.unwrap();
    let request = format!("POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\nab{SECOND}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    while answer.matches("HTTP/1.1 ").count() < 2 {
        let mut part = [0; 4096];
        let read = stream.read(&mut part).await.unwrap();
        assert!(read > 0, "{answer}");
        answer.push_str(&String::from_utf8_lossy(&part[..read]));
    }
}

/// Header fields; an empty chunked body follows.
const DOUBTFUL: &[&str] = &[
    "content-length: 5\r\ncontent-length: 6\r\n",
    "content-length: 5, 6\r\n",
    "content-length: +5\r\n",
    "content-length: -1\r\n",
    "content-length: 0x5\r\n",
    "content-length: 5 5\r\n",
    "content-length: \r\n",
    "content-length: 18446744073709551617\r\n",
    "transfer-encoding: chunked, identity\r\n",
    "transfer-encoding: identity\r\n",
    "transfer-encoding: gzip\r\n",
    "transfer-encoding: xchunked\r\n",
    "transfer-encoding:\r\n",
    "content-length : 5\r\n",
    "content-length\t: 5\r\n",
    "x: y\r\n content-length: 5\r\n",
    "\u{1}x: y\r\n",
    "x\r\n",
];
