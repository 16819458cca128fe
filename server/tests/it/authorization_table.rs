//! Authorization of every route of RavenDB's dialect.
//!
//! Every kind of caller requests every route, and the statuses are compared with `authorization_table.txt`. A new route
//! fails this test until the table says who may use it.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certward_server::clock::SystemClock;
use certward_server::config::{CommandLine, Settings, Sources};
use certward_server::ravendb::api::{Access, ROUTES};
use certward_server::ravendb::model::clearance::Level;
use certward_server::server::{RunningServer, Server};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, RsaKeySize};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

#[tokio::test]
async fn every_route_is_open_to_those_the_table_says_and_to_nobody_else() {
    let house = House::open().await;
    let mut table = String::from(HEADING);
    for route in ROUTES {
        let method = if route.method == "*" { "GET" } else { route.method };
        let path = route.path.replace("{name}", "northwind").replace("{*route}", "stats");
        let mut statuses = Vec::new();
        for caller in &house.callers {
            statuses.push(house.status(caller, method, &path).await);
        }
        let expected_refusals = match route.access {
            Access::Anybody => 0,
            Access::Level(Level::ValidUser) => 2,
            Access::Level(Level::Operator) => 3,
            Access::Level(Level::ClusterAdmin) => 4,
        };
        let refusals = statuses.iter().filter(|status| **status == 403).count();
        if route.path != "/studio/index.html" && !route.path.starts_with("/databases/") {
            assert_eq!(refusals, expected_refusals, "{method} {path}: {statuses:?}");
        }
        let statuses: Vec<_> = statuses.iter().map(u16::to_string).collect();
        writeln!(table, "{:<6} {:<55} {}", route.method, route.path, statuses.join(" ")).unwrap();
    }
    house.server.shutdown().await;
    let golden = include_str!("authorization_table.txt");
    assert_eq!(golden, table, "the table that was found:\n{table}");
}

#[tokio::test]
async fn every_route_of_certwards_own_refuses_a_query_parameter_that_it_does_not_have() {
    let house = House::open().await;
    let admin = house.callers.last().unwrap();
    let known = [
        ("/certward/connections", "limit=1", 200),
        ("/certward/removals/certificates", "thumbprint=AB", 404),
    ];
    let own: Vec<_> = ROUTES
        .iter()
        .map(|route| route.path)
        .filter(|path| path.starts_with("/certward/"))
        .collect();
    assert_eq!(own, known.map(|(path, ..)| path));
    for (path, query, status) in known {
        assert_eq!(
            house.status(admin, "GET", &format!("{path}?{query}")).await,
            status,
            "{path}"
        );
        let with_another = format!("{path}?{query}&nonsense=1");
        assert_eq!(house.status(admin, "GET", &with_another).await, 400, "{path}");
    }
    house.server.shutdown().await;
}

/// A server and those who call it, in the order of the table's columns.
struct House {
    server: RunningServer,
    certificate: CertificateDer<'static>,
    callers: Vec<Arc<ClientConfig>>,
    _directory: tempfile::TempDir,
}

impl House {
    async fn open() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        let certificate = params("house").self_signed(&key).unwrap();
        let pem = directory.path().join("server.pem");
        std::fs::write(&pem, certificate.pem() + &key.serialize_pem()).unwrap();
        std::fs::set_permissions(&pem, std::fs::Permissions::from_mode(0o600)).unwrap();
        let server = start(directory.path(), &pem).await;
        let own = config(certificate.der(), Some((certificate.der().clone(), &key)));
        let mut house = Self {
            server,
            certificate: certificate.der().clone(),
            callers: Vec::new(),
            _directory: directory,
        };
        house.callers.push(config(certificate.der(), None));
        for clearance in [None, Some("ValidUser"), Some("Operator"), Some("ClusterAdmin")] {
            let key = KeyPair::generate().unwrap();
            let client = params(clearance.unwrap_or("stranger")).self_signed(&key).unwrap();
            if let Some(clearance) = clearance {
                let body = format!(
                    r#"{{"Name":"{clearance}","SecurityClearance":"{clearance}","Certificate":"{}"}}"#,
                    STANDARD.encode(client.der())
                );
                let status = send(
                    house.server.ravendb_address(),
                    &own,
                    "PUT",
                    "/admin/certificates",
                    &body,
                )
                .await;
                assert_eq!(status, 201);
            }
            house
                .callers
                .push(config(certificate.der(), Some((client.der().clone(), &key))));
        }
        house
    }

    async fn status(&self, caller: &Arc<ClientConfig>, method: &str, path: &str) -> u16 {
        assert!(!self.certificate.is_empty());
        send(self.server.ravendb_address(), caller, method, path, "").await
    }
}

async fn start(directory: &Path, certificate: &Path) -> RunningServer {
    let arguments = [
        "--ServerUrl=https://127.0.0.1:0".to_owned(),
        format!("--DataDir={}", directory.join("data").display()),
        format!("--Security.Certificate.Path={}", certificate.display()),
        "--Certward.ClientCertificate.KeyPoolSize=0".to_owned(),
    ];
    let sources = Sources::read(&CommandLine::parse(arguments), []).unwrap();
    let settings = Settings::from_sources(&sources).unwrap();
    Server::start(settings, Arc::new(SystemClock)).await.unwrap()
}

fn params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params
}

fn config(root: &CertificateDer<'_>, identity: Option<(CertificateDer<'static>, &KeyPair)>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone().into_owned()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    Arc::new(match identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
            builder.with_client_auth_cert(vec![certificate], key).unwrap()
        }
    })
}

/// Sends one request on a connection of its own and gives the status.
async fn send(address: SocketAddr, caller: &Arc<ClientConfig>, method: &str, path: &str, body: &str) -> u16 {
    let tcp = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut tls = TlsConnector::from(Arc::clone(caller)).connect(name, tcp).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    tls.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // The end of the connection may come without a close_notify; what was read before it counts.
    let _ = tls.read_to_end(&mut answer).await;
    let status_line = String::from_utf8_lossy(&answer);
    status_line
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or_else(|| panic!("{method} {path}"))
}

const HEADING: &str =
    "method path                                                    none stranger ValidUser Operator ClusterAdmin\n";
