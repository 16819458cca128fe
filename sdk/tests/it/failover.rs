//! Endpoints that cannot be connected to, or fail in TLS, against small real servers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use certward::ravendb::{Client, ClientBuilder, GenerateCertificate, SecurityClearance};
use rcgen::ExtendedKeyUsagePurpose::ServerAuth;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::tls::{Authority, serve_with};

const BUILD: &str = r#"{"ProductVersion":"7.2","BuildVersion":1,"CommitHash":"x","FullVersion":"7.2.7"}"#;

/// A host that no certificate can be for.
const NO_HOST: &str = "https://-:9";

fn builder(trusted: &Authority, endpoints: &[&str]) -> ClientBuilder {
    Client::builder().endpoints(endpoints).trust_anchors_pem(&trusted.pem())
}

fn closed_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("https://{}", listener.local_addr().unwrap())
}

/// Reads something when `read` says so, writes these bytes, and closes the connection.
async fn raw(read: bool, answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            if read {
                let _ = socket.read(&mut [0; 8192]).await;
            }
            let _ = socket.write_all(answer).await;
        }
    });
    endpoint
}

/// A server that counts requests.
async fn counting(authority: &Authority) -> (String, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let body = move |_: usize, _: &str| {
        counted.fetch_add(1, Ordering::Relaxed);
        BUILD.to_owned()
    };
    let server = authority.issue("127.0.0.1", ServerAuth, false);
    (serve_with(&server, None, body).await, count)
}

async fn broken_endpoints(ours: &Authority) -> Vec<(&'static str, String)> {
    let server = |authority: &Authority, name: &str, expired| {
        let issued = authority.issue(name, ServerAuth, expired);
        async move { serve_with(&issued, None, |_, _| BUILD.to_owned()).await }
    };
    vec![
        (
            "a CA that is not trusted",
            server(&Authority::new("Other"), "127.0.0.1", false).await,
        ),
        ("an expired certificate", server(ours, "127.0.0.1", true).await),
        ("another name", server(ours, "b.example", false).await),
        ("plain HTTP", raw(true, b"HTTP/1.1 400 Bad Request\r\n\r\n").await),
        ("garbage", raw(true, b"\x00\xff\x00\xffgarbage").await),
        ("an alert", raw(true, b"\x15\x03\x03\x00\x02\x02\x28").await),
        ("a connection that is closed", raw(false, b"").await),
        ("a connection that is closed in the handshake", raw(true, b"").await),
        ("a closed port", closed_port()),
        ("no host name", NO_HOST.to_owned()),
    ]
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_connected_to_gives_way_to_the_next_for_every_request() {
    let authority = Authority::new("Lab CA");
    for (what, broken) in broken_endpoints(&authority).await {
        let (good, count) = counting(&authority).await;
        let client = || builder(&authority, &[&broken, &good]).max_retries(0).build().unwrap();
        client()
            .server()
            .version()
            .await
            .unwrap_or_else(|error| panic!("{what}: {}", error.report()));
        assert_eq!(count.load(Ordering::Relaxed), 1, "{what}");
        // The answer is none to this request, and it came from the second endpoint.
        let request = GenerateCertificate::new("a", SecurityClearance::Operator);
        let error = client().certificates().generate(&request).await.unwrap_err();
        assert!(
            error.to_string().contains(&good) || error.is_decode(),
            "{what}: {}",
            error.report()
        );
        assert_eq!(count.load(Ordering::Relaxed), 2, "{what}");
    }
}

#[tokio::test]
async fn what_will_not_pass_is_told_at_once_with_the_default_retries() {
    let authority = Authority::new("Lab CA");
    let start = Instant::now();
    let mut told = Vec::new();
    for (what, broken) in broken_endpoints(&authority).await {
        if what.contains("closed") {
            continue; // A restart looks the same.
        }
        let client = builder(&authority, &[&broken]).build().unwrap();
        let error = client.server().version().await.unwrap_err();
        assert!(error.is_unsent() && !error.is_retryable(), "{what}: {error:?}");
        assert!(error.is_tls() != error.is_connect(), "{what}: {error:?}");
        told.push(error.report().to_string());
    }
    assert_eq!(told.len(), 7);
    assert!(start.elapsed() < Duration::from_secs(10), "{told:#?}");
}

#[tokio::test]
async fn when_all_endpoints_fail_each_is_named_once_with_its_reason() {
    let authority = Authority::new("Lab CA");
    let endpoints: Vec<String> = broken_endpoints(&authority)
        .await
        .into_iter()
        .map(|(_, url)| url)
        .collect();
    let urls: Vec<&str> = endpoints.iter().map(String::as_str).collect();
    let client = builder(&authority, &urls).max_retries(0).build().unwrap();
    let error = client.server().version().await.unwrap_err();
    let text = error.report().to_string();
    for endpoint in &urls {
        assert_eq!(text.matches(endpoint).count(), 1, "{endpoint}: {text}");
    }
    for reason in [
        "which does not lead to a trusted CA",
        "which expired at",
        "which is not for the name 127.0.0.1",
        "does not speak TLS",
        "this is no host name",
        "the server closed the connection during the TLS handshake",
        "Connection refused",
    ] {
        assert_eq!(text.matches(reason).count(), 1, "{reason}: {text}");
    }
    for noise in [
        "OtherError",
        "UnverifiedServer",
        "client error",
        "error sending request",
        "InvalidContentType",
    ] {
        assert!(!text.contains(noise), "{noise}: {text}");
    }
    assert!(text.find("trusted CA") < text.find("Connection refused"), "{text}");
}

#[tokio::test]
async fn a_node_that_comes_back_is_waited_for() {
    let authority = Authority::new("Lab CA");
    let address = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let client = builder(&authority, &[&format!("https://{address}")])
        .retry_wait(Duration::from_millis(50), Duration::from_millis(100))
        .build()
        .unwrap();
    let answer = tokio::spawn(async move { client.server().version().await });
    tokio::time::sleep(Duration::from_millis(150)).await;
    let (good, count) = counting(&authority).await;
    let listener = TcpListener::bind(address).await.unwrap();
    let target = good.trim_start_matches("https://").to_owned();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut server = tokio::net::TcpStream::connect(&target).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut socket, &mut server).await });
        }
    });
    answer.await.unwrap().unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

/// A server that demands client certificates of another authority; counts handshakes.
async fn refusing(
    authority: &Authority,
    version: &'static SupportedProtocolVersion,
    alpn: &[u8],
) -> (String, Arc<AtomicUsize>) {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    let other = certward::pki::certificates_from_pem(&Authority::new("Other").pem()).unwrap();
    roots.add(other[0].der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone())
        .build()
        .unwrap();
    let (chain, key) = authority.issue("127.0.0.1", ServerAuth, false).chain_and_key();
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, PrivateKeyDer::try_from(key).unwrap())
        .unwrap();
    config.alpn_protocols = vec![alpn.to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("https://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Err((_, mut socket)) = acceptor.accept(socket).into_fallible().await else {
                    panic!("the certificate is of no trusted authority");
                };
                // What the client has sent is read, or the system resets the connection before the alert arrives.
                let _ = socket.shutdown().await;
                while let Ok(1..) = socket.read(&mut [0; 4096]).await {}
            });
        }
    });
    (endpoint, count)
}

#[tokio::test]
async fn a_refused_client_certificate_is_told_and_a_write_is_not_sent_again() {
    let authority = Authority::new("Lab CA");
    for (version, alpn, sent) in [
        (&TLS13, &b"http/1.1"[..], true),
        (&TLS13, b"h2", true),
        (&TLS12, b"http/1.1", false),
        (&TLS12, b"h2", false),
    ] {
        let (refusing, count) = refusing(&authority, version, alpn).await;
        let client = builder(&authority, &[&refusing])
            .identity(authority.client())
            .build()
            .unwrap();
        let error = client.server().version().await.unwrap_err();
        let text = error.report().to_string();
        assert!(
            error.is_client_certificate_refused() && !error.is_retryable() && error.is_unsent() != sent,
            "{version:?} {alpn:?}: {error:?}"
        );
        assert!(
            text.contains("the server refuses the client certificate"),
            "{version:?} {alpn:?}: {text}"
        );
        assert_eq!(count.load(Ordering::Relaxed), 1, "{version:?} {alpn:?}: {text}");

        // Another node may take it: a read is sent there too, and a write if nothing of it was sent.
        let (good, asked) = counting(&authority).await;
        let client = || {
            builder(&authority, &[&refusing, &good])
                .identity(authority.client())
                .build()
                .unwrap()
        };
        client().server().version().await.unwrap();
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        let request = GenerateCertificate::new("a", SecurityClearance::Operator);
        let error = client().certificates().generate(&request).await.unwrap_err();
        assert_eq!(
            error.is_client_certificate_refused(),
            sent,
            "{version:?} {alpn:?}: {error:?}"
        );
        assert_eq!(asked.load(Ordering::Relaxed), if sent { 1 } else { 2 });
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_says_which_endpoint_answered_and_why_others_did_not() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(move || writer.clone())
        .finish();
    // Other tests of this process log here too; a subscriber of this thread alone would miss events that they met first.
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let authority = Authority::new("Lab CA");
    let broken = raw(true, b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let (good, _) = counting(&authority).await;
    let client = builder(&authority, &[&broken, &good]).build().unwrap();
    client.server().version().await.unwrap();
    let closed = closed_port();
    let client = builder(&authority, &[&closed])
        .max_retries(1)
        .retry_wait(Duration::from_millis(1), Duration::from_millis(1))
        .build()
        .unwrap();
    client.server().version().await.unwrap_err();

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |message: &str, endpoints: &[&String]| -> Vec<&serde_json::Value> {
        let ours = |line: &&serde_json::Value| endpoints.iter().any(|url| line["endpoint"] == **url);
        lines
            .iter()
            .filter(|line| line["message"] == message)
            .filter(ours)
            .collect()
    };
    let answered = of("request answered", &[&good]);
    assert_eq!(answered.len(), 1, "{text}");
    assert_eq!(
        (&answered[0]["level"], &answered[0]["span"]["operation"]),
        (&"DEBUG".into(), &"read the version".into()),
        "{text}"
    );
    let failed = of("request failed", &[&broken, &closed]);
    let endpoints: Vec<_> = failed.iter().map(|line| line["endpoint"].as_str().unwrap()).collect();
    assert_eq!(endpoints, [&broken, &closed, &closed], "{text}");
    for (line, reason) in failed
        .iter()
        .zip(["does not speak TLS", "Connection refused", "Connection refused"])
    {
        assert!(line["reason"].as_str().unwrap().contains(reason), "{line}");
    }
    let again = |line: &serde_json::Value| {
        line["message"] == "request is sent again after a wait" && line["repetition"] == 1 && line["level"] == "WARN"
    };
    assert!(lines.iter().any(again), "{text}");
}
