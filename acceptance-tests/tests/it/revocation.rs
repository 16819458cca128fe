//! A deleted certificate is refused from the next request on, also on a connection that is already open.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certward::pki::Thumbprint;
use certward_acceptance_tests::mutual_tls::{Connection, client_config};
use certward_acceptance_tests::programs::long_tests;
use certward_acceptance_tests::reference_server::ReferenceServer;
use certward_acceptance_tests::test_pki::Identity;

/// The server, an administrator's connection, and a way in for a certificate.
struct Scene {
    server: ReferenceServer,
    admin: Connection,
}

impl Scene {
    async fn open() -> Self {
        let server = ReferenceServer::start();
        let config = client_config(
            &server.read("ca.crt"),
            Some((&server.read("admin.crt"), &server.read("admin.key"))),
        );
        let admin = Connection::open(server.address(), &config).await.unwrap();
        Self { server, admin }
    }

    async fn register(&mut self, identity: &Identity) -> Thumbprint {
        let body = serde_json::json!({
            "Name": "revoked", "SecurityClearance": "ValidUser", "Permissions": {},
            "Certificate": STANDARD.encode(&identity.certificate),
        });
        let answer = self
            .admin
            .request("PUT", "/admin/certificates", body.to_string().as_bytes())
            .await
            .unwrap();
        assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
        Thumbprint::of(&identity.certificate)
    }

    async fn delete(&mut self, thumbprint: &Thumbprint) {
        let path = format!("/admin/certificates?thumbprint={thumbprint}");
        assert_eq!(self.admin.request("DELETE", &path, b"").await.unwrap().status, 204);
    }

    async fn connect(&self, identity: &Identity) -> Connection {
        let ca = self.server.read("ca.crt");
        let config = client_config(&ca, Some((&identity.certificate_pem, &identity.private_key_pem)));
        Connection::open(self.server.address(), &config).await.unwrap()
    }
}

#[tokio::test]
async fn the_first_request_after_the_deletion_is_refused_1000_of_1000() {
    let rounds = if long_tests() { 10_000 } else { 1000 };
    let mut scene = Scene::open().await;
    let identity = Identity::self_signed("revoked");
    for round in 0..rounds {
        let thumbprint = scene.register(&identity).await;
        let mut connection = scene.connect(&identity).await;
        let before = connection.request("GET", "/build/version", b"").await.unwrap();
        assert_eq!(before.status, 200, "round {round}");
        scene.delete(&thumbprint).await;
        // The server may have closed the connection already; what it must not do is answer as before.
        if let Ok(after) = connection.request("GET", "/build/version", b"").await {
            assert_eq!(after.status, 403, "round {round}");
        }
    }
}

#[tokio::test]
async fn a_request_in_a_stream_of_requests_is_refused_once_the_deletion_is_answered() {
    let mut scene = Scene::open().await;
    let identity = Identity::self_signed("streaming");
    for _ in 0..20 {
        let thumbprint = scene.register(&identity).await;
        let mut connection = scene.connect(&identity).await;
        let stream = tokio::spawn(async move {
            let mut started = Instant::now();
            let mut last_admitted = None;
            while let Ok(answer) = connection.request("GET", "/build/version", b"").await {
                match answer.status {
                    200 => last_admitted = Some(started),
                    403 => break,
                    other => panic!("status {other}"),
                }
                started = Instant::now();
            }
            last_admitted
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        scene.delete(&thumbprint).await;
        let deleted = Instant::now();
        let last_admitted = stream.await.unwrap().expect("requests were admitted before");
        assert!(
            last_admitted <= deleted,
            "a request that started after the deletion's answer was admitted"
        );
    }
}

#[tokio::test]
async fn an_idle_connection_of_a_deleted_certificate_is_closed_within_a_second() {
    let mut scene = Scene::open().await;
    let identity = Identity::self_signed("idle");
    let thumbprint = scene.register(&identity).await;
    let mut connection = scene.connect(&identity).await;
    assert_eq!(
        connection
            .request("GET", "/certificates/whoami", b"")
            .await
            .unwrap()
            .status,
        200
    );
    scene.delete(&thumbprint).await;
    tokio::time::timeout(Duration::from_secs(1), connection.closed())
        .await
        .expect("closed within a second")
        .unwrap();
}

#[tokio::test]
async fn an_idle_connection_of_another_certificate_stays_open() {
    let mut scene = Scene::open().await;
    let (deleted, kept) = (Identity::self_signed("deleted"), Identity::self_signed("kept"));
    let thumbprint = scene.register(&deleted).await;
    scene.register(&kept).await;
    let mut connection = scene.connect(&kept).await;
    assert_eq!(
        connection
            .request("GET", "/certificates/whoami", b"")
            .await
            .unwrap()
            .status,
        200
    );
    scene.delete(&thumbprint).await;
    assert!(
        tokio::time::timeout(Duration::from_millis(1200), connection.closed())
            .await
            .is_err()
    );
    assert_eq!(
        connection
            .request("GET", "/certificates/whoami", b"")
            .await
            .unwrap()
            .status,
        200
    );
}
