//! Requirements of the TLS handshake.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::StatusCode;
use rustls::HandshakeKind;
use rustls::crypto::aws_lc_rs;
use rustls::version::{TLS12, TLS13};
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::support::{Fixture, Http, Identity};

#[tokio::test]
async fn no_session_is_ever_resumed() {
    let server = Fixture::start(&[]).await;
    let client = Identity::new("client");
    for version in [&TLS12, &TLS13] {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(server.authority.certificate().der().clone()).unwrap();
        // This configuration remembers sessions and tickets, if it is given any.
        let config = rustls::ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_client_auth_cert(client.chain.clone(), client.key.clone_key())
            .unwrap();
        let config = Arc::new(config);
        for _ in 0..2 {
            let stream = server.connect_with(Arc::clone(&config), "localhost").await.unwrap();
            assert_ne!(stream.get_ref().1.handshake_kind(), Some(HandshakeKind::Resumed));
            assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
            // Tickets of TLS 1.3 come after the handshake: they would be here with the answer.
            let mut http = Http::over(stream).await;
            assert_eq!(http.get("/whoami").await.0, StatusCode::FORBIDDEN);
        }
    }
}

#[tokio::test]
async fn no_ticket_is_given() {
    let server = Fixture::start(&[]).await;
    let mut stream = server.connect(None).await.unwrap();
    stream
        .write_all(b"GET /whoami HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 403"));
    assert_eq!(stream.get_ref().1.tls13_tickets_received(), 0);
}

#[tokio::test]
async fn any_certificate_is_let_in_by_tls_and_refused_in_words() {
    let server = Fixture::start(&[]).await;
    assert_eq!(
        server.http(None).await.get("/whoami").await,
        (StatusCode::FORBIDDEN, "no_certificate".into())
    );
    let stranger = Identity::new("stranger");
    let refusal = server.http(Some(&stranger)).await.get("/whoami").await;
    assert_eq!(refusal, (StatusCode::FORBIDDEN, "unknown_certificate".into()));
    let yesterday = OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap();
    let expired = Identity::made("expired", |parameters| parameters.not_after = yesterday);
    assert_eq!(
        server.http(Some(&expired)).await.get("/whoami").await,
        (StatusCode::FORBIDDEN, "expired".into())
    );
}

#[tokio::test]
async fn whoever_does_not_hold_the_key_of_its_certificate_is_refused() {
    let server = Fixture::start(&[]).await;
    let (victim, thief) = (server.register("ClusterAdmin").await, Identity::new("thief"));
    let key = aws_lc_rs::sign::any_supported_type(&thief.key).unwrap();
    let config = Arc::new(forged(&server, &victim, key));
    let outcome = match server.connect_with(config, "localhost").await {
        Err(error) => Err(error),
        // In TLS 1.3 the client is done before the server has looked at its signature.
        Ok(mut stream) => stream.read_u8().await,
    };
    assert!(outcome.unwrap_err().to_string().contains("DecryptError"), "alert 51");
}

fn forged(server: &Fixture, victim: &Identity, key: Arc<dyn rustls::sign::SigningKey>) -> rustls::ClientConfig {
    #[derive(Debug)]
    struct Always(Arc<rustls::sign::CertifiedKey>);
    impl rustls::client::ResolvesClientCert for Always {
        fn resolve(
            &self,
            _hints: &[&[u8]],
            _schemes: &[rustls::SignatureScheme],
        ) -> Option<Arc<rustls::sign::CertifiedKey>> {
            Some(Arc::clone(&self.0))
        }
        fn has_certs(&self) -> bool {
            true
        }
    }
    let mut config = (*server.client_config(None)).clone();
    let pair = rustls::sign::CertifiedKey::new(victim.chain.clone(), key);
    config.client_auth_cert_resolver = Arc::new(Always(Arc::new(pair)));
    config
}

#[tokio::test]
async fn a_chain_of_five_intermediates_or_of_more_than_sixteen_kibibytes_is_refused() {
    let server = Fixture::start(&[]).await;
    let with_intermediates = |count: usize, length: usize| {
        let mut identity = Identity::new("client");
        let intermediate = Identity::made("intermediate", |parameters| {
            let padding = rcgen::CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![4; length]);
            parameters.custom_extensions.push(padding);
        });
        identity
            .chain
            .extend(std::iter::repeat_n(intermediate.chain[0].clone(), count));
        identity
    };
    for (count, length, is_taken) in [(4, 10, true), (5, 10, false), (1, 14_000, true), (1, 17_000, false)] {
        let identity = with_intermediates(count, length);
        let mut stream = server.connect(Some(&identity)).await.unwrap();
        let _ = stream
            .write_all(b"GET /whoami HTTP/1.1\r\nhost: localhost\r\n\r\n")
            .await;
        match stream.read_u8().await {
            Ok(first) => assert!(is_taken && first == b'H', "{count} of {length}"),
            Err(error) => {
                assert!(!is_taken, "{count} of {length}: {error}");
                assert!(error.to_string().contains("BadCertificate"), "alert 42: {error}");
            }
        }
    }
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_cut_off() {
    let server = Fixture::start(&["--Certward.Limits.HandshakeTimeoutInSec=1"]).await;
    for hello in [&b""[..], b"\x16\x03\x01"] {
        let mut silent = TcpStream::connect(server.address).await.unwrap();
        silent.write_all(hello).await.unwrap();
        let start = Instant::now();
        let mut answer = Vec::new();
        let _ = silent.read_to_end(&mut answer).await;
        let waited = start.elapsed();
        assert!(
            (Duration::from_millis(900)..Duration::from_secs(4)).contains(&waited),
            "{waited:?}"
        );
    }
}

#[tokio::test]
async fn silent_connections_give_way_to_new_ones() {
    let server = Fixture::start(&["--Certward.Limits.MaxHandshakingConnections=3"]).await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(server.address).await.unwrap());
    }
    assert_eq!(server.http(None).await.get("/whoami").await.0, StatusCode::FORBIDDEN);
    let mut first = silent.remove(0);
    let closed = tokio::time::timeout(Duration::from_secs(2), first.read_u8()).await;
    assert!(closed.expect("the oldest is closed at once").is_err());
}

#[tokio::test]
async fn plain_http_is_not_answered() {
    let server = Fixture::start(&[]).await;
    let mut plain = TcpStream::connect(server.address).await.unwrap();
    plain
        .write_all(b"GET /whoami HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.windows(4).any(|window| window == b"HTTP"), "{answer:?}");
}

#[tokio::test]
async fn every_server_name_and_none_is_asked_for_the_same_certificate() {
    let server = Fixture::start(&[]).await;
    let client = server.register("ValidUser").await;
    for name in ["localhost", "127.0.0.1"] {
        let stream = server
            .connect_with(server.client_config(Some(&client)), name)
            .await
            .unwrap();
        assert_eq!(
            Http::over(stream).await.get("/whoami").await,
            (StatusCode::OK, "client ValidUser".into())
        );
    }
    // A name the certificate does not have: it is shown all the same, and the client turns away.
    let unknown = server
        .connect_with(server.client_config(Some(&client)), "other.example")
        .await;
    assert!(unknown.unwrap_err().to_string().contains("not valid for name"));
}

#[tokio::test]
async fn a_certificate_of_version_1_or_with_an_unknown_critical_extension_is_let_in() {
    let server = Fixture::start(&[]).await;
    let critical = Identity::made("critical", |parameters| {
        let mut extension = rcgen::CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
        extension.set_criticality(true);
        parameters.custom_extensions.push(extension);
    });
    for client in [version_1(), critical] {
        server.register_identity(&client, "ValidUser").await;
        for version in [&TLS12, &TLS13] {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(server.authority.certificate().der().clone()).unwrap();
            let mut config = rustls::ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_protocol_versions(&[version])
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
            let key = aws_lc_rs::sign::any_supported_type(&client.key).unwrap();
            config.client_auth_cert_resolver = forged(&server, &client, key).client_auth_cert_resolver;
            let stream = server.connect_with(Arc::new(config), "localhost").await.unwrap();
            let answer = Http::over(stream).await.get("/whoami").await;
            assert_eq!(answer, (StatusCode::OK, "client ValidUser".into()));
        }
    }
}

/// A certificate without version and extensions (RFC 5280, section 4.1), which rcgen does not make.
fn version_1() -> Identity {
    let key = rcgen::KeyPair::generate().unwrap();
    let name = [&b"\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02"[..], b"v1"].concat();
    let algorithm = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
    let validity = [&b"\x30\x1e\x17\x0d240101000000Z\x17\x0d"[..], b"400101000000Z"].concat();
    let public_key = rcgen::PublicKeyData::subject_public_key_info(&key);
    let to_be_signed = der(
        0x30,
        &[b"\x02\x01\x07", &algorithm[..], &name, &validity, &name, &public_key].concat(),
    );
    let signature = rcgen::SigningKey::sign(&key, &to_be_signed).unwrap();
    let signature = der(0x03, &[&[0][..], &signature].concat());
    let certificate = der(0x30, &[&to_be_signed[..], algorithm, &signature].concat());
    Identity {
        chain: vec![certificate.into()],
        key: key.serialize_der().try_into().unwrap(),
    }
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let header = match content.len() {
        0..128 => vec![tag, length[1]],
        128..256 => vec![tag, 0x81, length[1]],
        _ => vec![tag, 0x82, length[0], length[1]],
    };
    [header, content.to_vec()].concat()
}
