//! A server that speaks the API, and those who call it.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certward_server::clock::{Clock as _, SystemClock};
use certward_server::config::{CommandLine, Settings, Sources};
use certward_server::server::{RunningServer, Server};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The password of every user that a test makes.
pub(super) const PASSWORD: &str = "correct-horse-battery";

/// A server, and its administrator, who holds the server's own certificate.
pub(super) struct House {
    pub(super) server: RunningServer,
    pub(super) admin: Client,
    root: CertificateDer<'static>,
    key: KeyPair,
    directory: tempfile::TempDir,
}

/// A caller on a connection of its own, which is opened anew when the server has closed it.
pub(super) struct Client {
    address: SocketAddr,
    config: Arc<ClientConfig>,
    headers: Vec<(&'static str, String)>,
    connection: Mutex<Option<TlsStream<TcpStream>>>,
}

/// A response.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    /// Null if there is no body.
    pub(super) body: Value,
}

/// A CA of a team's own.
pub(super) struct Ca(CertifiedIssuer<'static, KeyPair>);

impl House {
    pub(super) async fn open() -> Self {
        Self::open_with(&[]).await
    }

    /// With these settings beside its own.
    pub(super) async fn open_with(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params("house.test").self_signed(&key).unwrap();
        let pem = directory.path().join("server.pem");
        std::fs::write(&pem, certificate.pem() + &key.serialize_pem()).unwrap();
        std::fs::set_permissions(&pem, std::fs::Permissions::from_mode(0o600)).unwrap();
        let server = start(directory.path(), arguments).await;
        let root = certificate.der().clone();
        Self {
            admin: administrator(&server, &root, &key),
            server,
            root,
            key,
            directory,
        }
    }

    /// The same after the server has been stopped and started again.
    pub(super) async fn restart(self) -> Self {
        self.server.shutdown().await;
        let server = start(self.directory.path(), &[]).await;
        Self {
            admin: administrator(&server, &self.root, &self.key),
            server,
            ..self
        }
    }

    /// The server's data directory.
    pub(super) fn data_dir(&self) -> &std::path::Path {
        &self.server.app().settings.data_dir
    }

    /// A caller without a certificate and without credentials.
    pub(super) fn stranger(&self) -> Client {
        self.client(None)
    }

    /// A caller with the server's own certificate.
    pub(super) fn with_server_certificate(&self) -> Client {
        Client::new(self.admin.address, Arc::clone(&self.admin.config))
    }

    /// A caller with a user's name and the password of this test.
    pub(super) fn basic(&self, login: &str) -> Client {
        self.basic_with(login, PASSWORD)
    }

    pub(super) fn basic_with(&self, login: &str, password: &str) -> Client {
        let credentials = STANDARD.encode(format!("{login}:{password}"));
        self.stranger().with("authorization", &format!("Basic {credentials}"))
    }

    /// A caller with a certificate.
    pub(super) fn with_certificate(&self, (chain, key): &(Vec<CertificateDer<'static>>, KeyPair)) -> Client {
        self.client(Some((chain.clone(), key)))
    }

    fn client(&self, identity: Option<(Vec<CertificateDer<'static>>, &KeyPair)>) -> Client {
        let address = self.server.redis_enterprise_address().unwrap();
        Client::new(address, config(&self.root, identity))
    }

    /// Makes a user with the roles of these uids. Its uid.
    pub(super) async fn user(&self, name: &str, role_uids: &[u32]) -> u64 {
        let body = serde_json::json!({ "name": name, "password": PASSWORD, "role_uids": role_uids });
        let made = self.admin.post("/v1/users", &body).await;
        made.expect(200)["uid"].as_u64().unwrap()
    }
}

impl Client {
    fn new(address: SocketAddr, config: Arc<ClientConfig>) -> Self {
        Self {
            address,
            config,
            headers: Vec::new(),
            connection: Mutex::default(),
        }
    }

    /// The same caller, who sends this header too.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// The same caller, at another address.
    pub(super) fn at(self, address: SocketAddr) -> Self {
        Self { address, ..self }
    }

    /// The server's address, and the caller's TLS configuration.
    pub(super) fn target(&self) -> (SocketAddr, Arc<ClientConfig>) {
        (self.address, Arc::clone(&self.config))
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "").await
    }

    pub(super) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, "").await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &body.to_string()).await
    }

    pub(super) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, &body.to_string()).await
    }

    /// Sends a request. The content type is JSON unless a header of the caller says otherwise.
    pub(super) async fn send(&self, method: &str, path: &str, body: &str) -> Answer {
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n",
            body.len()
        );
        if !self.headers.iter().any(|(name, _)| *name == "content-type") {
            head.push_str("Content-Type: application/json\r\n");
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let request = format!("{head}\r\n{body}");
        let mut connection = self.connection.lock().await;
        if let Some(open) = connection.as_mut()
            && open.write_all(request.as_bytes()).await.is_ok()
            && let Some(answer) = read(open).await
        {
            return answer;
        }
        let mut open = self.connect().await;
        open.write_all(request.as_bytes()).await.unwrap();
        let answer = read(&mut open)
            .await
            .unwrap_or_else(|| panic!("{method} {path}: no answer"));
        *connection = Some(open);
        answer
    }

    async fn connect(&self) -> TlsStream<TcpStream> {
        let tcp = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::clone(&self.config))
            .connect(name, tcp)
            .await
            .unwrap()
    }
}

impl Answer {
    /// The body, when the status is this one.
    pub(super) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// The `error_code` of a refusal with this status, whose texts are in order.
    pub(super) fn refused(&self, status: u16) -> &str {
        assert_eq!(self.status, status, "{}", self.body);
        assert!(
            self.body["description"].as_str().is_some_and(|text| !text.is_empty()),
            "{}",
            self.body
        );
        assert_eq!(self.body["description"], self.body["message"]);
        self.body["error_code"].as_str().unwrap()
    }

    pub(super) fn description(&self) -> &str {
        self.body["description"].as_str().unwrap_or_default()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl Ca {
    pub(super) fn new(common_name: &str) -> Self {
        let mut params = params(common_name);
        params.subject_alt_names.clear();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.extended_key_usages.clear();
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a client, in the order in which its attributes are given.
    pub(super) fn issue(&self, subject: &[(DnType, &str)]) -> (Vec<CertificateDer<'static>>, KeyPair) {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, value) in subject {
            params.distinguished_name.push(kind.clone(), *value);
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.not_before = SystemClock.now() - time::Duration::HOUR;
        params.not_after = SystemClock.now() + time::Duration::DAY;
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (vec![certificate.der().clone()], key)
    }
}

/// The value of a raw file of the contract.
pub(super) fn contract(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../acceptance-tests/contract/redis_enterprise")
        .join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// A caller with the server's own certificate.
fn administrator(server: &RunningServer, certificate: &CertificateDer<'static>, key: &KeyPair) -> Client {
    let identity = Some((vec![certificate.clone()], key));
    let address = server.redis_enterprise_address().unwrap();
    Client::new(address, config(certificate, identity))
}

async fn start(directory: &Path, arguments: &[&str]) -> RunningServer {
    let own = [
        "--ServerUrl=https://127.0.0.1:0".to_owned(),
        "--Certward.RedisEnterprise.ServerUrl=https://127.0.0.1:0".to_owned(),
        format!("--DataDir={}", directory.join("data").display()),
        format!("--Security.Certificate.Path={}", directory.join("server.pem").display()),
        "--Certward.ClientCertificate.KeyPoolSize=0".to_owned(),
    ];
    let arguments = own
        .into_iter()
        .chain(arguments.iter().map(|&argument| argument.to_owned()));
    let sources = Sources::read(&CommandLine::parse(arguments), []).unwrap();
    let settings = Settings::from_sources(&sources).unwrap();
    Server::start(settings, Arc::new(SystemClock)).await.unwrap()
}

pub(super) fn params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.not_before = SystemClock.now() - time::Duration::HOUR;
    params.not_after = SystemClock.now() + time::Duration::DAY;
    params
}

fn config(root: &CertificateDer<'_>, identity: Option<(Vec<CertificateDer<'static>>, &KeyPair)>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone().into_owned()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    Arc::new(match identity {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => {
            let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    })
}

/// Reads one answer; none when the connection ends before it.
async fn read(connection: &mut TlsStream<TcpStream>) -> Option<Answer> {
    let mut received = Vec::new();
    let (head_end, length, headers, status) = loop {
        let mut chunk = [0; 4096];
        match connection.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => received.extend_from_slice(&chunk[..count]),
        }
        if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(received[..end].to_vec()).unwrap();
            let mut lines = head.split("\r\n");
            let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
            let headers: Vec<(String, String)> = lines
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
                .collect();
            let length = headers.iter().find(|(name, _)| name == "content-length");
            break (
                end + 4,
                length.map_or(0, |(_, value)| value.parse().unwrap()),
                headers,
                status,
            );
        }
    };
    while received.len() < head_end + length {
        let mut chunk = [0; 4096];
        match connection.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => received.extend_from_slice(&chunk[..count]),
        }
    }
    let body = &received[head_end..head_end + length];
    let body = if body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(body).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(body)))
    };
    Some(Answer { status, headers, body })
}
