//! Requests that two readers could take for two things: nothing behind a refused one is carried out.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::support::Fixture;

/// The right answer: no more than one refusal, or exactly these statuses.
enum Expected {
    Refused,
    Statuses(&'static [u16]),
}

use Expected::{Refused, Statuses};

/// Every payload is followed by a request that must never be answered behind a refusal.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Header fields of `GET /whoami HTTP/1.1`, which ends after them.
const HEADS: &[(&str, Expected)] = &[
    ("Host: localhost\r\nConnection: close\r\n", Statuses(&[403])),
    ("Host: localhost\r\n", Statuses(&[403, 404])),
    ("Host:localhost\r\nConnection: close\r\n", Statuses(&[403])),
    ("Host: LOCALHOST:8443\r\nConnection: close\r\n", Statuses(&[403])),
    ("Host:\r\nConnection: close\r\n", Statuses(&[403])),
    // A bare LF ends a line for hyper (RFC 9112, section 2.2).
    ("Host: localhost\nConnection: close\n", Statuses(&[403])),
    ("", Refused),
    ("Hos: localhost\r\n", Refused),
    ("Host: localhost\r\nHost: localhost\r\n", Refused),
    ("Host: localhost\r\nhOST: other\r\n", Refused),
    ("Host: localhost\nHost: other\n", Refused),
    ("Host: localhost, other\r\n", Refused),
    ("Host: localhost other\r\n", Refused),
    ("Host: user@localhost\r\n", Refused),
    ("Host: localhost/path\r\n", Refused),
    ("Host: localhost:port\r\n", Refused),
    (
        "Host: localhost\r\nAuthorization: Basic YTpi\r\nAuthorization: Basic Yzpk\r\n",
        Refused,
    ),
    ("Host: localhost\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n", Refused),
    (
        "Host: localhost\r\nContent-Encoding: identity\r\nContent-Encoding: gzip\r\n",
        Refused,
    ),
    ("Host: localhost\r\nOrigin: https://a\r\nOrigin: https://b\r\n", Refused),
    ("Host: localhost\r\n folded\r\n", Refused),
    ("Host: localhost\r\n\tfolded\r\n", Refused),
    (" Host: localhost\r\n", Refused),
    ("Host : localhost\r\n", Refused),
    ("Host\t: localhost\r\n", Refused),
    ("Ho st: localhost\r\n", Refused),
    (": localhost\r\n", Refused),
    ("localhost\r\n", Refused),
    ("Host: local\0host\r\n", Refused),
    ("Host: local\rhost\r\n", Refused),
    ("Host: localhost\r", Refused),
    ("Host: localhost\r\nX\0: y\r\n", Refused),
    ("Host: localhost\r\nTransfer-Encoding: gzip\r\n", Refused),
    ("Host: localhost\r\nTransfer-Encoding: identity\r\n", Refused),
];

/// Header fields and body of `POST /echo HTTP/1.1` with a good `Host`.
const BODIES: &[(&str, Expected)] = &[
    ("Content-Length: 5\r\nConnection: close\r\n\r\nhello", Statuses(&[200])),
    (
        "Content-Length: 5\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
        Statuses(&[200]),
    ),
    (
        "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        Statuses(&[200]),
    ),
    (
        "Transfer-Encoding: CHUNKED\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        Statuses(&[200]),
    ),
    (
        "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n",
        Statuses(&[200]),
    ),
    // The transfer coding counts, and the connection ends (RFC 9112, section 6.3).
    (
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        Statuses(&[200]),
    ),
    (
        "Transfer-Encoding: chunked\r\nContent-Length: 500\r\n\r\n0\r\n\r\n",
        Statuses(&[200]),
    ),
    ("Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", Refused),
    ("Content-Length: 5, 6\r\n\r\nhello!", Refused),
    ("Content-Length: +5\r\n\r\nhello", Refused),
    ("Content-Length: -5\r\n\r\nhello", Refused),
    ("Content-Length: 0x5\r\n\r\nhello", Refused),
    ("Content-Length: 5 5\r\n\r\nhello", Refused),
    ("Content-Length: 5;\r\n\r\nhello", Refused),
    ("Content-Length: \r\n\r\n", Refused),
    ("Content-Length: 18446744073709551617\r\n\r\nh", Refused),
    (
        "Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        Refused,
    ),
    (
        "Transfer-Encoding: chunked, gzip\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        Refused,
    ),
    (
        "Transfer-Encoding: chunked, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        Refused,
    ),
    (
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        Refused,
    ),
    (
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        Refused,
    ),
    (
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        Refused,
    ),
    ("Transfer-Encoding: xchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", Refused),
    ("Transfer-Encoding: chunked;q=1\r\n\r\n5\r\nhello\r\n0\r\n\r\n", Refused),
    ("Transfer-Encoding: \"chunked\"\r\n\r\n5\r\nhello\r\n0\r\n\r\n", Refused),
    ("Transfer-Encoding: \x0bchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", Refused),
    ("Transfer-Encoding : chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", Refused),
    ("Transfer-Encoding:\r\n chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", Refused),
    ("Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n", Refused),
    ("Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n", Refused),
    ("Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n", Refused),
    ("Transfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n", Refused),
    ("Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n", Refused),
    (
        "Transfer-Encoding: chunked\r\n\r\n5;a\nb\r\nhello\r\n0\r\n\r\n",
        Refused,
    ),
    ("Transfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n", Refused),
    ("Transfer-Encoding: chunked\r\n\r\n5\r\nhello0\r\n\r\n", Refused),
    (
        "Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n",
        Refused,
    ),
];

/// Whole requests.
const REQUESTS: &[(&str, Expected)] = &[
    (
        "\r\nGET /whoami HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        Statuses(&[403]),
    ),
    ("GET /whoami HTTP/1.0\r\n\r\n", Statuses(&[403])),
    (
        "GET https://localhost/whoami HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        Statuses(&[403]),
    ),
    ("GET https://other/whoami HTTP/1.1\r\nHost: localhost\r\n\r\n", Refused),
    ("GET /whoami HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", Refused),
    (
        "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        Refused,
    ),
    ("GET /whoami\r\n\r\n", Refused),
    ("GET /whoami HTTP/1.2\r\nHost: localhost\r\n\r\n", Refused),
    ("GET /whoami http/1.1\r\nHost: localhost\r\n\r\n", Refused),
    ("GET /whoami HTTP/2.0\r\nHost: localhost\r\n\r\n", Refused),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Refused),
    ("GET\t/whoami\tHTTP/1.1\r\nHost: localhost\r\n\r\n", Refused),
    ("GET /who ami HTTP/1.1\r\nHost: localhost\r\n\r\n", Refused),
    ("GET /who\0ami HTTP/1.1\r\nHost: localhost\r\n\r\n", Refused),
    ("G\0T /whoami HTTP/1.1\r\nHost: localhost\r\n\r\n", Refused),
    ("GET whoami HTTP/1.1\r\nHost: localhost\r\n\r\n", Refused),
];

#[tokio::test]
async fn nothing_behind_a_refused_request_is_carried_out_on_ravendbs_api() {
    every_payload(&Fixture::start(&[]).await).await;
}

#[tokio::test]
async fn nothing_behind_a_refused_request_is_carried_out_on_redis_enterprises_api() {
    let server = Fixture::start(&["--Certward.RedisEnterprise.ServerUrl=https://127.0.0.1:0"]).await;
    every_payload(&server.at_redis_enterprise()).await;
}

#[tokio::test]
async fn a_refusal_names_the_header_and_what_would_have_been_right() {
    let server = Fixture::start(&[]).await;
    for (fields, status, words) in [
        ("", "400", "the header Host is missing"),
        (
            "Host: a\r\nHost: a\r\n",
            "400",
            "the header host is given more than once; send it once",
        ),
        (
            "Host: a b\r\n",
            "400",
            "must be a host name or address with an optional port",
        ),
        (
            "Host: a\r\nTransfer-Encoding: gzip, chunked\r\n",
            "501",
            "the header Transfer-Encoding must be chunked",
        ),
    ] {
        let answer = answer(&server, &format!("GET /whoami HTTP/1.1\r\n{fields}\r\n")).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{fields:?}: {answer}"
        );
        assert!(answer.contains(words), "{fields:?}: {answer}");
        assert!(
            answer.to_ascii_lowercase().contains("connection: close"),
            "{fields:?}: {answer}"
        );
    }
}

async fn every_payload(server: &Fixture) {
    let heads = HEADS
        .iter()
        .map(|(fields, expected)| (format!("GET /whoami HTTP/1.1\r\n{fields}\r\n"), expected));
    let bodies = BODIES
        .iter()
        .map(|(rest, expected)| (format!("POST /echo HTTP/1.1\r\nHost: localhost\r\n{rest}"), expected));
    let requests = REQUESTS
        .iter()
        .map(|(request, expected)| ((*request).to_owned(), expected));
    let mut wrong = Vec::new();
    for (payload, expected) in heads.chain(bodies).chain(requests) {
        let answer = answer(server, &format!("{payload}{SMUGGLED}")).await;
        let statuses: Vec<u16> = answer
            .split("HTTP/1.")
            .skip(1)
            .filter_map(|rest| rest.get(2..5)?.parse().ok())
            .collect();
        let is_right = match expected {
            Refused => statuses.len() <= 1 && statuses.iter().all(|status| REFUSALS.contains(status)),
            Statuses(expected) => statuses == *expected,
        };
        if !is_right {
            wrong.push(format!("{payload:?} was answered {statuses:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Everything that the server sends until it closes the connection.
async fn answer(server: &Fixture, payload: &str) -> String {
    let mut raw = server.connect(None).await.unwrap();
    // It may be refused before all of it is sent.
    let _ = raw.write_all(payload.as_bytes()).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), raw.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "{payload:?} leaves the connection open");
    String::from_utf8_lossy(&answer).into_owned()
}

/// The statuses of requests that were not carried out. `/smuggled` would be 404, and `/whoami` 403.
const REFUSALS: [u16; 5] = [400, 413, 431, 501, 505];
