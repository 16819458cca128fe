//! The second API listener: who a connection is there, and when it is closed.

use std::sync::Arc;
use std::time::Duration;

use certward_server::clock::ManualClock;
use http::StatusCode;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::PrivateKeyDer;
use time::OffsetDateTime;
use time::macros::datetime;

use super::support::{Fixture, Http, Identity};

const NOW: OffsetDateTime = datetime!(2026-11-22 02:10:00 UTC);
const LISTEN: &str = "--Certward.RedisEnterprise.ServerUrl=https://127.0.0.1:0";

/// A CA of the team's own, and client certificates from it.
struct TeamCa(CertifiedIssuer<'static, KeyPair>);

impl TeamCa {
    fn until(not_after: OffsetDateTime) -> Self {
        let mut parameters = parameters("team CA", not_after);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Self(CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap())
    }

    fn client(&self, name: &str, not_after: OffsetDateTime) -> Identity {
        let mut parameters = parameters(name, not_after);
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.signed_by(&key, &self.0).unwrap();
        Identity {
            chain: vec![certificate.der().clone()],
            key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        }
    }

    fn pem(&self) -> Vec<u8> {
        self.0.pem().into_bytes()
    }
}

fn parameters(name: &str, not_after: OffsetDateTime) -> CertificateParams {
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.not_before = NOW - Duration::from_secs(3600);
    parameters.not_after = not_after;
    parameters
}

/// A server that trusts a CA and knows the certificate user `alice`.
struct World {
    server: Fixture,
    clock: Arc<ManualClock>,
    ca: TeamCa,
}

impl World {
    async fn new() -> Self {
        Self::with_ca(TeamCa::until(NOW + Duration::from_secs(86_400))).await
    }

    async fn with_ca(ca: TeamCa) -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let server = Fixture::start_at(&[LISTEN], Arc::clone(&clock) as _)
            .await
            .at_redis_enterprise();
        let world = Self { server, clock, ca };
        world.administer("PUT", "/cluster/trusted-ca", world.ca.pem()).await;
        world
            .administer("PUT", "/cluster/certificate-authentication/true", Vec::new())
            .await;
        world.administer("PUT", "/cluster/users/alice", Vec::new()).await;
        world
    }

    async fn administer(&self, method: &str, path: &str, body: Vec<u8>) {
        let mut http = self.server.http(Some(&self.server.administrator)).await;
        assert_eq!(
            http.send(method, path, body).await,
            (StatusCode::OK, String::new()),
            "{path}"
        );
    }

    /// A connection of alice's.
    async fn alice(&self) -> Http {
        let identity = self.ca.client("alice", NOW + Duration::from_secs(3600));
        let mut http = self.server.http(Some(&identity)).await;
        assert_eq!(
            http.get("/cluster/whoami").await,
            (StatusCode::OK, "alice db_viewer".into())
        );
        http
    }
}

#[tokio::test]
async fn the_servers_own_certificate_administers_both_apis() {
    let world = World::new().await;
    let mut http = world.server.http(Some(&world.server.administrator)).await;
    assert_eq!(
        http.get("/cluster/whoami").await,
        (StatusCode::OK, "Server Certificate admin".into())
    );
    assert_eq!(http.get("/whoami").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_cluster_administrator_of_ravendb_is_admin_and_an_operator_is_nobody() {
    let server = Fixture::start(&[LISTEN]).await;
    let (admin, operator) = (server.register("ClusterAdmin").await, server.register("Operator").await);
    let server = server.at_redis_enterprise();
    let mut http = server.http(Some(&admin)).await;
    assert_eq!(
        http.get("/cluster/whoami").await,
        (StatusCode::OK, "client admin".into())
    );
    let mut http = server.http(Some(&operator)).await;
    let refused = (StatusCode::UNAUTHORIZED, "certificate_authentication_off".into());
    assert_eq!(http.get("/cluster/whoami").await, refused);
}

#[tokio::test]
async fn a_deleted_user_has_its_open_connections_closed() {
    let world = World::new().await;
    let (mut alice, mut unused) = (world.alice().await, world.alice().await);
    world.administer("DELETE", "/cluster/users/alice", Vec::new()).await;
    assert!(alice.closes_within(Duration::from_secs(1)).await);
    assert!(unused.closes_within(Duration::from_secs(1)).await);
}

#[tokio::test]
async fn another_ca_or_none_at_all_closes_the_connections_of_the_first() {
    let world = World::new().await;
    let mut alice = world.alice().await;
    let other = TeamCa::until(NOW + Duration::from_secs(86_400));
    world.administer("PUT", "/cluster/trusted-ca", other.pem()).await;
    assert!(alice.closes_within(Duration::from_secs(1)).await);

    world.administer("PUT", "/cluster/trusted-ca", world.ca.pem()).await;
    let mut alice = world.alice().await;
    world
        .administer("PUT", "/cluster/certificate-authentication/false", Vec::new())
        .await;
    assert!(alice.closes_within(Duration::from_secs(1)).await);
}

#[tokio::test]
async fn a_connection_is_closed_when_its_certificate_or_the_ca_expires() {
    let world = World::with_ca(TeamCa::until(NOW + Duration::from_secs(1800))).await;
    let brief = world.ca.client("alice", NOW + Duration::from_secs(100));
    let mut brief = world.server.http(Some(&brief)).await;
    assert_eq!(brief.get("/cluster/whoami").await.0, StatusCode::OK);
    let mut alice = world.alice().await;
    // Within the last second, past its beginning: the timer has looked at the connection by then.
    world.clock.set(NOW + Duration::from_millis(100_300));
    assert!(
        !brief.closes_within(Duration::from_millis(600)).await,
        "the last second is included"
    );
    world.clock.set(NOW + Duration::from_secs(101));
    assert!(brief.closes_within(Duration::from_secs(1)).await);
    assert!(!alice.closes_within(Duration::from_millis(600)).await);
    world.clock.set(NOW + Duration::from_secs(1801));
    assert!(alice.closes_within(Duration::from_secs(1)).await);
}

#[tokio::test]
async fn a_connection_that_was_trusted_only_later_is_closed_at_the_end_of_the_ca_too() {
    let world = World::with_ca(TeamCa::until(NOW + Duration::from_secs(86_400))).await;
    let brief_ca = TeamCa::until(NOW + Duration::from_secs(1800));
    let identity = brief_ca.client("alice", NOW + Duration::from_secs(3600));
    let mut http = world.server.http(Some(&identity)).await;
    assert_eq!(http.get("/cluster/whoami").await.0, StatusCode::UNAUTHORIZED);
    world.administer("PUT", "/cluster/trusted-ca", brief_ca.pem()).await;
    assert_eq!(http.get("/cluster/whoami").await.0, StatusCode::OK);
    world.clock.set(NOW + Duration::from_secs(1801));
    assert!(http.closes_within(Duration::from_secs(1)).await);
}

#[tokio::test]
async fn a_deleted_cluster_administrator_has_its_connections_closed_there_too() {
    let server = Fixture::start(&[LISTEN]).await;
    let admin = server.register("ClusterAdmin").await;
    let ravendb = server.address;
    let mut server = server.at_redis_enterprise();
    let mut http = server.http(Some(&admin)).await;
    assert_eq!(http.get("/cluster/whoami").await.0, StatusCode::OK);
    server.address = ravendb;
    server.delete(&admin).await;
    assert!(http.closes_within(Duration::from_secs(1)).await);
}

#[tokio::test]
async fn a_password_is_decided_for_each_request_and_cuts_no_connection() {
    let world = World::new().await;
    world
        .administer("PUT", "/cluster/users/bob", b"correct horse".to_vec())
        .await;
    let mut http = world.server.http(None).await;
    // "bob:correct horse"
    let authorization = "Basic Ym9iOmNvcnJlY3QgaG9yc2U=";
    let admitted = (StatusCode::OK, "bob db_viewer".to_owned());
    assert_eq!(http.get_as("/cluster/whoami", authorization).await, admitted);
    assert_eq!(
        http.get("/cluster/whoami").await,
        (StatusCode::UNAUTHORIZED, "no_certificate".into())
    );
    world.administer("DELETE", "/cluster/users/bob", Vec::new()).await;
    let refused = (StatusCode::UNAUTHORIZED, "wrong_password".to_owned());
    assert_eq!(http.get_as("/cluster/whoami", authorization).await, refused);
    assert!(!http.closes_within(Duration::from_millis(500)).await);
}

#[tokio::test]
async fn the_oldest_tls_of_the_settings_holds_for_new_connections_of_this_listener() {
    let server = Fixture::start(&[LISTEN]).await;
    let ravendb = server.address;
    let mut server = server.at_redis_enterprise();
    let connect = async |server: &Fixture| {
        let config = server.client_config_for(Some(&server.administrator), &[&rustls::version::TLS12]);
        server.connect_with(config, "localhost").await
    };
    let mut open = Http::over(connect(&server).await.unwrap()).await;
    assert_eq!(open.send("PUT", "/cluster/tls-1.3", Vec::new()).await.0, StatusCode::OK);
    assert_eq!(
        open.get("/cluster/whoami").await.0,
        StatusCode::OK,
        "an open connection goes on"
    );
    assert!(connect(&server).await.is_err());
    server.http(Some(&server.administrator)).await;
    server.address = ravendb;
    connect(&server).await.unwrap();
}
