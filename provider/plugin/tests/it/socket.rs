//! Access to the socket of a running provider.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use base64::Engine;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio_rustls::TlsConnector;

use crate::terraform::trivial_provider;

const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// The client certificate that Terraform generates for each provider: self-signed, P-521, CA:TRUE.
struct Client {
    certificate: rcgen::Certificate,
    key: rcgen::KeyPair,
}

impl Client {
    fn new() -> Self {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512).unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        Self {
            certificate: params.self_signed(&key).unwrap(),
            key,
        }
    }

    /// Certificate and key as they are, also when they do not belong together.
    fn identity(&self) -> SingleCertAndKey {
        let key = PrivatePkcs8KeyDer::from(self.key.serialize_der()).into();
        let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).unwrap();
        SingleCertAndKey::from(CertifiedKey::new(vec![self.certificate.der().clone()], key))
    }
}

/// A provider that was started as Terraform starts it.
struct Provider {
    child: Child,
    socket: PathBuf,
    certificate: CertificateDer<'static>,
    _directory: TempDir,
}

impl Provider {
    fn start(client: &Client) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut child = Command::new(trivial_provider())
            .env("TF_PLUGIN_MAGIC_COOKIE", COOKIE)
            .env("PLUGIN_PROTOCOL_VERSIONS", "6,5")
            .env("PLUGIN_CLIENT_CERT", client.certificate.pem())
            .env("TMPDIR", directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let parts: Vec<&str> = line.trim_end().split('|').collect();
        assert_eq!(
            (parts[0], parts[1], parts[2], parts[4]),
            ("1", "6", "unix", "grpc"),
            "{line}"
        );
        let certificate = base64::engine::general_purpose::STANDARD_NO_PAD
            .decode(parts[5])
            .unwrap()
            .into();
        Self {
            child,
            socket: parts[3].into(),
            certificate,
            _directory: directory,
        }
    }

    /// Connects as a gRPC client does, and answers whether the server speaks HTTP/2 to it.
    async fn speaks_to(&self, client: Option<&Client>) -> bool {
        self.speaks(client, rustls::ALL_VERSIONS).await
    }

    async fn speaks(&self, client: Option<&Client>, versions: &[&'static SupportedProtocolVersion]) -> bool {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match client {
            None => builder.with_no_client_auth(),
            Some(client) => builder.with_client_cert_resolver(Arc::new(client.identity())),
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        let stream = UnixStream::connect(&self.socket).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let Ok(mut stream) = TlsConnector::from(Arc::new(config)).connect(name, stream).await else {
            return false;
        };
        if stream
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
            .await
            .is_err()
        {
            return false;
        }
        let mut frame = [0; 9];
        // A server that lets the client in sends its settings (frame type 4) first.
        stream.read_exact(&mut frame).await.is_ok_and(|_| frame[3] == 4)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[tokio::test]
async fn process_without_terraforms_certificate_is_refused() {
    let terraform = Client::new();
    let provider = Provider::start(&terraform);
    assert!(!provider.speaks_to(None).await, "without a certificate");
    assert!(
        !provider.speaks_to(Some(&Client::new())).await,
        "with a certificate of its own"
    );
    let thief = Client {
        certificate: Client::new().certificate,
        key: rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512).unwrap(),
    };
    assert!(
        !provider.speaks_to(Some(&thief)).await,
        "with a key that is not the certificate's"
    );
    assert!(provider.speaks_to(Some(&terraform)).await, "Terraform itself");
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        assert!(provider.speaks(Some(&terraform), &[version]).await, "{version:?}");
        assert!(!provider.speaks(Some(&thief), &[version]).await, "{version:?}");
    }
}

#[tokio::test]
async fn process_of_another_user_is_refused() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can become another user");
        return;
    }
    let terraform = Client::new();
    let provider = Provider::start(&terraform);
    let directory = provider.socket.parent().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(directory), 0o700);
    let (reached, _) = as_nobody(&provider.socket);
    assert!(!reached, "the directory keeps another user out");

    // And if the directory were open: the socket tells who comes.
    for path in [directory.parent().unwrap(), directory, &provider.socket] {
        fs::set_permissions(path, Permissions::from_mode(0o777)).unwrap();
    }
    let (reached, talked) = as_nobody(&provider.socket);
    assert!(
        reached && !talked,
        "another user reached the socket: {reached}, was talked to: {talked}"
    );
    assert!(
        provider.speaks_to(Some(&terraform)).await,
        "the own user still comes in"
    );
}

/// Returns whether another user can open the socket, and whether a TLS server answers there.
fn as_nobody(socket: &Path) -> (bool, bool) {
    let output = Command::new("curl")
        .args(["--silent", "--insecure", "--show-error", "--verbose", "--unix-socket"])
        .arg(socket)
        .arg("https://localhost/")
        .uid(65534)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    (!text.contains("Permission denied"), text.contains("Server hello"))
}

#[test]
fn without_a_client_certificate_the_provider_does_not_start() {
    let output = Command::new(trivial_provider())
        .env("TF_PLUGIN_MAGIC_COOKIE", COOKIE)
        .env_remove("PLUGIN_CLIENT_CERT")
        .output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("PLUGIN_CLIENT_CERT is not set"), "{text}");
}
