//! Certward's own questions on both APIs: open connections, and what a removal would end.

use std::sync::atomic::{AtomicUsize, Ordering};

use certward::effects::{ConnectionList, ListConnections, Listener, RemovalEffect};
use certward::pki::{Sha256Fingerprint, Thumbprint};
use certward::redis_enterprise::{Removal, TrustScope};
use certward::{Error, ravendb, redis_enterprise};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

/// A server, and a client of each product that asks it.
struct Server {
    server: MockServer,
    ravendb: ravendb::Client,
    redis_enterprise: redis_enterprise::Client,
}

impl Server {
    async fn answering(answer: impl Respond + 'static) -> Self {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(answer).mount(&server).await;
        let key = rcgen::KeyPair::generate().unwrap();
        let anchor = rcgen::CertificateParams::default().self_signed(&key).unwrap().pem();
        let ravendb = ravendb::Client::builder().danger_allow_plain_http().max_retries(0);
        let ravendb = ravendb.endpoint(&server.uri()).trust_anchors_pem(&anchor);
        let redis = redis_enterprise::Client::builder()
            .danger_allow_plain_http()
            .max_retries(0);
        let redis = redis.endpoint(&server.uri()).trust_anchors_pem(&anchor);
        Self {
            server,
            ravendb: ravendb.build().unwrap(),
            redis_enterprise: redis.basic("admin@example.com", "canary".into()).build().unwrap(),
        }
    }

    /// Method, path and query of every request.
    async fn asked(&self) -> Vec<String> {
        let requests = self.server.received_requests().await.unwrap();
        let target = |request: &Request| match request.url.query() {
            Some(query) => format!("{} {}?{query}", request.method, request.url.path()),
            None => format!("{} {}", request.method, request.url.path()),
        };
        requests.iter().map(target).collect()
    }

    async fn effects(&self) -> [Result<Option<RemovalEffect>, Error>; 2] {
        [
            self.ravendb.removal_effect(&Thumbprint::from_bytes([0xab; 20])).await,
            self.redis_enterprise.removal_effect(&Removal::User(5.into())).await,
        ]
    }

    async fn lists(&self) -> [Result<Option<ConnectionList>, Error>; 2] {
        let list = ListConnections::new();
        [
            self.ravendb.connections().list(&list).await,
            self.redis_enterprise.connections().list_all(&list).await,
        ]
    }
}

fn connection(number: u64) -> Value {
    json!({
        "listener": "database",
        "database": { "uid": 1, "name": "cache" },
        "address": format!("127.0.0.1:{number}"),
        "opened_at": "2026-11-30T13:23:44Z",
        "identity": "unauthenticated",
    })
}

fn nothing() -> Value {
    json!({ "connections_total": 0, "connections": [], "identities_total": 0, "identities": [] })
}

fn ok(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn one_of(request: &Request, name: &str) -> Option<u64> {
    let mut query = request.url.query_pairs();
    query.find_map(|(found, value)| (found == name).then(|| value.parse().unwrap()))
}

#[tokio::test]
async fn every_removal_has_its_route() {
    let server = Server::answering(ok(nothing())).await;
    let fingerprint = Sha256Fingerprint::from_bytes([0xab; 32]);
    let redis = &server.redis_enterprise;
    for removal in [
        Removal::User(5.into()),
        Removal::Role(7.into()),
        Removal::RedisAcl(4.into()),
        Removal::Database(1.into()),
        Removal::TrustedCertificate(fingerprint, TrustScope::Everywhere),
        Removal::TrustedCertificate(fingerprint, TrustScope::Cluster),
        Removal::TrustedCertificate(fingerprint, TrustScope::Database(3.into())),
    ] {
        assert!(redis.removal_effect(&removal).await.unwrap().unwrap().is_empty());
    }
    let thumbprint = Thumbprint::from_bytes([0xcd; 20]);
    server.ravendb.removal_effect(&thumbprint).await.unwrap().unwrap();
    let certificate = format!("GET /v1/certward/removals/certificates/{fingerprint}");
    assert_eq!(
        server.asked().await,
        [
            "GET /v1/certward/removals/users/5".to_owned(),
            "GET /v1/certward/removals/roles/7".to_owned(),
            "GET /v1/certward/removals/redis_acls/4".to_owned(),
            "GET /v1/certward/removals/bdbs/1".to_owned(),
            certificate.clone(),
            format!("{certificate}?bdb=0"),
            format!("{certificate}?bdb=3"),
            format!("GET /certward/removals/certificates?thumbprint={thumbprint}"),
        ]
    );
    let requests = server.server.received_requests().await.unwrap();
    let logged_in = requests
        .iter()
        .filter(|request| request.headers.contains_key("authorization"));
    assert_eq!(logged_in.count(), 7, "the login goes along");
}

#[tokio::test]
async fn effect_is_read_from_the_answer() {
    let answer = json!({
        "connections_total": 3,
        "connections": [connection(1)],
        "identities_total": 1,
        "identities": [
            { "kind": "user", "id": "5", "name": "app", "databases": [{ "uid": 1, "name": "cache" }], "api": true },
        ],
    });
    for effect in Server::answering(ok(answer)).await.effects().await {
        let effect = effect.unwrap().unwrap();
        assert_eq!((effect.connections_total, effect.connections.len()), (3, 1));
        assert_eq!(effect.connections[0].listener, Listener::Database);
        assert_eq!(
            effect.identities[0].to_string(),
            "user app: database 1 (cache), the administration API"
        );
    }
}

#[tokio::test]
async fn server_without_the_routes_is_told_from_one_without_the_object() {
    let refusal = |status: u16, body: Value| ResponseTemplate::new(status).set_body_json(body);
    let redis = |code: &str| refusal(404, json!({ "error_code": code, "description": "as the test says" }));
    let ravendb = json!({
        "Type": "Raven.Client.Exceptions.Routing.RouteNotFoundException", "Message": "There is no handler", "Error": "",
    });
    let page = "<html>404</html>";

    for answer in [redis("not_found"), ResponseTemplate::new(404).set_body_string(page)] {
        let server = Server::answering(answer).await;
        let [_, effect] = server.effects().await;
        assert_eq!(effect.unwrap(), None);
        assert_eq!(server.lists().await.map(Result::unwrap), [None, None]);
    }
    let server = Server::answering(refusal(400, ravendb)).await;
    assert_eq!(server.effects().await.map(Result::ok)[0], Some(None));
    assert_eq!(server.lists().await.map(Result::ok)[0], Some(None));
    // A page for every path, as single-page applications have it.
    let server = Server::answering(ResponseTemplate::new(200).set_body_string(page)).await;
    assert_eq!(server.effects().await.map(Result::unwrap), [None, None]);

    let [_, missing] = Server::answering(redis("user_not_exist")).await.effects().await;
    assert!(missing.unwrap_err().is_not_found());
    let [missing, _] = Server::answering(ResponseTemplate::new(404)).await.effects().await;
    assert!(missing.unwrap_err().is_not_found());
}

#[tokio::test]
async fn answer_of_another_shape_is_an_error_and_not_an_empty_effect() {
    for body in [json!({}), json!({ "connections_total": -1, "identities_total": 0 })] {
        let server = Server::answering(ok(body)).await;
        for effect in server.effects().await {
            assert!(effect.unwrap_err().is_decode());
        }
        for list in server.lists().await {
            assert!(list.unwrap_err().is_decode());
        }
    }
    for refused in Server::answering(ResponseTemplate::new(403)).await.effects().await {
        assert!(refused.unwrap_err().is_forbidden());
    }
}

#[tokio::test]
async fn page_of_connections_is_the_one_asked_for() {
    let server = Server::answering(ok(json!({ "total": 7, "connections": [connection(1)] }))).await;
    let list = ListConnections::new().limit(1).offset(6);
    let page = server
        .redis_enterprise
        .connections()
        .list(&list)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((page.total, page.connections.len()), (7, 1));
    server.ravendb.connections().list(&list).await.unwrap().unwrap();
    assert_eq!(
        server.asked().await,
        [
            "GET /v1/certward/connections?limit=1&offset=6",
            "GET /certward/connections?limit=1&offset=6"
        ]
    );
}

#[tokio::test]
async fn all_pages_are_read_and_each_connection_is_there_once() {
    // The last page repeats an entry, as when an older connection comes in between.
    let pages = |request: &Request| {
        let numbers = match one_of(request, "offset") {
            Some(0) => 0..10,
            Some(10) => 10..20,
            Some(20) => 19..25,
            other => panic!("{other:?}"),
        };
        ok(json!({ "total": 26, "connections": numbers.map(connection).collect::<Vec<_>>() }))
    };
    let server = Server::answering(pages).await;
    let list = ListConnections::new().limit(10);
    let all = server.ravendb.connections().list_all(&list).await.unwrap().unwrap();
    let addresses: Vec<String> = all.connections.iter().map(|found| found.address.clone()).collect();
    let expected: Vec<String> = (0..25).map(|number| format!("127.0.0.1:{number}")).collect();
    assert_eq!((addresses, all.total), (expected, 26));
}

#[tokio::test]
async fn list_of_a_server_that_repeats_or_invents_pages_ends() {
    let repeated = ok(json!({ "total": 1_000_000, "connections": [connection(1)] }));
    let server = Server::answering(repeated).await;
    let list = ListConnections::new();
    let error = server.redis_enterprise.connections().list_all(&list).await.unwrap_err();
    assert!(
        error.is_too_large() && error.to_string().contains("repeats pages"),
        "{error}"
    );
    assert_eq!(server.asked().await.len(), 3);

    let number = AtomicUsize::new(0);
    let invented = move |_: &Request| {
        let number = number.fetch_add(1, Ordering::Relaxed) as u64;
        ok(json!({ "total": u64::MAX, "connections": [connection(number)] }))
    };
    let server = Server::answering(invented).await;
    let error = server.ravendb.connections().list_all(&list).await.unwrap_err();
    assert!(
        error.is_too_large() && error.to_string().contains("does not end"),
        "{error}"
    );
    assert_eq!(server.asked().await.len(), 201);
}
