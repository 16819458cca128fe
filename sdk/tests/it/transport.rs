//! Repetition, limits and odd answers, against a plain HTTP mock.

use std::time::{Duration, Instant};

use certward::ravendb::{Client, ClientBuilder, GenerateCertificate, SecurityClearance};
use certward::redis_enterprise;
use certward::{BuilderSetting, ForeignAnswer};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

const BUILD: &str = r#"{"ProductVersion":"7.2","BuildVersion":1,"CommitHash":"x","FullVersion":"7.2.7"}"#;

fn anchor() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    rcgen::CertificateParams::default().self_signed(&key).unwrap().pem()
}

fn builder() -> ClientBuilder {
    let builder = Client::builder().danger_allow_plain_http().trust_anchors_pem(&anchor());
    builder
        .retry_wait(Duration::from_millis(1), Duration::from_millis(5))
        .max_retries(2)
}

async fn mock(answers: Vec<ResponseTemplate>) -> MockServer {
    let server = MockServer::start().await;
    let last = answers.len() - 1;
    for (index, answer) in answers.into_iter().enumerate() {
        let mock = Mock::given(any()).respond_with(answer);
        if index == last {
            mock.mount(&server).await
        } else {
            mock.up_to_n_times(1).mount(&server).await
        }
    }
    server
}

async fn count(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

#[tokio::test]
async fn a_read_is_repeated_until_it_is_answered() {
    let server = mock(vec![
        ResponseTemplate::new(503),
        ResponseTemplate::new(429),
        ResponseTemplate::new(200).set_body_string(BUILD),
    ])
    .await;
    let client = builder().endpoint(&server.uri()).build().unwrap();
    assert_eq!(client.server().version().await.unwrap().full_version, "7.2.7");
    assert_eq!(count(&server).await, 3);
}

#[tokio::test]
async fn a_read_is_given_up_after_its_repetitions() {
    let server = mock(vec![ResponseTemplate::new(503)]).await;
    let client = builder().endpoint(&server.uri()).build().unwrap();
    let error = client.server().version().await.unwrap_err();
    assert_eq!(
        (error.status(), error.is_retryable(), count(&server).await),
        (Some(503), true, 3)
    );
}

#[tokio::test]
async fn what_the_server_asks_for_with_retry_after_is_waited() {
    let busy = ResponseTemplate::new(429).insert_header("retry-after", "1");
    let server = mock(vec![busy, ResponseTemplate::new(200).set_body_string(BUILD)]).await;
    let client = builder().endpoint(&server.uri()).build().unwrap();
    let start = Instant::now();
    client.server().version().await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn generation_is_never_sent_twice() {
    let request = GenerateCertificate::new("a", SecurityClearance::Operator);
    for status in [500, 503, 429] {
        let server = mock(vec![ResponseTemplate::new(status)]).await;
        let client = builder().endpoint(&server.uri()).build().unwrap();
        assert_eq!(
            client.certificates().generate(&request).await.unwrap_err().status(),
            Some(status)
        );
        assert_eq!(count(&server).await, 1);
    }
    let server = mock(vec![ResponseTemplate::new(200).set_delay(Duration::from_secs(5))]).await;
    let client = builder()
        .request_timeout(Duration::from_millis(200))
        .endpoint(&server.uri())
        .build()
        .unwrap();
    assert!(client.certificates().generate(&request).await.unwrap_err().is_timeout());
    assert_eq!(count(&server).await, 1);
}

#[tokio::test]
async fn the_next_endpoint_is_asked_and_kept() {
    let dead = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let server = mock(vec![ResponseTemplate::new(200).set_body_string(BUILD)]).await;
    let client = builder()
        .max_retries(0)
        .endpoints([&dead, &server.uri()])
        .build()
        .unwrap();
    for _ in 0..2 {
        client.server().version().await.unwrap();
    }
    assert_eq!(count(&server).await, 2);
    let alone = builder().max_retries(0).endpoint(&dead).build().unwrap();
    let error = alone
        .certificates()
        .generate(&GenerateCertificate::new("a", SecurityClearance::Operator))
        .await
        .unwrap_err();
    assert!(error.is_connect() && error.is_retryable(), "{error:?}");
}

#[tokio::test]
async fn a_host_that_does_not_exist_is_told_at_once() {
    // No name server is asked for this one.
    let client = Client::builder().danger_allow_plain_http().endpoint("http://-:9");
    let client = client.trust_anchors_pem(&anchor()).build().unwrap();
    let start = Instant::now();
    let error = client.server().version().await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(5));
    assert!(
        error.is_connect() && error.is_unsent() && !error.is_retryable(),
        "{error:?}"
    );
    let expected = "cannot read the version at http://-:9: cannot connect: cannot resolve the host name -: ";
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[tokio::test]
async fn an_error_names_the_proxy_without_its_credentials() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let proxied = || {
        let builder = builder().max_retries(0).endpoint("https://a.example:9443");
        builder.proxy_url(&format!("http://user:canary@{closed}"))
    };
    let one = proxied().build().unwrap();
    let two = proxied().endpoint("https://b.example:9443").build().unwrap();
    for client in [one, two] {
        let error = client.server().version().await.unwrap_err();
        let named = format!(", through the proxy http://{closed} (proxy_url)");
        assert!(error.is_connect() && error.to_string().ends_with(&named), "{error}");
        assert!(!format!("{error:?} {}", error.report()).contains("canary"));
    }
}

#[tokio::test]
async fn redirections_are_not_followed() {
    let elsewhere = mock(vec![ResponseTemplate::new(200).set_body_string(BUILD)]).await;
    let answer = ResponseTemplate::new(307).insert_header("location", elsewhere.uri().as_str());
    let server = mock(vec![answer]).await;
    let client = builder().endpoint(&server.uri()).build().unwrap();
    let error = client.server().version().await.unwrap_err();
    assert_eq!((error.status(), count(&elsewhere).await), (Some(307), 0));
    assert!(error.to_string().contains(&elsewhere.uri()), "{error}");
}

#[tokio::test]
async fn odd_answers_are_typed_errors_that_show_no_content() {
    let huge = vec![b' '; 17 * 1024 * 1024];
    for (body, expected) in [
        (b"<html>canary</html>".to_vec(), "is not JSON"),
        (b"{\"ProductVersion\":\"canary\"".to_vec(), "ends too early"),
        (
            b"{\"ProductVersion\":[\"canary\"]}".to_vec(),
            "another type than the contract says",
        ),
        (huge, "more than 16777216 bytes"),
    ] {
        let server = mock(vec![ResponseTemplate::new(200).set_body_bytes(body)]).await;
        let client = builder().endpoint(&server.uri()).build().unwrap();
        let error = client.server().version().await.unwrap_err();
        assert!(error.is_decode() != error.is_too_large(), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!format!("{error:?} {}", error.report()).contains("canary"));
    }
}

#[tokio::test]
async fn a_refusal_of_another_server_is_told_apart_and_is_no_missing_object() {
    let ravendb = r#"{"Url":"/v1/users","Type":"InvalidAuth","Message":"canary","Error":"canary"}"#;
    let redis = r#"{"error_code":"unauthorized","description":"canary"}"#;
    let page = "<html><title>404 Not Found</title>canary</html>";
    let web = || ForeignAnswer::WebPage {
        title: Some("404 Not Found".to_owned()),
    };
    for (status, body, of_ravendb, of_redis) in [
        (403, ravendb, None, Some(ForeignAnswer::RavenDb)),
        (404, ravendb, None, Some(ForeignAnswer::RavenDb)),
        (401, redis, Some(ForeignAnswer::RedisEnterprise), None),
        (404, page, Some(web()), Some(web())),
        (404, "canary", Some(ForeignAnswer::Other), Some(ForeignAnswer::Other)),
        // Each of the two may answer so.
        (403, page, None, None),
        (502, page, None, None),
        (401, "", None, None),
    ] {
        let server = mock(vec![ResponseTemplate::new(status).set_body_string(body)]).await;
        let builder = builder().max_retries(0).endpoint(&server.uri());
        let client = builder.build().unwrap();
        let thumbprint = "0123456789012345678901234567890123456789".parse().unwrap();
        let refusal = client.certificates().get(&thumbprint).await;
        if (status, of_ravendb.is_none()) == (404, true) {
            assert!(refusal.unwrap().is_none());
        } else {
            expect_foreign(&refusal.unwrap_err(), of_ravendb);
        }
        let builder = redis_enterprise::Client::builder()
            .danger_allow_plain_http()
            .trust_anchors_pem(&anchor())
            .max_retries(0);
        let client = builder.endpoint(&server.uri()).build().unwrap();
        expect_foreign(&client.users().get(7.into()).await.unwrap_err(), of_redis.clone());
        expect_foreign(&client.users().list().await.unwrap_err(), of_redis);
    }
}

fn expect_foreign(error: &certward::Error, sender: Option<ForeignAnswer>) {
    assert_eq!(error.foreign_answer(), sender.as_ref(), "{error}");
    if let Some(sender) = sender {
        assert!(error.to_string().ends_with(&format!(" with {sender}")), "{error}");
        assert!(!format!("{error:?} {}", error.report()).contains("canary"));
    }
}

#[tokio::test]
async fn only_so_many_requests_are_under_way() {
    let server = mock(vec![
        ResponseTemplate::new(200)
            .set_body_string(BUILD)
            .set_delay(Duration::from_millis(100)),
    ])
    .await;
    let client = builder()
        .max_concurrent_requests(1)
        .endpoint(&server.uri())
        .build()
        .unwrap();
    let start = Instant::now();
    let (one, two, three) = tokio::join!(
        client.server().version(),
        client.server().version(),
        client.server().version()
    );
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    assert!(start.elapsed() >= Duration::from_millis(300));
}

#[test]
fn settings_that_cannot_be_used_are_refused() {
    for endpoint in [
        "http://a.example",
        "a.example:8443",
        "https://",
        "https://a.example/studio",
        "https://user:canary@a.example",
        "https://a.example?x=1",
    ] {
        let error = Client::builder().endpoint(endpoint).build().unwrap_err();
        assert!(
            error.is_configuration() && !error.to_string().contains("canary"),
            "{endpoint}: {error}"
        );
    }
    assert!(Client::builder().build().unwrap_err().is_configuration());
    let too_many = Client::builder().endpoint("https://a.example").max_retries(21).build();
    assert!(too_many.unwrap_err().to_string().contains("at most 20"));
    assert!(
        Client::builder()
            .tls_server_name("not a name")
            .build()
            .unwrap_err()
            .setting()
            == Some(BuilderSetting::TlsServerName)
    );
    assert!(
        Client::builder()
            .proxy_url("socks5://user:canary@proxy")
            .build()
            .unwrap_err()
            .setting()
            == Some(BuilderSetting::ProxyUrl)
    );
}
