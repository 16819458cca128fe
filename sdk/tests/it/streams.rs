//! Listings as streams, and the one rule of both clients for what is gone already.

use certward::effects::ListConnections;
use certward::pki::Thumbprint;
use certward::redis_enterprise::{CertificateName, ListDatabaseCertificates};
use certward::{ErrorKind, ravendb, redis_enterprise};
use futures_util::TryStreamExt as _;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use wiremock::matchers::{any, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

struct Server {
    server: MockServer,
    ravendb: ravendb::Client,
    redis_enterprise: redis_enterprise::Client,
}

impl Server {
    async fn start() -> Self {
        let server = MockServer::start().await;
        let key = KeyPair::generate().unwrap();
        let anchor = CertificateParams::default().self_signed(&key).unwrap().pem();
        let uri = server.uri();
        Self {
            server,
            ravendb: ravendb::Client::builder()
                .danger_allow_plain_http()
                .endpoint(&uri)
                .trust_anchors_pem(&anchor)
                .max_retries(0)
                .build()
                .unwrap(),
            redis_enterprise: redis_enterprise::Client::builder()
                .danger_allow_plain_http()
                .endpoint(&uri)
                .trust_anchors_pem(&anchor)
                .max_retries(0)
                .build()
                .unwrap(),
        }
    }

    async fn page(&self, route: &str, parameter: (&str, &str), answer: Value) {
        Mock::given(method("GET"))
            .and(path(route))
            .and(query_param(parameter.0, parameter.1))
            .respond_with(ResponseTemplate::new(200).set_body_json(answer))
            .expect(1)
            .mount(&self.server)
            .await;
    }
}

fn certificates(numbers: &[u8]) -> Value {
    let entry = |number: &u8| {
        json!({
            "Name": number.to_string(),
            "Thumbprint": format!("{number:040X}"),
            "SecurityClearance": "Operator",
            "Permissions": {},
        })
    };
    json!({ "Results": numbers.iter().map(entry).collect::<Vec<_>>() })
}

#[tokio::test]
async fn stream_of_certificates_asks_for_a_page_when_it_is_needed_and_yields_each_once() {
    const ROUTE: &str = "/admin/certificates";
    let server = Server::start().await;
    server.page(ROUTE, ("start", "0"), certificates(&[1, 2])).await;
    server.page(ROUTE, ("start", "2"), certificates(&[2, 3])).await;
    let list = ravendb::ListCertificates::new().page_size(2);
    let mut stream = server.ravendb.certificates().stream(&list);
    let mut names = Vec::new();
    for _ in 0..3 {
        names.push(stream.try_next().await.unwrap().unwrap().name);
    }
    assert_eq!(names, ["1", "2", "3"]);
    server.page(ROUTE, ("start", "4"), certificates(&[])).await;
    assert!(stream.try_next().await.unwrap().is_none());
    assert!(stream.try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn stream_ends_with_its_first_error() {
    let server = Server::start().await;
    server
        .page("/admin/certificates", ("start", "0"), certificates(&[1]))
        .await;
    let list = ravendb::ListCertificates::new().page_size(1);
    let mut stream = server.ravendb.certificates().stream(&list);
    assert_eq!(stream.try_next().await.unwrap().unwrap().name, "1");
    assert_eq!(stream.try_next().await.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(stream.try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn stream_of_connections_of_another_product_says_that_it_is_not_supported() {
    let server = Server::start().await;
    let mut stream = server.redis_enterprise.connections().stream(&ListConnections::new());
    let error = stream.try_next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(
        !error.is_retryable() && error.to_string().contains("only Certward"),
        "{error}"
    );
}

#[tokio::test]
async fn stream_of_the_certificates_of_databases_ends_with_a_short_page() {
    const ROUTE: &str = "/v1/bdbs/certificates";
    let server = Server::start().await;
    let entry = |uid: u8| json!({ "bdb_uid": uid.to_string(), "cert": "x" });
    server.page(ROUTE, ("page", "1"), json!([entry(1), entry(2)])).await;
    server.page(ROUTE, ("page", "2"), json!([entry(3)])).await;
    let list = ListDatabaseCertificates::new().page_size(2);
    let stream = server.redis_enterprise.database_certificates().stream(&list);
    let found: Vec<_> = stream.try_collect().await.unwrap();
    let uids: Vec<u64> = found.iter().map(|entry| entry.database_uid.unwrap().get()).collect();
    assert_eq!(uids, [1, 2, 3]);
}

#[tokio::test]
async fn deletion_of_what_is_gone_is_no_error_in_either_client() {
    let server = Server::start().await;
    let gone = ResponseTemplate::new(404).set_body_json(json!({ "error_code": "user_not_exist" }));
    Mock::given(path("/admin/certificates"))
        .respond_with(ResponseTemplate::new(404))
        .mount(&server.server)
        .await;
    Mock::given(any()).respond_with(gone).mount(&server.server).await;
    let redis = &server.redis_enterprise;
    assert_eq!(redis.users().delete(7.into()).await.unwrap(), None);
    assert_eq!(redis.roles().delete(7.into()).send().await.unwrap(), None);
    assert_eq!(redis.redis_acls().delete(7.into()).await.unwrap(), None);
    assert_eq!(redis.databases().delete(7.into()).await.unwrap(), None);
    redis.database_certificates().delete(7.into()).await.unwrap();
    redis
        .certificates()
        .delete(&CertificateName::MtlsTrustedCa)
        .await
        .unwrap();
    let ravendb = server.ravendb.certificates();
    ravendb.delete(&Thumbprint::from_bytes([7; 20])).await.unwrap();
    assert_eq!(redis.users().get(7.into()).await.unwrap(), None);
    let change = redis_enterprise::UpdateUser::new().name("app");
    let error = redis.users().update(7.into(), &change).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(
        error.redis_enterprise_code(),
        Some(redis_enterprise::ErrorCode::UserNotExist)
    );
}

#[tokio::test]
async fn page_of_another_server_does_not_pass_for_a_deletion() {
    let server = Server::start().await;
    let page = ResponseTemplate::new(404).set_body_string("<html><title>Not found</title></html>");
    Mock::given(any()).respond_with(page).mount(&server.server).await;
    let error = server.redis_enterprise.users().delete(7.into()).await.unwrap_err();
    assert!(error.is_not_found() && error.foreign_answer().is_some(), "{error}");
}
