//! A server on the routes of these tests, and clients with certificates.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use certward_pki::Thumbprint;
use certward_server::clock::{Clock, SystemClock};
use certward_server::config::{CommandLine, Settings, Sources};
use certward_server::issuer::setup::{CertificateAuthority, create_ca, create_server_certificate};
use certward_server::server::{RunningServer, Server, StartError};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::routes::routes;

/// A running server, and what belongs to it.
pub(super) struct Fixture {
    pub(super) running: Option<RunningServer>,
    pub(super) address: SocketAddr,
    pub(super) authority: CertificateAuthority,
    pub(super) folder: TempDir,
    pub(super) administrator: Identity,
}

/// A certificate with its key.
pub(super) struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Fixture {
    /// A server with these settings beside the necessary ones.
    pub(super) async fn start(settings: &[&str]) -> Self {
        Self::start_at(settings, Arc::new(SystemClock)).await
    }

    pub(super) async fn start_at(settings: &[&str], clock: Arc<dyn Clock>) -> Self {
        Self::start_serving(settings, clock, async |settings, clock| {
            Server::start_with_routes(settings, clock, routes).await
        })
        .await
    }

    /// A server with RavenDB's own routes.
    pub(super) async fn start_ravendb(clock: Arc<dyn Clock>) -> Self {
        Self::start_serving(&[], clock, async |settings, clock| Server::start(settings, clock).await).await
    }

    async fn start_serving(
        settings: &[&str],
        clock: Arc<dyn Clock>,
        start: impl AsyncFnOnce(Settings, Arc<dyn Clock>) -> Result<RunningServer, StartError>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = create_ca(clock.now()).unwrap();
        let created = create_server_certificate(&authority, &[], clock.now()).unwrap();
        let pem = format!("{}{}", created.chain_pem(), created.private_key_pem());
        write_private(&folder, "server.pem", &pem);
        let server = created.to_server_certificate().unwrap();
        let administrator = Identity {
            chain: vec![server.certificate().der().clone()],
            key: <PrivateKeyDer<'static> as rustls::pki_types::pem::PemObject>::from_pem_slice(
                created.private_key_pem().as_bytes(),
            )
            .unwrap(),
        };
        let running = start(read_settings(&folder, settings), clock).await.unwrap();
        let address = running.ravendb_address();
        Self {
            running: Some(running),
            address,
            authority,
            folder,
            administrator,
        }
    }

    /// The same server, whose clients now go to Redis Enterprise's API.
    pub(super) fn at_redis_enterprise(mut self) -> Self {
        let running = self.running.as_ref().unwrap();
        self.address = running.redis_enterprise_address().unwrap();
        self
    }

    /// Starts the server again, on the same files.
    pub(super) async fn restart(&mut self) {
        let settings = read_settings(&self.folder, &[]);
        let running = Server::start_with_routes(settings, Arc::new(SystemClock), routes)
            .await
            .unwrap();
        self.address = running.ravendb_address();
        self.running = Some(running);
    }

    /// A TLS connection with this certificate, or none.
    pub(super) async fn connect(&self, identity: Option<&Identity>) -> std::io::Result<TlsStream<TcpStream>> {
        self.connect_with(self.client_config(identity), "localhost").await
    }

    pub(super) async fn connect_with(
        &self,
        config: Arc<ClientConfig>,
        name: &str,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let tcp = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from(name.to_owned()).unwrap();
        TlsConnector::from(config).connect(name, tcp).await
    }

    pub(super) fn client_config(&self, identity: Option<&Identity>) -> Arc<ClientConfig> {
        self.client_config_for(identity, rustls::DEFAULT_VERSIONS)
    }

    pub(super) fn client_config_for(
        &self,
        identity: Option<&Identity>,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> Arc<ClientConfig> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.authority.certificate().der().clone()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        Arc::new(match identity {
            Some(identity) => builder
                .with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())
                .unwrap(),
            None => builder.with_no_client_auth(),
        })
    }

    /// An HTTP/1.1 connection with this certificate, or none.
    pub(super) async fn http(&self, identity: Option<&Identity>) -> Http {
        Http::over(self.connect(identity).await.unwrap()).await
    }

    /// Registers a new identity with this clearance.
    pub(super) async fn register(&self, clearance: &str) -> Identity {
        let identity = Identity::new("client");
        self.register_identity(&identity, clearance).await;
        identity
    }

    pub(super) async fn register_identity(&self, identity: &Identity, clearance: &str) {
        let mut administrator = self.http(Some(&self.administrator)).await;
        let registered = administrator
            .send("PUT", &format!("/certificates/{clearance}"), identity.chain[0].to_vec())
            .await;
        assert_eq!(registered, (StatusCode::OK, String::new()));
    }

    pub(super) async fn delete(&self, identity: &Identity) {
        let mut administrator = self.http(Some(&self.administrator)).await;
        let deleted = administrator
            .send("DELETE", &format!("/certificates/{}", identity.thumbprint()), vec![])
            .await;
        assert_eq!(deleted, (StatusCode::OK, String::new()));
    }
}

/// Settings from the command line, in `folder`, with a free port.
pub(super) fn read_settings(folder: &TempDir, settings: &[&str]) -> Settings {
    Settings::from_sources(&sources(folder, settings)).unwrap()
}

/// The error for these invalid settings.
pub(super) fn refused_settings(folder: &TempDir) -> String {
    Settings::from_sources(&sources(folder, &[])).unwrap_err().to_string()
}

fn sources(folder: &TempDir, settings: &[&str]) -> Sources {
    let path = folder.path().display();
    let necessary = [
        format!("--DataDir={path}/data"),
        format!("--Security.Certificate.Path={path}/server.pem"),
        "--Certward.ClientCertificate.KeyPoolSize=0".to_owned(),
    ];
    let free_port = (!settings.iter().any(|given| given.starts_with("--ServerUrl=")))
        .then(|| "--ServerUrl=https://127.0.0.1:0".to_owned());
    let arguments = free_port
        .into_iter()
        .chain(necessary)
        .chain(settings.iter().map(ToString::to_string));
    Sources::read(&CommandLine::parse(arguments), std::iter::empty()).unwrap()
}

/// Tries to start with these settings, and expects it to fail.
pub(super) async fn refused_start(folder: &TempDir, settings: &[&str]) -> StartError {
    let started = Server::start_with_routes(read_settings(folder, settings), Arc::new(SystemClock), routes).await;
    started.expect_err("the server has started")
}

pub(super) fn write_private(folder: &TempDir, name: &str, content: &str) {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let path = folder.path().join(name);
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .unwrap();
    file.write_all(content.as_bytes()).unwrap();
}

impl Identity {
    /// A self-signed certificate.
    pub(super) fn new(name: &str) -> Self {
        Self::made(name, |_| {})
    }

    pub(super) fn made(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.distinguished_name.push(DnType::CommonName, name);
        change(&mut parameters);
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        Self {
            chain: vec![certificate.der().clone()],
            key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        }
    }

    pub(super) fn thumbprint(&self) -> Thumbprint {
        Thumbprint::of(&self.chain[0])
    }
}

/// An HTTP/1.1 connection.
pub(super) struct Http {
    sender: http1::SendRequest<Full<Bytes>>,
    connection: tokio::task::JoinHandle<()>,
}

impl Http {
    pub(super) async fn over(stream: TlsStream<TcpStream>) -> Self {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(async move {
            let _ = connection.await;
        });
        Self { sender, connection }
    }

    pub(super) async fn get(&mut self, path: &str) -> (StatusCode, String) {
        self.send("GET", path, Vec::new()).await
    }

    pub(super) async fn get_as(&mut self, path: &str, authorization: &str) -> (StatusCode, String) {
        let request = Request::get(path)
            .header("host", "localhost")
            .header("authorization", authorization);
        self.answer(request.body(Full::default()).unwrap()).await.unwrap()
    }

    pub(super) async fn send(&mut self, method: &str, path: &str, body: Vec<u8>) -> (StatusCode, String) {
        self.try_send(method, path, body).await.unwrap()
    }

    pub(super) async fn try_send(
        &mut self,
        method: &str,
        path: &str,
        body: Vec<u8>,
    ) -> hyper::Result<(StatusCode, String)> {
        let request = Request::builder().method(method).uri(path).header("host", "localhost");
        self.answer(request.body(Full::from(body)).unwrap()).await
    }

    async fn answer(&mut self, request: Request<Full<Bytes>>) -> hyper::Result<(StatusCode, String)> {
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }

    /// True if the server closes the connection within `time`.
    pub(super) async fn closes_within(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, &mut self.connection).await.is_ok()
    }
}
