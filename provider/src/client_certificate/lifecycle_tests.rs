use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certward::pki::Certificate;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value as Json, json};
use time::OffsetDateTime;
use time::macros::datetime;
use wiremock::matchers::{method, path, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::super::creation::create;
use super::*;
use crate::session::testing::{Fixed, of_ravendb};

const NOW: OffsetDateTime = datetime!(2026-11-21 0:00 UTC);

/// A server that answers as told, a session with it, and a planned entry.
struct Case {
    server: MockServer,
    session: Session,
    certificate: Certificate,
    planned: ClientCertificateState,
}

impl Case {
    async fn new() -> Self {
        let server = MockServer::start().await;
        let mut params = CertificateParams::default();
        params.not_before = datetime!(2026-01-01 0:00 UTC);
        params.not_after = datetime!(2027-01-01 0:00 UTC);
        let pem = params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
        let config = ClientCertificateState {
            name: Value::Value("app".to_owned()),
            certificate_pem: Value::Value(pem.clone()),
            ..ClientCertificateState::default()
        };
        Self {
            session: of_ravendb(&server.uri(), NOW),
            server,
            certificate: certificate_pem::parse(&pem).unwrap(),
            planned: plan::create(&mut Diagnostics::default(), config, NOW).unwrap(),
        }
    }

    /// The entry as RavenDB 7.2 writes it.
    fn entry(&self, changes: Json) -> Json {
        let mut entry = json!({
            "Name": "app",
            "Thumbprint": self.certificate.thumbprint().to_string(),
            "SecurityClearance": "ValidUser",
            "Permissions": {},
            "NotAfter": "2027-01-01T00:00:00.0000000",
            "NotBefore": "2026-01-01T00:00:00.0000000",
            "CollectionSecondaryKeys": [],
            "CollectionPrimaryKey": "",
            "PublicKeyPinningHash": self.certificate.public_key_pinning_hash().to_string(),
            "Disabled": false,
            "Usage": "Client",
            "Certificate": STANDARD.encode(self.certificate.der()),
            "HasTwoFactor": false,
        });
        for (member, value) in changes.as_object().unwrap() {
            entry[member] = value.clone();
        }
        entry
    }

    async fn answer(&self, verb: &str, route: &str, answer: ResponseTemplate, times: u64) {
        Mock::given(method(verb))
            .and(path(route))
            .respond_with(answer)
            .up_to_n_times(times)
            .mount(&self.server)
            .await;
    }

    /// The answer to reading the entry, so many times.
    async fn reading(&self, answer: ResponseTemplate, times: u64) {
        self.answer("GET", CERTIFICATES, answer, times).await;
    }

    async fn created(&self) -> (Option<ClientCertificateState>, Diagnostics) {
        let mut diags = Diagnostics::default();
        let state = create(&mut diags, &self.session, self.planned.clone()).await;
        (state, diags)
    }

    async fn requests(&self, verb: &str) -> Vec<Json> {
        let received = self.server.received_requests().await.unwrap();
        let of_method = received.iter().filter(|request| request.method.as_str() == verb);
        of_method
            .map(|request| serde_json::from_slice(&request.body).unwrap_or_default())
            .collect()
    }
}

fn found(entry: Json) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({ "Results": [entry], "LoadedServerCert": "0".repeat(40) }))
}

fn refusal(status: u16, error_type: &str, message: &str) -> ResponseTemplate {
    let body = json!({ "Url": "/", "Type": error_type, "Message": message, "Error": message });
    ResponseTemplate::new(status).set_body_json(body)
}

fn summaries(diags: &Diagnostics) -> Vec<&str> {
    diags.errors.iter().map(|error| &*error.summary).collect()
}

#[tokio::test]
async fn creation_sends_the_certificate_alone_and_reads_it_back() {
    let case = Case::new().await;
    case.reading(ResponseTemplate::new(404), 1).await;
    case.answer("PUT", CERTIFICATES, ResponseTemplate::new(201), 1).await;
    case.reading(found(case.entry(json!({}))), 1).await;
    let (state, diags) = case.created().await;
    assert_eq!(diags, Diagnostics::default());
    assert_eq!(state.as_ref(), Some(&case.planned));
    let sent = case.requests("PUT").await;
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["Certificate"], STANDARD.encode(case.certificate.der()));
    assert_eq!(sent[0]["SecurityClearance"], "ValidUser");
}

#[tokio::test]
async fn value_that_the_cluster_ignores_is_an_error_on_its_attribute() {
    let mut case = Case::new().await;
    case.planned.disabled = Value::Value(true);
    case.reading(ResponseTemplate::new(404), 1).await;
    case.answer("PUT", CERTIFICATES, ResponseTemplate::new(201), 1).await;
    case.answer("POST", EDIT, ResponseTemplate::new(201), 1).await;
    case.reading(found(case.entry(json!({ "Disabled": false }))), 1).await;
    let (state, diags) = case.created().await;
    assert_eq!(summaries(&diags), ["Value not applied"]);
    assert_eq!(diags.errors[0].attribute, AttributePath::new("disabled"));
    assert_eq!(
        state.unwrap().disabled,
        Value::Value(false),
        "the state says what is there"
    );
}

#[tokio::test]
async fn refusals_leave_no_state_and_are_explained() {
    for (answer, summary, attribute) in [
        (
            refusal(
                402,
                "Raven.Client.Exceptions.Commercial.LicenseLimitException",
                "no read-only certificates",
            ),
            "Read permission needs a licence",
            AttributePath::new("database_permissions"),
        ),
        (
            refusal(
                403,
                "InvalidAuth",
                "The supplied client certificate is unknown to the server.",
            ),
            "Server does not trust this certificate",
            AttributePath::root(),
        ),
        (
            refusal(428, "InvalidAuth", "requires two factor authorization to be valid"),
            "Two-factor certificate",
            AttributePath::root(),
        ),
        (
            refusal(
                500,
                "System.InvalidOperationException",
                "because it has a lower clearance",
            ),
            "Insufficient clearance",
            AttributePath::new("security_clearance"),
        ),
        (
            refusal(
                500,
                "System.ArgumentException",
                "Error in permissions in the certificate definition",
            ),
            "Database permissions refused",
            AttributePath::new("database_permissions"),
        ),
        (
            refusal(503, "Raven.Client.Exceptions.NodeIsPassiveException", "passive"),
            "The cluster is not ready",
            AttributePath::root(),
        ),
    ] {
        let case = Case::new().await;
        case.reading(ResponseTemplate::new(404), 1).await;
        case.answer("PUT", CERTIFICATES, answer, 9).await;
        let (state, diags) = case.created().await;
        assert_eq!(state, None, "{summary}");
        assert_eq!(summaries(&diags), [summary]);
        assert_eq!(diags.errors[0].attribute, attribute, "{summary}");
        assert_eq!(case.requests("PUT").await.len(), 1, "{summary} is tried once");
    }
}

#[tokio::test]
async fn secondary_of_a_collection_is_explained() {
    let case = Case::new().await;
    let primary = "AB".repeat(20);
    case.reading(found(case.entry(json!({ "Thumbprint": primary, "Name": "lead" }))), 9)
        .await;
    let (state, diags) = case.created().await;
    assert_eq!(state, None);
    assert!(diags.errors[0].detail.contains(&primary), "{diags:?}");

    let mut diags = Diagnostics::default();
    let state = read(&mut diags, &case.session, case.planned.clone()).await.unwrap();
    assert_eq!(state.name, Value::Value("lead".to_owned()));
    assert_eq!(diags.warnings[0].summary, "Certificate became part of a collection");
}

#[tokio::test]
async fn change_says_everything_but_leaves_one_time_codes_alone() {
    let case = Case::new().await;
    case.reading(found(case.entry(json!({ "HasTwoFactor": true }))), 1)
        .await;
    case.answer("POST", EDIT, ResponseTemplate::new(201), 1).await;
    case.reading(found(case.entry(json!({ "Name": "renamed", "HasTwoFactor": true }))), 1)
        .await;
    let renamed = ClientCertificateState {
        name: Value::Value("renamed".to_owned()),
        ..case.planned.clone()
    };
    let mut diags = Diagnostics::default();
    let state = update(&mut diags, &case.session, case.planned.clone(), renamed.clone()).await;
    assert_eq!((state, diags), (Some(renamed), Diagnostics::default()));
    let expected = json!({
        "Thumbprint": case.certificate.thumbprint().to_string(),
        "Name": "renamed",
        "SecurityClearance": "ValidUser",
        "Permissions": {},
        "Disabled": false,
    });
    assert_eq!(case.requests("POST").await, [expected]);
    let received = case.server.received_requests().await.unwrap();
    assert!(
        received
            .iter()
            .all(|request| !request.url.as_str().contains("deleteTwoFactor"))
    );
}

#[tokio::test]
async fn change_of_deletion_protection_asks_nothing() {
    let case = Case::new().await;
    let protected = ClientCertificateState {
        deletion_protection: Value::Value(true),
        ..case.planned.clone()
    };
    let mut diags = Diagnostics::default();
    let state = update(&mut diags, &case.session, case.planned.clone(), protected.clone()).await;
    assert_eq!(state, Some(protected));
    assert_eq!(case.server.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn reading_tells_gone_from_failed_and_warns_of_expired() {
    let case = Case::new().await;
    case.reading(ResponseTemplate::new(404), 1).await;
    case.reading(ResponseTemplate::new(503), 1).await;
    case.reading(found(case.entry(json!({}))), 1).await;
    let mut diags = Diagnostics::default();
    assert_eq!(read(&mut diags, &case.session, case.planned.clone()).await, None);
    assert_eq!(diags, Diagnostics::default());
    assert_eq!(read(&mut diags, &case.session, case.planned.clone()).await, None);
    assert_eq!(diags.errors.len(), 1);

    let later = Session {
        clock: Arc::new(Fixed(datetime!(2027-02-01 0:00 UTC))),
        ..case.session
    };
    let mut diags = Diagnostics::default();
    assert_eq!(read(&mut diags, &later, case.planned.clone()).await, Some(case.planned));
    assert_eq!(diags.warnings[0].summary, "Registered certificate has expired");
    assert_eq!(diags.errors, []);
}

#[tokio::test]
async fn one_listing_serves_every_removal() {
    let case = Case::new().await;
    let sibling = case.entry(json!({ "Thumbprint": "CD".repeat(20), "Name": "sibling" }));
    case.answer("DELETE", CERTIFICATES, ResponseTemplate::new(204), 9).await;
    Mock::given(method("GET"))
        .and(query_param("start", "0"))
        .respond_with(found(sibling))
        .expect(1)
        .mount(&case.server)
        .await;
    Mock::given(method("GET"))
        .and(query_param("metadataOnly", "true"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "Results": [] })))
        .expect(1)
        .mount(&case.server)
        .await;
    Mock::given(method("GET"))
        .and(query_param_is_missing("metadataOnly"))
        .respond_with(ResponseTemplate::new(404))
        .expect(3)
        .mount(&case.server)
        .await;
    for _ in 0..3 {
        let mut diags = Diagnostics::default();
        assert_eq!(destroy(&mut diags, &case.session, &case.planned).await, Some(()));
        assert_eq!(diags.errors, []);
        assert!(diags.warnings[0].detail.contains("sibling"), "{diags:?}");
    }
}

const CERTIFICATES: &str = "/admin/certificates";
const EDIT: &str = "/admin/certificates/edit";
