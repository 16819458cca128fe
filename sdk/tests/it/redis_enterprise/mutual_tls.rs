//! A client's login, against a small real TLS server that records the requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use certward::redis_enterprise::{Client, ClientBuilder, LoginMethod, ManagementRole};
use rcgen::ExtendedKeyUsagePurpose;

use crate::tls::{Authority, Issued, serve_with};

/// Answers `GET /v1/users/role` with the number of certificates the client presented and its `Authorization`.
async fn cluster(server: &Issued, clients: Option<&Authority>) -> (String, Arc<AtomicUsize>) {
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    let endpoint = serve_with(server, clients, move |presented, request| {
        counted.fetch_add(1, Ordering::Relaxed);
        let authorization = request
            .lines()
            .find_map(|line| line.strip_prefix("authorization: "))
            .unwrap_or("nothing");
        format!(r#"{{"role":"{presented} certificates, {authorization}"}}"#)
    });
    (endpoint.await, requests)
}

fn server_certificate(authority: &Authority) -> Issued {
    authority.issue("127.0.0.1", ExtendedKeyUsagePurpose::ServerAuth, false)
}

fn builder(endpoint: &str, trusted: &Authority) -> ClientBuilder {
    Client::builder()
        .endpoint(endpoint)
        .trust_anchors_pem(&trusted.pem())
        .max_retries(0)
}

async fn arrived(client: &Client) -> String {
    let role = client.own_role().await.unwrap();
    assert!(matches!(role, ManagementRole::Unknown(_)), "{role}");
    role.to_string()
}

#[tokio::test]
async fn a_certificate_logs_in_without_an_authorization_header() {
    let authority = Authority::new("Team CA");
    let (endpoint, _) = cluster(&server_certificate(&authority), Some(&authority)).await;
    let client = builder(&endpoint, &authority)
        .identity(authority.client())
        .build()
        .unwrap();
    assert_eq!(client.login_method(), LoginMethod::Certificate);
    assert!(client.own_certificate().is_some());
    assert_eq!(arrived(&client).await, "1 certificates, nothing");
}

#[tokio::test]
async fn a_password_logs_in_beside_a_certificate_or_without_one() {
    let authority = Authority::new("Team CA");
    let (endpoint, _) = cluster(&server_certificate(&authority), Some(&authority)).await;
    let basic = |builder: ClientBuilder| builder.basic("admin@example.com", "secret".into()).build().unwrap();
    let client = basic(builder(&endpoint, &authority).identity(authority.client()));
    assert_eq!(client.login_method(), LoginMethod::Basic);
    assert_eq!(
        arrived(&client).await,
        "1 certificates, Basic YWRtaW5AZXhhbXBsZS5jb206c2VjcmV0"
    );
    let (endpoint, _) = cluster(&server_certificate(&authority), None).await;
    let client = basic(builder(&endpoint, &authority));
    assert_eq!(
        arrived(&client).await,
        "0 certificates, Basic YWRtaW5AZXhhbXBsZS5jb206c2VjcmV0"
    );
}

#[tokio::test]
async fn a_token_logs_in_and_replaces_a_password() {
    let authority = Authority::new("Team CA");
    let (endpoint, _) = cluster(&server_certificate(&authority), None).await;
    let client = builder(&endpoint, &authority)
        .basic("admin@example.com", "secret".into())
        .jwt("a.b.c".into())
        .build()
        .unwrap();
    assert_eq!(client.login_method(), LoginMethod::Jwt);
    assert_eq!(arrived(&client).await, "0 certificates, JWT a.b.c");
    assert_eq!(
        arrived(&client.with_jwt("d.e.f".into()).unwrap()).await,
        "0 certificates, JWT d.e.f"
    );
    assert_eq!(
        builder(&endpoint, &authority).build().unwrap().login_method(),
        LoginMethod::Nothing
    );
}

#[tokio::test]
async fn a_password_is_sent_to_no_server_that_is_not_verified() {
    let (theirs, ours) = (Authority::new("Their CA"), Authority::new("Our CA"));
    let (endpoint, requests) = cluster(&server_certificate(&theirs), None).await;
    let client = builder(&endpoint, &ours)
        .basic("admin", "secret".into())
        .build()
        .unwrap();
    let error = client.own_role().await.unwrap_err();
    assert!(error.is_tls() && error.to_string().contains("CN=Our CA"), "{error}");
    assert_eq!(requests.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_cluster_that_demands_another_certificate_is_explained() {
    let (team, other) = (Authority::new("Team CA"), Authority::new("Other CA"));
    let (endpoint, requests) = cluster(&server_certificate(&team), Some(&team)).await;
    let client = builder(&endpoint, &team).identity(other.client()).build().unwrap();
    let error = client.own_role().await.unwrap_err();
    assert!(error.is_tls() && error.to_string().contains("CN=client"), "{error}");
    assert_eq!(requests.load(Ordering::Relaxed), 0);
}
