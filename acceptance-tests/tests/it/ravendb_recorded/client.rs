//! One request over a connection of its own, as `curl` made the recorded ones.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{HeaderMap, Request};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::cast::Identity;
use super::fixture::Sent;

/// A response; none if the connection failed.
pub(super) struct Seen {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Sends a request whose placeholders have been filled in.
pub(super) async fn send(address: SocketAddr, ca_pem: &str, identity: Option<&Identity>, sent: &Sent) -> Option<Seen> {
    if sent.tls.as_deref() == Some("1.1") {
        return offer_tls_1_1(address).await;
    }
    let config = config(ca_pem, identity, sent)?;
    let tcp = TcpStream::connect(address).await.ok()?;
    let name = ServerName::try_from("localhost").unwrap();
    let tls = TlsConnector::from(Arc::new(config)).connect(name, tcp).await.ok()?;
    let request = request(address, sent);
    let answer = if sent.http == "2" {
        let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(tls))
            .await
            .ok()?;
        tokio::spawn(connection);
        sender.send_request(request).await.ok()?
    } else {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(tls)).await.ok()?;
        tokio::spawn(connection);
        sender.send_request(request).await.ok()?
    };
    let (head, body) = answer.into_parts();
    Some(Seen {
        status: head.status.as_u16(),
        headers: head.headers,
        body: body.collect().await.ok()?.to_bytes(),
    })
}

fn request(address: SocketAddr, sent: &Sent) -> Request<Full<Bytes>> {
    let mut body = sent.body.clone().unwrap_or_default().into_bytes();
    let url = if sent.http == "2" {
        format!("https://{address}{}", sent.path)
    } else {
        sent.path.clone()
    };
    let mut request = Request::builder().method(sent.method.as_str()).uri(url);
    if sent.http != "2" {
        request = request.header("Host", address.to_string());
    }
    for header in &sent.headers {
        let (name, value) = header.split_once(':').unwrap();
        // An empty value tells curl to leave the header out.
        if !value.trim().is_empty() {
            request = request.header(name, value.trim());
        }
        if header == "Content-Encoding: gzip" {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&body).unwrap();
            body = encoder.finish().unwrap();
        }
    }
    request.body(Full::new(Bytes::from(body))).unwrap()
}

/// None when the client's own TLS does not take the identity.
fn config(ca_pem: &str, identity: Option<&Identity>, sent: &Sent) -> Option<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap())
        .unwrap();
    let versions: &[&SupportedProtocolVersion] = if sent.tls.as_deref() == Some("1.2") {
        &[&version::TLS12]
    } else {
        &[&version::TLS13]
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => builder
            .with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())
            .ok()?,
    };
    if sent.http == "2" {
        config.alpn_protocols = vec![b"h2".to_vec()];
    }
    Some(config)
}

/// A ClientHello of TLS 1.1, written out because no library of ours speaks it. The server must not go on with it.
async fn offer_tls_1_1(address: SocketAddr) -> Option<Seen> {
    let mut hello = vec![0x03, 0x02];
    hello.extend([7; 32]); // random
    hello.extend([0, 0, 4, 0xc0, 0x13, 0x00, 0x2f, 1, 0]); // no session, two cipher suites of TLS 1.1, no compression
    hello.extend([0, 0]); // no extensions
    let mut message = vec![1, 0, 0, u8::try_from(hello.len()).unwrap()];
    message.extend(hello);
    let mut record = vec![0x16, 0x03, 0x01, 0, u8::try_from(message.len()).unwrap()];
    record.extend(message);
    let mut tcp = TcpStream::connect(address).await.unwrap();
    tcp.write_all(&record).await.unwrap();
    let mut answer = Vec::new();
    // Closed or reset: the end either way, within the time of a handshake.
    let _ = tokio::time::timeout(Duration::from_secs(10), tcp.read_to_end(&mut answer))
        .await
        .expect("the server hangs up");
    assert!(!matches!(answer.first(), Some(0x16)), "the server went on with TLS 1.1");
    None
}
