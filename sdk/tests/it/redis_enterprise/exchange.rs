//! One request and its answer, from the raw files of `acceptance-tests/contract/redis_enterprise`.

use std::collections::BTreeSet;
use std::path::Path;

use certward::redis_enterprise::{Client, ClientBuilder};
use serde_json::Value;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// A cluster that answers every request with one file, and remembers what it was asked.
pub(super) struct Exchange {
    pub(super) server: MockServer,
    pub(super) client: Client,
}

impl Exchange {
    /// Answers with the file `{operation}.answer.json`.
    pub(super) async fn new(operation: &str) -> Self {
        Self::answering(&file(operation, "answer")).await
    }

    /// Answers with this content of a file.
    pub(super) async fn answering(answer: &Value) -> Self {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(template(answer)).mount(&server).await;
        let client = builder().endpoint(&server.uri()).build().unwrap();
        Self { server, client }
    }

    pub(super) async fn sent(&self) -> wiremock::Request {
        let mut requests = self.server.received_requests().await.unwrap();
        assert_eq!(requests.len(), 1);
        requests.remove(0)
    }

    /// Method, path, query and JSON body of the one request are those of the file `{operation}.request.json`.
    pub(super) async fn sent_what_the_file_holds(&self, operation: &str) {
        self.sent_what_it_holds(&file(operation, "request")).await;
    }

    pub(super) async fn sent_what_it_holds(&self, expected: &Value) {
        let sent = self.sent().await;
        let target = self.server.uri().parse::<url::Url>().unwrap();
        let target = target.join(expected["path"].as_str().unwrap()).unwrap();
        assert_eq!(
            (sent.method.as_str(), sent.url.path()),
            (expected["method"].as_str().unwrap(), target.path())
        );
        let query = |url: &url::Url| -> BTreeSet<(String, String)> { url.query_pairs().into_owned().collect() };
        assert_eq!(query(&sent.url), query(&target));
        let body = match sent.body.as_slice() {
            [] => Value::Null,
            body => serde_json::from_slice(body).unwrap(),
        };
        assert_eq!(body, expected["body"]);
        if !body.is_null() {
            assert_eq!(sent.headers["content-type"], "application/json");
        }
        assert_eq!(sent.headers["accept"], "application/json");
    }
}

/// A client without a login that gives up quickly.
pub(super) fn builder() -> ClientBuilder {
    let key = rcgen::KeyPair::generate().unwrap();
    let anchor = rcgen::CertificateParams::default().self_signed(&key).unwrap().pem();
    let builder = Client::builder().danger_allow_plain_http().trust_anchors_pem(&anchor);
    builder
        .retry_wait(std::time::Duration::from_millis(1), std::time::Duration::from_millis(5))
        .max_retries(2)
}

/// The content of a contract file: `file("users/list", "answer")`.
pub(super) fn file(operation: &str, kind: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../acceptance-tests/contract/redis_enterprise");
    let path = folder.join(format!("{operation}.{kind}.json"));
    serde_json::from_slice(&std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).unwrap()
}

/// The answer that a file describes.
pub(super) fn template(answer: &Value) -> ResponseTemplate {
    let mut template = ResponseTemplate::new(u16::try_from(answer["status"].as_u64().unwrap()).unwrap());
    for (name, value) in answer["headers"].as_object().into_iter().flatten() {
        template = template.append_header(name.as_str(), value.as_str().unwrap());
    }
    match &answer["body"] {
        Value::Null => template,
        body => template.set_body_raw(body.to_string(), "application/json"),
    }
}
