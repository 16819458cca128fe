//! Mutual TLS against a small real server.

use std::sync::Arc;
use std::time::Duration;

use certward::ravendb::{Client, ClientBuilder, GenerateCertificate, SecurityClearance};
use certward::{Identity, SecretString};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

pub(crate) struct Issued {
    certificate: String,
    key: KeyPair,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self {
            issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap(),
        }
    }

    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    pub(crate) fn issue(&self, name: &str, purpose: ExtendedKeyUsagePurpose, expired: bool) -> Issued {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![purpose];
        if expired {
            params.not_before = rcgen::date_time_ymd(2020, 1, 1);
            params.not_after = rcgen::date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        Issued {
            certificate: params.signed_by(&key, &self.issuer).unwrap().pem(),
            key,
        }
    }

    pub(crate) fn client(&self) -> Identity {
        self.issue("client", ExtendedKeyUsagePurpose::ClientAuth, false)
            .identity()
    }
}

impl Issued {
    pub(crate) fn identity(&self) -> Identity {
        Identity::from_pem(&self.certificate, &self.key.serialize_pem()).unwrap()
    }

    /// In DER, for a server.
    pub(crate) fn chain_and_key(&self) -> (Vec<CertificateDer<'static>>, Vec<u8>) {
        let chain = certward::pki::certificates_from_pem(&self.certificate).unwrap();
        let chain = chain.iter().map(|certificate| certificate.der().clone()).collect();
        (chain, self.key.serialize_der())
    }
}

/// Answers every request with the version and the number of certificates the client presented.
async fn serve(server: &Issued, clients: Option<&Authority>) -> String {
    let body = |presented: usize, _: &str| {
        format!(r#"{{"ProductVersion":"7.2","BuildVersion":{presented},"CommitHash":"","FullVersion":"7.2.7"}}"#)
    };
    serve_with(server, clients, body).await
}

/// Answers every request with the body made of how many certificates the client presented, and of the request's text.
pub(crate) async fn serve_with(
    server: &Issued,
    clients: Option<&Authority>,
    body: impl Fn(usize, &str) -> String + Clone + Send + 'static,
) -> String {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.issuer.der().clone()).unwrap();
            builder.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(roots.into(), provider)
                    .build()
                    .unwrap(),
            )
        }
        None => builder.with_no_client_auth(),
    };
    let (chain, key) = server.chain_and_key();
    let config = builder
        .with_single_cert(chain, PrivateKeyDer::try_from(key).unwrap())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (acceptor, body) = (acceptor.clone(), body.clone());
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(socket).await else {
                    return;
                };
                let presented = stream.get_ref().1.peer_certificates().map_or(0, <[_]>::len);
                let mut buffer = [0; 4096];
                while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                    let body = body(presented, &String::from_utf8_lossy(&buffer[..read]));
                    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    format!("https://{address}")
}

fn client(endpoint: &str, trusted: &Authority) -> ClientBuilder {
    let builder = Client::builder().endpoint(endpoint).trust_anchors_pem(&trusted.pem());
    builder
        .max_retries(1)
        .retry_wait(Duration::from_millis(1), Duration::from_millis(2))
}

#[tokio::test]
async fn a_connection_that_ends_too_early_sends_nobody_to_the_manual_of_a_library() {
    let authority = Authority::new("Lab CA");
    let server = authority.issue("127.0.0.1", ExtendedKeyUsagePurpose::ServerAuth, false);
    // Its connection ends with the task, without a word of TLS.
    let dies = |_: usize, _: &str| -> String { panic!("the server dies") };
    let endpoint = serve_with(&server, None, dies).await;
    let client = client(&endpoint, &authority).max_retries(0).build().unwrap();
    let text = client.server().version().await.unwrap_err().report().to_string();
    assert!(text.contains("close_notify") && !text.contains("docs.rs"), "{text}");
}

#[tokio::test]
async fn the_identity_is_presented() {
    let authority = Authority::new("Lab CA");
    let endpoint = serve(
        &authority.issue("127.0.0.1", ExtendedKeyUsagePurpose::ServerAuth, false),
        Some(&authority),
    )
    .await;
    let client = client(&endpoint, &authority)
        .identity(authority.client())
        .build()
        .unwrap();
    assert_eq!(client.server().version().await.unwrap().build_version, 1);
}

#[tokio::test]
async fn a_server_of_an_unknown_ca_is_refused_and_named() {
    let (theirs, ours) = (Authority::new("Lab CA"), Authority::new("Other CA"));
    let endpoint = serve(
        &theirs.issue("127.0.0.1", ExtendedKeyUsagePurpose::ServerAuth, false),
        None,
    )
    .await;
    let error = client(&endpoint, &ours)
        .build()
        .unwrap()
        .server()
        .version()
        .await
        .unwrap_err();
    assert!(error.is_tls() && !error.is_retryable(), "{error:?}");
    let text = error.to_string();
    assert!(
        text.contains("CN=127.0.0.1 issued by")
            && text.contains("CN=Lab CA")
            && text.contains("trusted are: CN=Other CA"),
        "{text}"
    );
}

#[tokio::test]
async fn the_name_of_the_server_is_checked_against_the_one_that_is_set() {
    let authority = Authority::new("Lab CA");
    let endpoint = serve(
        &authority.issue("raven.example", ExtendedKeyUsagePurpose::ServerAuth, false),
        None,
    )
    .await;
    let error = client(&endpoint, &authority)
        .build()
        .unwrap()
        .server()
        .version()
        .await
        .unwrap_err();
    assert!(
        error.is_tls() && error.to_string().contains("not for the name 127.0.0.1"),
        "{error}"
    );
    let named = |name: &str| client(&endpoint, &authority).tls_server_name(name).build().unwrap();
    named("raven.example").server().version().await.unwrap();
    let error = named("other.example").server().version().await.unwrap_err();
    assert!(
        error.is_tls() && error.to_string().contains("not for the name other.example"),
        "{error}"
    );
}

#[tokio::test]
async fn servers_with_expired_or_foreign_certificates_are_refused() {
    let authority = Authority::new("Lab CA");
    for (purpose, expired, expected) in [
        (ExtendedKeyUsagePurpose::ServerAuth, true, "expired at 2021-01-01"),
        (ExtendedKeyUsagePurpose::ClientAuth, false, "not meant for servers"),
    ] {
        let endpoint = serve(&authority.issue("127.0.0.1", purpose, expired), None).await;
        let error = client(&endpoint, &authority)
            .build()
            .unwrap()
            .server()
            .version()
            .await
            .unwrap_err();
        assert!(error.is_tls() && error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test]
async fn an_expired_identity_is_explained_with_its_end() {
    let authority = Authority::new("Lab CA");
    let endpoint = serve(
        &authority.issue("127.0.0.1", ExtendedKeyUsagePurpose::ServerAuth, false),
        Some(&authority),
    )
    .await;
    let expired = authority
        .issue("client", ExtendedKeyUsagePurpose::ClientAuth, true)
        .identity();
    let client = client(&endpoint, &authority).identity(expired).build().unwrap();
    let error = client.server().version().await.unwrap_err();
    assert!(error.is_tls() && !error.is_retryable(), "{error:?}");
    assert!(
        error.to_string().contains("expired (TLS alert 45)") && error.to_string().contains("2021-01-01"),
        "{error}"
    );
    let request = GenerateCertificate::new("a", SecurityClearance::Operator);
    assert!(client.certificates().generate(&request).await.unwrap_err().is_tls());
}

#[tokio::test]
async fn a_missing_identity_is_explained() {
    let authority = Authority::new("Lab CA");
    let endpoint = serve(
        &authority.issue("127.0.0.1", ExtendedKeyUsagePurpose::ServerAuth, false),
        Some(&authority),
    )
    .await;
    let error = client(&endpoint, &authority)
        .build()
        .unwrap()
        .server()
        .version()
        .await
        .unwrap_err();
    assert!(
        error.is_tls() && error.to_string().contains("demands a client certificate"),
        "{error}"
    );
}

#[tokio::test]
async fn plain_http_behind_an_https_endpoint_is_explained() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let error = client(&endpoint, &Authority::new("Lab CA"))
        .build()
        .unwrap()
        .server()
        .version()
        .await
        .unwrap_err();
    assert!(
        error.is_tls() && error.to_string().contains("does not speak TLS"),
        "{error}"
    );
}

#[test]
fn a_key_of_another_certificate_is_refused_offline() {
    let authority = Authority::new("Lab CA");
    let one = authority.issue("one", ExtendedKeyUsagePurpose::ClientAuth, false);
    let other = authority.issue("other", ExtendedKeyUsagePurpose::ClientAuth, false);
    let error = Identity::from_pem(&one.certificate, &other.key.serialize_pem()).unwrap_err();
    assert!(
        error.is_configuration() && error.to_string().contains("does not belong to the client certificate"),
        "{error}"
    );
    let rsa_sized = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let error = Identity::from_pem(&one.certificate, &rsa_sized.serialize_pem()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the key is ECDSA P-384, the certificate holds ECDSA P-256"),
        "{error}"
    );
}

#[test]
fn identities_are_read_from_one_file_and_from_a_setup_zip() {
    use std::io::Write as _;
    let issued = Authority::new("Lab CA").issue("admin", ExtendedKeyUsagePurpose::ClientAuth, false);
    let both = format!("{}{}", issued.certificate, issued.key.serialize_pem());
    let expected = issued.identity();
    assert_eq!(
        Identity::from_pem(&both, &both).unwrap().certificate(),
        expected.certificate()
    );

    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let (certificate, key) = (issued.certificate.clone(), issued.key.serialize_pem());
    for (name, content) in [
        ("A/cluster.server.certificate.pfx", "x"),
        ("admin.client.certificate.a.crt", &certificate),
        ("admin.client.certificate.a.key", &key),
    ] {
        writer
            .start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    let archive = writer.finish().unwrap().into_inner();
    let no_password = SecretString::from("");
    assert_eq!(
        Identity::from_setup_zip(&archive, &no_password).unwrap().certificate(),
        expected.certificate()
    );
    let error = Identity::from_pkcs12(&archive, &no_password).unwrap_err();
    assert!(error.to_string().contains("this is a zip archive"), "{error}");
    assert!(
        Identity::from_setup_zip(b"no zip", &no_password)
            .unwrap_err()
            .is_configuration()
    );
    assert!(!format!("{expected:?}").contains("PRIVATE"));
}
