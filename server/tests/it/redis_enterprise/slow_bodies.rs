//! A body comes as slowly as its sender likes. Whoever lost its rights meanwhile is refused on every route that takes one,
//! on both APIs: the routes are those of the OpenAPI documents, so that a new one is held to this too.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::KeyPair;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::house::{House, PASSWORD, params};

/// A request whose body has begun.
struct Begun {
    route: String,
    connection: TlsStream<TcpStream>,
}

impl Begun {
    /// Sends the head and the first byte of the body `{}`.
    async fn begin(address: SocketAddr, config: &Arc<ClientConfig>, route: &str, header: &str) -> Self {
        let tcp = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::clone(config));
        let mut connection = connector.connect(name, tcp).await.unwrap();
        let head = format!(
            "{route} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
             {header}Content-Length: 2\r\n\r\n{{"
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        Self {
            route: route.to_owned(),
            connection,
        }
    }

    /// Sends the rest of the body, and returns the response.
    async fn end(mut self) -> (String, String) {
        // One that was answered already may be closed.
        let _ = self.connection.write_all(b"}").await;
        let mut answer = Vec::new();
        let _ = self.connection.read_to_end(&mut answer).await;
        (self.route, String::from_utf8_lossy(&answer).into_owned())
    }
}

/// The routes with a body in an OpenAPI document, as `METHOD /path` with 1 for each part of the path.
fn routes_with_a_body(document: &Value) -> Vec<String> {
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path: Vec<&str> = path
            .split('/')
            .map(|part| match part {
                "{action}" => "flush",
                _ if part.starts_with('{') => "1",
                _ => part,
            })
            .collect();
        for (method, operation) in methods.as_object().unwrap() {
            if operation.get("requestBody").is_some() {
                routes.push(format!("{} {}", method.to_uppercase(), path.join("/")));
            }
        }
    }
    routes
}

#[tokio::test]
async fn on_redis_enterprises_api_a_body_that_comes_after_its_sender_was_deleted_is_refused() {
    let house = House::open().await;
    // So that no route is about the caller itself.
    house.user("alice", &[1]).await;
    let uid = house.user("mallory", &[1]).await;
    house.basic("mallory").get("/v1/cluster").await.expect(200);
    let document = house.admin.get("/v1/openapi.json").await.expect(200);
    let credentials = STANDARD.encode(format!("mallory:{PASSWORD}"));
    let header = format!("Authorization: Basic {credentials}\r\n");
    let (address, config) = house.stranger().target();
    let mut begun = Vec::new();
    for route in routes_with_a_body(&document) {
        // Who creates the cluster, and who wants a token, is asked after the body.
        if !route.contains("/v1/bootstrap/") && !route.ends_with("/v1/users/authorize") {
            begun.push(Begun::begin(address, &config, &route, &header).await);
        }
    }
    assert!(begun.len() >= 20, "{} routes", begun.len());
    tokio::time::sleep(WAIT).await;
    house.admin.delete(&format!("/v1/users/{uid}")).await.expect(200);
    for request in begun {
        let (route, answer) = request.end().await;
        assert!(answer.contains("the caller lost its rights"), "{route}: {answer}");
    }
}

#[tokio::test]
async fn on_ravendbs_api_a_body_that_comes_after_its_sender_was_deleted_is_refused() {
    let house = House::open().await;
    let key = KeyPair::generate().unwrap();
    let client = params("mallory").self_signed(&key).unwrap();
    let address = house.server.ravendb_address();
    let own = house.with_server_certificate().at(address);
    let registered = json!({
        "Name": "mallory",
        "SecurityClearance": "ClusterAdmin",
        "Certificate": STANDARD.encode(client.der()),
    });
    assert_eq!(own.put("/admin/certificates", &registered).await.status, 201);
    let document = own.get("/openapi.json").await.expect(200);
    let mallory = (vec![client.der().clone()], key);
    let (_, config) = house.with_certificate(&mallory).target();
    let mut begun = Vec::new();
    for route in routes_with_a_body(&document) {
        // Whose code it is, is asked after the body.
        if !route.ends_with("/authentication/2fa") {
            begun.push(Begun::begin(address, &config, &route, "").await);
        }
    }
    assert!(begun.len() >= 4, "{} routes", begun.len());
    tokio::time::sleep(WAIT).await;
    let thumbprint = certward_pki::Thumbprint::of(client.der());
    let deleted = own
        .delete(&format!("/admin/certificates?thumbprint={thumbprint}"))
        .await;
    assert_eq!(deleted.status, 204);
    for request in begun {
        let (route, answer) = request.end().await;
        assert!(answer.contains("lost its rights"), "{route}: {answer}");
    }
}

/// Long enough for the server to have read the heads.
const WAIT: Duration = Duration::from_secs(2);
