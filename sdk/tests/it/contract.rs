//! Every RavenDB operation against the raw files of `acceptance-tests/contract/ravendb`: what is sent is what the file
//! holds, and what is read is what the real server answered.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use certward::pki::{Certificate, Thumbprint};
use certward::ravendb::{
    CertificateUsage, Client, DatabaseAccess, EditCertificate, GenerateCertificate, ListCertificates, Permissions,
    RegisterCertificate, ReplaceClusterCertificate, SecurityClearance, TwoFactorScope,
};
use certward::{Error, ExposeSecret as _, SecretBytes};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

#[tokio::test]
async fn a_certificate_is_generated() {
    let (certificate, key) = self_signed();
    let archive = zip(&[
        ("na1.pfx", b"pfx"),
        ("na1.crt", certificate.to_pem().as_bytes()),
        ("na1.key", key.as_bytes()),
    ]);
    let mut answer = file("generate", "response");
    let names: Vec<&str> = answer["body"]["zip"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    assert_eq!(names, ["na1.pfx", "na1.crt", "na1.key"]);
    answer["body"] = Value::Null;

    let server = Exchange::with_body("generate", &answer, archive.clone()).await;
    let request = GenerateCertificate::new("na1", SecurityClearance::ValidUser)
        .permissions([("db1", DatabaseAccess::ReadWrite)].into_iter().collect())
        .not_after("2027-06-01T00:00:00Z".parse_date());
    let generated = server.client.certificates().generate(&request).await.unwrap();
    assert_eq!(generated.certificate, certificate);
    assert_eq!(generated.private_key.expose(), key);
    assert_eq!(generated.pkcs12.expose(), b"pfx");
    assert_eq!(generated.zip.expose(), archive);
    assert_eq!(generated.identity().unwrap().certificate(), &certificate);
    assert!(!format!("{generated:?} {request:?}").contains("PRIVATE"));
    server.sent_what_the_file_holds().await;
}

#[tokio::test]
async fn a_certificate_is_registered() {
    let server = Exchange::new("register", "response").await;
    let (certificate, _) = self_signed();
    let request = RegisterCertificate::new("self1", SecurityClearance::ClusterAdmin, &certificate);
    server.client.certificates().register(&request).await.unwrap();
    let sent = server.sent().await;
    let mut body: Value = serde_json::from_slice(&sent.body).unwrap();
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, certificate.der());
    assert_eq!(body["Certificate"], Value::String(base64));
    body["Certificate"] = file("register", "request")["body"]["Certificate"].clone();
    assert_eq!(body, file("register", "request")["body"]);
    assert_eq!((sent.method.as_str(), sent.url.path()), ("PUT", "/admin/certificates"));
}

#[tokio::test]
async fn certificates_are_listed() {
    let server = Exchange::new("list", "response").await;
    let list = server
        .client
        .certificates()
        .list(&ListCertificates::new().metadata_only().start(0).page_size(3))
        .await
        .unwrap();
    let raw = file("list", "response");
    assert_eq!(
        list.certificates.len(),
        raw["body"]["Results"].as_array().unwrap().len()
    );
    let own = &list.certificates[0];
    assert_eq!(own.name, "Server Certificate");
    assert_eq!(own.security_clearance, SecurityClearance::ClusterNode);
    assert_eq!(own.usage, Some(CertificateUsage::RavenServer));
    assert_eq!(Some(own.thumbprint), list.loaded_server_certificate);
    assert_eq!(own.certificate, None);
    for (read, raw) in list.certificates.iter().zip(raw["body"]["Results"].as_array().unwrap()) {
        assert_eq!(read.thumbprint.to_string(), raw["Thumbprint"]);
        assert_eq!(read.name, raw["Name"]);
        assert_eq!(read.security_clearance.as_str(), raw["SecurityClearance"]);
        assert_eq!(serde_json::to_value(&read.permissions).unwrap(), raw["Permissions"]);
        assert_eq!(
            read.public_key_pinning_hash.unwrap().to_string(),
            raw["PublicKeyPinningHash"]
        );
        assert!(read.not_before.unwrap() < read.not_after.unwrap());
    }
    server.sent_what_the_file_holds().await;
}

#[tokio::test]
async fn certificates_are_listed_by_name() {
    let server = Exchange::new("list-by-name", "response").await;
    let list = server
        .client
        .certificates()
        .list(&ListCertificates::new().name("admin1").metadata_only())
        .await
        .unwrap();
    assert!(list.certificates.iter().all(|certificate| certificate.name == "admin1"));
    server.sent_what_the_file_holds().await;
}

#[tokio::test]
async fn one_certificate_is_read() {
    let server = Exchange::new("read-one", "response").await;
    let found = server
        .client
        .certificates()
        .get(&thumbprint("ABBA883647638D9BC7AE07F585774C0459F6C619"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.name.as_str(), found.disabled), ("admin1", false));
    server.sent_what_the_file_holds().await;
    let server = Exchange::new("read-one", "error-404").await;
    assert_eq!(
        server
            .client
            .certificates()
            .get(&thumbprint("ABBA883647638D9BC7AE07F585774C0459F6C619"))
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn a_certificate_is_edited_and_says_whether_it_is_disabled() {
    let server = Exchange::new("edit", "response").await;
    let permissions: Permissions = [
        ("Northwind", DatabaseAccess::ReadWrite),
        ("Sales", DatabaseAccess::Admin),
    ]
    .into_iter()
    .collect();
    let thumbprint = thumbprint("A136FAC41D1733B2BB8C6FD138FD601943D3B7D0");
    let request = EditCertificate::new(thumbprint, "user1-renamed", SecurityClearance::ValidUser, permissions);
    server.client.certificates().update(&request).await.unwrap();
    let mut expected = file("edit", "request")["body"].clone();
    expected["Disabled"] = json!(false);
    let sent = server.sent().await;
    assert_eq!(serde_json::from_slice::<Value>(&sent.body).unwrap(), expected);
    assert_eq!(
        (sent.method.as_str(), sent.url.path()),
        ("POST", "/admin/certificates/edit")
    );
}

#[tokio::test]
async fn certificates_are_deleted_and_purged() {
    let server = Exchange::new("delete", "response").await;
    server
        .client
        .certificates()
        .delete(&thumbprint("915C7A18A75128C93B99C6F2AB2751FC1E75724E"))
        .await
        .unwrap();
    server.sent_what_the_file_holds().await;
    let server = Exchange::new("purge", "response").await;
    server.client.certificates().delete_expired().await.unwrap();
    server.sent_what_the_file_holds().await;
}

#[tokio::test]
async fn the_server_tells_who_the_client_is() {
    let server = Exchange::new("whoami", "response").await;
    let who = server.client.who_am_i().await.unwrap().unwrap();
    assert_eq!(who.certificate.security_clearance, SecurityClearance::ClusterAdmin);
    assert_eq!(who.certificate.has_two_factor, Some(false));
    assert_eq!(who.two_factor_expires, None);
    server.sent_what_the_file_holds().await;
    let server = Exchange::new("whoami", "response-two-factor").await;
    assert!(
        server
            .client
            .who_am_i()
            .await
            .unwrap()
            .unwrap()
            .two_factor_expires
            .is_some()
    );
    let server = Exchange::new("whoami", "response-unknown").await;
    assert_eq!(server.client.who_am_i().await.unwrap(), None);
}

#[tokio::test]
async fn the_server_and_its_certificate_are_read() {
    let server = Exchange::new("mode", "response").await;
    assert_eq!(server.client.server().setup_mode().await.unwrap(), "None");
    server.sent_what_the_file_holds().await;
    let server = Exchange::new("cluster-domains", "response").await;
    assert_eq!(server.client.server().cluster_domains().await.unwrap(), ["127.0.0.1"]);
    server.sent_what_the_file_holds().await;
    let server = Exchange::new("topology", "response").await;
    let topology = server.client.server().topology().await.unwrap();
    assert_eq!((topology.leader.as_deref(), topology.members.len()), (Some("A"), 1));
    server.sent_what_the_file_holds().await;
    let server = Exchange::new("build-version", "response").await;
    assert_eq!(server.client.server().version().await.unwrap().full_version, "7.2.7");
    server.sent_what_the_file_holds().await;
    let server = Exchange::new("license-status", "response").await;
    assert!(
        !server
            .client
            .server()
            .license()
            .await
            .unwrap()
            .has_read_only_certificates
    );
    server.sent_what_the_file_holds().await;
    let server = Exchange::new("local-state", "response").await;
    assert_eq!(server.client.local_state().list().await.unwrap(), []);
    server.sent_what_the_file_holds().await;
    let server = Exchange::new("local-state-clear", "response").await;
    server.client.local_state().delete().await.unwrap();
    server.sent_what_the_file_holds().await;
    let server = Exchange::new("refresh", "response").await;
    server.client.server_certificate().refresh(false).await.unwrap();
    server.sent_what_the_file_holds().await;
}

#[tokio::test]
async fn server_certificates_are_exported() {
    let answer = json!({ "status": 200, "headers": file("export", "response")["headers"] });
    let server = Exchange::with_body("export", &answer, b"pfx".to_vec()).await;
    assert_eq!(
        server.client.server_certificate().export().await.unwrap().expose(),
        b"pfx"
    );
    server.sent_what_the_file_holds().await;
    let (certificate, _) = self_signed();
    for body in [certificate.to_pem().into_bytes(), certificate.der().to_vec()] {
        let server = Exchange::with_body("export-for-communication", &answer, body).await;
        assert_eq!(
            server
                .client
                .server_certificate()
                .export_for_communication()
                .await
                .unwrap(),
            certificate
        );
        server.sent_what_the_file_holds().await;
    }
}

#[tokio::test]
async fn the_server_certificate_is_replaced() {
    let server = Exchange::new("replace-cluster-certificate", "response").await;
    let request = ReplaceClusterCertificate::new(&SecretBytes::new(b"pfx".to_vec()), Some("word".to_owned().into()));
    assert!(!format!("{request:?}").contains("word"));
    server.client.server_certificate().replace(&request).await.unwrap();
    let sent = server.sent().await;
    assert_eq!(
        serde_json::from_slice::<Value>(&sent.body).unwrap(),
        json!({ "Certificate": "cGZ4", "Password": "word" })
    );
    assert_eq!(
        (sent.method.as_str(), sent.url.path()),
        ("POST", "/admin/certificates/replace-cluster-cert")
    );

    let server = Exchange::new("replacement-status", "response").await;
    let status = server.client.server_certificate().replacement().await.unwrap().unwrap();
    assert_eq!(
        (status.confirmations, status.replaced, status.replace_immediately),
        (1, 0, false)
    );
    assert_eq!(
        status.thumbprint,
        Some(thumbprint("631AAE944A3C75B9AE33AB126410D836ADB8EB9C"))
    );
    server.sent_what_the_file_holds().await;
    let server = Exchange::new("replacement-status", "error-404").await;
    assert_eq!(server.client.server_certificate().replacement().await.unwrap(), None);
    let server = Exchange::new("replacement-reset", "response").await;
    server.client.server_certificate().reset_replacement().await.unwrap();
    server.sent_what_the_file_holds().await;
}

#[tokio::test]
async fn one_time_codes_are_used_and_the_cookie_is_kept_until_log_out() {
    let server = Exchange::new("two-factor-generate", "response").await;
    assert_eq!(
        server
            .client
            .two_factor()
            .generate_secret()
            .await
            .unwrap()
            .expose_secret()
            .len(),
        32
    );
    server.sent_what_the_file_holds().await;
    let server = Exchange::new("two-factor-configuration", "response").await;
    let settings = server.client.two_factor().configuration().await.unwrap();
    assert_eq!(
        (settings.default_session_minutes, settings.max_session_minutes),
        (120, 1440)
    );
    server.sent_what_the_file_holds().await;

    let server = Exchange::new("two-factor-log-in", "response").await;
    server
        .client
        .two_factor()
        .log_in(577_826, TwoFactorScope::ThisClient, None)
        .await
        .unwrap();
    server.sent_what_the_file_holds().await;
    server.answer(&file("whoami", "response-two-factor"), None).await;
    server.client.who_am_i().await.unwrap();
    let cookie = |request: &wiremock::Request| {
        request
            .headers
            .get("cookie")
            .map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(
        cookie(&server.sent().await).unwrap(),
        "2fa-cookie=9709e569-588c-457d-80b3-ec93ab915a67"
    );
    server.answer(&file("two-factor-log-out", "response"), None).await;
    server.client.two_factor().log_out().await.unwrap();
    server.answer(&file("whoami", "response"), None).await;
    server.client.who_am_i().await.unwrap();
    assert_eq!(cookie(&server.sent().await), None);
}

#[tokio::test]
async fn refusals_are_told_apart() {
    type Is = fn(&Error) -> bool;
    let cases: [(&str, &str, Is); 13] = [
        ("list", "error-403-no-certificate", Error::is_unauthorized),
        ("list", "error-403-unknown-certificate", Error::is_unauthorized),
        ("list", "error-403-clearance", |error| {
            error.is_forbidden() && !error.is_unauthorized()
        }),
        ("list", "error-428", Error::is_two_factor_required),
        ("generate", "error-400", Error::is_invalid_input),
        ("generate", "error-402", Error::is_license_limit),
        ("generate", "error-500-blank-name", Error::is_invalid_input),
        ("generate", "error-500-bad-date", Error::is_invalid_input),
        ("generate", "error-500-clearance", Error::is_refused),
        ("register", "error-500-wrong-password", Error::is_invalid_input),
        ("register", "error-500-server-certificate", Error::is_refused),
        ("delete", "error-500-own", Error::is_refused),
        ("two-factor-log-in", "error-406", Error::is_invalid_input),
    ];
    for (operation, name, is) in cases {
        let server = Exchange::new(operation, name).await;
        let error = server.client.server().version().await.unwrap_err();
        let raw = file(operation, name);
        assert!(is(&error) && !error.is_retryable(), "{operation}/{name}: {error:?}");
        assert_eq!(error.status().map(u64::from), raw["status"].as_u64());
        assert_eq!(error.error_type(), raw["body"]["Type"].as_str(), "{operation}/{name}");
        let message = raw["body"]["Message"]
            .as_str()
            .or(raw["body"]["Error"].as_str())
            .unwrap()
            .replace('\n', " ");
        assert!(error.to_string().contains(message.trim_end()), "{error}");
        assert_eq!(server.count().await, 1, "{operation}/{name} was repeated");
    }
}

struct Exchange {
    server: MockServer,
    client: Client,
    operation: &'static str,
}

impl Exchange {
    async fn new(operation: &'static str, answer: &str) -> Self {
        Self::start(operation, &file(operation, answer), None).await
    }

    async fn with_body(operation: &'static str, answer: &Value, body: Vec<u8>) -> Self {
        Self::start(operation, answer, Some(body)).await
    }

    async fn start(operation: &'static str, answer: &Value, body: Option<Vec<u8>>) -> Self {
        let server = MockServer::start().await;
        let client = Client::builder().danger_allow_plain_http().endpoint(&server.uri());
        let client = client
            .trust_anchors_pem(&self_signed().0.to_pem())
            .max_retries(0)
            .build()
            .unwrap();
        let exchange = Self {
            server,
            client,
            operation,
        };
        exchange.answer(answer, body).await;
        exchange
    }

    /// From now on answers what the file holds.
    async fn answer(&self, answer: &Value, body: Option<Vec<u8>>) {
        self.server.reset().await;
        let mut template = ResponseTemplate::new(u16::try_from(answer["status"].as_u64().unwrap()).unwrap());
        for (name, value) in answer["headers"].as_object().unwrap() {
            template = template.append_header(name.as_str(), value.as_str().unwrap());
        }
        let body = body.or_else(|| (!answer["body"].is_null()).then(|| answer["body"].to_string().into_bytes()));
        if let Some(body) = body {
            let content_type = answer["headers"]["content-type"].as_str().unwrap().to_owned();
            template = template.set_body_raw(body, &content_type);
        }
        Mock::given(any()).respond_with(template).mount(&self.server).await;
    }

    async fn count(&self) -> usize {
        self.server.received_requests().await.unwrap().len()
    }

    async fn sent(&self) -> wiremock::Request {
        let mut requests = self.server.received_requests().await.unwrap();
        assert_eq!(requests.len(), 1);
        requests.remove(0)
    }

    /// Method, path, query and JSON body, but for the random id that writes carry.
    async fn sent_what_the_file_holds(&self) {
        let (sent, expected) = (self.sent().await, file(self.operation, "request"));
        let mut target = sent.url.clone();
        target.set_query(None);
        let expected_target = target.join(expected["path"].as_str().unwrap()).unwrap();
        assert_eq!(
            (sent.method.as_str(), sent.url.path()),
            (expected["method"].as_str().unwrap(), expected_target.path())
        );
        let query: BTreeSet<_> = sent
            .url
            .query_pairs()
            .filter(|(name, _)| name != "raft-request-id")
            .collect();
        assert_eq!(query, expected_target.query_pairs().collect());
        let body = if sent.body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&sent.body).unwrap()
        };
        assert_eq!(body, expected["body"]);
    }
}

fn file(operation: &str, name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../acceptance-tests/contract/ravendb");
    let path = folder.join(operation).join(format!("{name}.json"));
    serde_json::from_slice(&std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).unwrap()
}

fn self_signed() -> (Certificate, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(["a.example".to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    (
        Certificate::from_der(certificate.der().clone()).unwrap(),
        key.serialize_pem().replace("\r\n", "\n"),
    )
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        writer
            .start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn thumbprint(text: &str) -> Thumbprint {
    text.parse().unwrap()
}

trait ParseDate {
    fn parse_date(&self) -> time::OffsetDateTime;
}

impl ParseDate for str {
    fn parse_date(&self) -> time::OffsetDateTime {
        time::OffsetDateTime::parse(self, &time::format_description::well_known::Rfc3339).unwrap()
    }
}
