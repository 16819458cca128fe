//! A Redis Enterprise cluster for tests, as far as its trust in certificates goes. It lets everybody in.

use std::sync::{Arc, Mutex};

use certward::Identity;
use certward::redis_enterprise::Client;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use serde_json::{Value as Json, json};
use tf_provider::Diagnostics;
use time::OffsetDateTime;
use time::macros::datetime;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::session::testing::of_redis_enterprise;
use crate::session::{Api, Session};

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-21 0:00 UTC);

/// A server, and what it holds.
pub(crate) struct FakeCluster {
    server: MockServer,
    inside: Arc<Mutex<Inside>>,
}

/// State of the mock cluster, and the requests that it received.
pub(crate) struct Inside {
    pub(crate) settings: Json,
    pub(crate) trusted_ca: String,
    pub(crate) users: Json,
    /// True if the current request has an `Authorization` header.
    pub(crate) authorized: bool,
    /// Method, path and body of every request that is not a GET.
    pub(crate) writings: Vec<(String, Json)>,
    /// Called before each request; its response, if any, is sent instead.
    hook: Option<Hook>,
}

type Hook = Box<dyn FnMut(&mut Inside, &str) -> Option<ResponseTemplate> + Send>;

impl FakeCluster {
    /// A cluster as it is set up: no authority, certificates switched off.
    pub(crate) async fn start() -> Self {
        let inside = Arc::new(Mutex::new(Inside {
            settings: json!({
                "name": "cluster.example",
                "mtls_certificate_authentication": false,
                "mtls_client_cert_subject_validation_type": "disabled",
                "mtls_authorized_subjects": [],
                "control_plane_basic_authentication": true,
            }),
            trusted_ca: String::new(),
            users: json!([]),
            authorized: false,
            writings: Vec::new(),
            hook: None,
        }));
        let server = MockServer::start().await;
        let answers = Answers(Arc::clone(&inside));
        Mock::given(any()).respond_with(answers).mount(&server).await;
        Self { server, inside }
    }

    /// State of the mock cluster.
    pub(crate) fn inside(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.inside.lock().unwrap()
    }

    /// Intercepts requests: `hook` gets method and path, and returns `None` to let the mock cluster respond.
    pub(crate) fn intercept(&self, hook: impl FnMut(&mut Inside, &str) -> Option<ResponseTemplate> + Send + 'static) {
        self.inside().hook = Some(Box::new(hook));
    }

    /// A session that logs in as `own`.
    pub(crate) fn session(&self, own: Option<Identity>) -> Session {
        of_redis_enterprise(&self.server.uri(), own, NOW)
    }

    /// A session that logs in with a password, and has the certificate `own` beside it.
    pub(crate) fn password_session(&self, own: Option<Identity>) -> Session {
        let mut session = self.session(own);
        if let Api::Configured(redis) = &mut session.redis_enterprise {
            redis.client = Client::builder()
                .danger_allow_plain_http()
                .max_retries(0)
                .endpoint(&self.server.uri())
                .basic("admin@example.com", "canary-password".into())
                .build()
                .unwrap();
        }
        session
    }

    /// The bodies of the writings of one kind, such as `PUT /v1/cluster`.
    pub(crate) fn written(&self, what: &str) -> Vec<Json> {
        let inside = self.inside();
        let of_kind = inside.writings.iter().filter(|(kind, _)| kind == what);
        of_kind.map(|(_, body)| body.clone()).collect()
    }
}

struct Answers(Arc<Mutex<Inside>>);

impl Respond for Answers {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut inside = self.0.lock().unwrap();
        let mut asked = format!("{} {}", request.method, request.url.path());
        if request.url.query().is_some_and(|query| query.contains("dry_run")) {
            asked.push_str("?dry_run");
        }
        inside.authorized = request.headers.contains_key("authorization");
        let body: Json = serde_json::from_slice(&request.body).unwrap_or_default();
        if !asked.starts_with("GET ") {
            inside.writings.push((asked.clone(), body.clone()));
        }
        if let Some(mut hook) = inside.hook.take() {
            let answer = hook(&mut inside, &asked);
            inside.hook = Some(hook);
            if let Some(answer) = answer {
                return answer;
            }
        }
        inside.answer(&asked, &body)
    }
}

impl Inside {
    fn answer(&mut self, asked: &str, body: &Json) -> ResponseTemplate {
        let found = |json: &Json| ResponseTemplate::new(200).set_body_json(json);
        match asked {
            "GET /v1/cluster" => found(&self.settings),
            "PUT /v1/cluster" | "PUT /v1/cluster?dry_run" => {
                let mut settings = self.settings.clone();
                for (name, value) in body.as_object().unwrap() {
                    settings[name] = value.clone();
                }
                if !asked.ends_with("dry_run") {
                    self.settings = settings.clone();
                }
                found(&settings)
            }
            "GET /v1/cluster/certificates" if self.trusted_ca.is_empty() => found(&json!({})),
            "GET /v1/cluster/certificates" => found(&json!({ "mtls_trusted_ca_cert": self.trusted_ca })),
            "PUT /v1/cluster/certificates" => {
                let text = body["certificates"][0]["certificate"].as_str().unwrap();
                self.trusted_ca = text.to_owned();
                ResponseTemplate::new(200)
            }
            "DELETE /v1/cluster/certificates/mtls_trusted_ca" => {
                self.trusted_ca.clear();
                ResponseTemplate::new(200)
            }
            "GET /v1/users" => found(&self.users),
            other => panic!("the cluster was not to be asked {other}"),
        }
    }
}

/// An authority of the test.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new(common_name: &str) -> Self {
        let mut params = named(common_name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn certificate(&self) -> certward::pki::Certificate {
        certward::pki::Certificate::from_der(self.0.der().clone()).unwrap()
    }

    /// A client's certificate of this authority, with its key.
    pub(crate) fn issue(&self, common_name: &str) -> Identity {
        let mut params = named(common_name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Identity::from_pem(&certificate.pem(), &key.serialize_pem()).unwrap()
    }
}

fn named(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = datetime!(2026-01-01 0:00 UTC);
    params.not_after = datetime!(2027-06-01 0:00 UTC);
    params
}

/// A refusal as Redis Enterprise sends it.
pub(crate) fn refusal(status: u16, code: &str) -> ResponseTemplate {
    let body = json!({ "error_code": code, "description": format!("about {code}") });
    ResponseTemplate::new(status).set_body_json(body)
}

/// The summaries of errors.
pub(crate) fn errors(diags: &Diagnostics) -> Vec<&str> {
    diags.errors.iter().map(|error| &*error.summary).collect()
}

/// The summaries of warnings.
pub(crate) fn warnings(diags: &Diagnostics) -> Vec<&str> {
    diags.warnings.iter().map(|warning| &*warning.summary).collect()
}

/// A certificate user of this subject.
pub(crate) fn user(subject_line: &str) -> Json {
    json!([{ "uid": 2, "name": "terraform", "role": "admin", "role_uids": [1], "auth_method": "certificate",
             "certificate_subject_line": subject_line }])
}
