//! A RavenDB for the tests of the resource, which answers as told.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certward::pki::Certificate;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value as Json, json};
use tf_provider::Diagnostics;
use tf_provider::value::Value;
use time::OffsetDateTime;
use time::macros::datetime;
use wiremock::matchers::{method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::creation::create;
use super::model::ClientCertificateState;
use super::{certificate_pem, plan};
use crate::session::Session;
use crate::session::testing::of_ravendb;

pub(super) const NOW: OffsetDateTime = datetime!(2026-11-21 0:00 UTC);
pub(super) const CERTIFICATES: &str = "/admin/certificates";
pub(super) const EDIT: &str = "/admin/certificates/edit";

/// A server that answers as told, a session with it, and a planned entry.
pub(super) struct Case {
    pub(super) server: MockServer,
    pub(super) session: Session,
    pub(super) certificate: Certificate,
    pub(super) planned: ClientCertificateState,
}

impl Case {
    pub(super) async fn new() -> Self {
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
    pub(super) fn entry(&self, changes: Json) -> Json {
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

    pub(super) async fn answer(&self, verb: &str, route: &str, answer: ResponseTemplate, times: u64) {
        Mock::given(method(verb))
            .and(path(route))
            .respond_with(answer)
            .up_to_n_times(times)
            .mount(&self.server)
            .await;
    }

    /// The answer to reading the entry, so many times.
    pub(super) async fn reading(&self, answer: ResponseTemplate, times: u64) {
        self.answer("GET", CERTIFICATES, answer, times).await;
    }

    /// The answer to listing the entries, now and later.
    pub(super) async fn listing(&self, entry: Json) {
        for (parameter, value, answer) in [
            ("start", "0", found(entry)),
            // Further pages.
            (
                "metadataOnly",
                "true",
                ResponseTemplate::new(200).set_body_json(json!({ "Results": [] })),
            ),
        ] {
            Mock::given(method("GET"))
                .and(query_param(parameter, value))
                .respond_with(answer)
                .mount(&self.server)
                .await;
        }
    }

    pub(super) async fn created(&self) -> (Option<ClientCertificateState>, Diagnostics) {
        let mut diags = Diagnostics::default();
        let state = create(&mut diags, &self.session, self.planned.clone()).await;
        (state, diags)
    }

    pub(super) async fn requests(&self, verb: &str) -> Vec<Json> {
        let received = self.server.received_requests().await.unwrap();
        let of_method = received.iter().filter(|request| request.method.as_str() == verb);
        of_method
            .map(|request| serde_json::from_slice(&request.body).unwrap_or_default())
            .collect()
    }
}

pub(super) fn found(entry: Json) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({ "Results": [entry], "LoadedServerCert": "0".repeat(40) }))
}

pub(super) fn refusal(status: u16, error_type: &str, message: &str) -> ResponseTemplate {
    let body = json!({ "Url": "/", "Type": error_type, "Message": message, "Error": message });
    ResponseTemplate::new(status).set_body_json(body)
}

pub(super) fn summaries(diags: &Diagnostics) -> Vec<&str> {
    diags.errors.iter().map(|error| &*error.summary).collect()
}
