//! The requests of the vendor's page "Certificate-based authentication" (Redis Enterprise Software 7.8), with `curl`: the
//! bodies are the page's to the letter, with its placeholders filled in.

use certward_acceptance_tests::curl::{Answer, Curl};
use certward_acceptance_tests::programs::installed;
use certward_acceptance_tests::team::{Team, full_subject, role};
use certward_acceptance_tests::test_pki::{Identity, TestCa};
use rcgen::DnType;
use serde_json::{Value, json};

/// "Add a trusted CA certificate `mtls_trusted_ca` to the cluster".
const UPDATE_CERT: &str = r#"{
  "name": "mtls_trusted_ca",
  "certificate": "<content of certificate PEM file>"
}"#;

/// "For certificate validation by Subject Alternative Name (SAN), use:"
const VALIDATION_BY_SAN: &str = r#"{
  "mtls_certificate_authentication": true,
  "mtls_client_cert_subject_validation_type": "san_cn",
  "mtls_authorized_subjects": [{
    "CN": "<Common Name>"
  }]
}"#;

/// "For certificate validation by full Subject Name, use:"
const VALIDATION_BY_FULL_SUBJECT: &str = r#"{
  "mtls_certificate_authentication": true,
  "mtls_client_cert_subject_validation_type": "full_subject",
  "mtls_authorized_subjects": [{
    "CN": "<Common Name>",
    "OU": [<array of Organizational Unit strings>],
    "O": "<Organization>",
    "C": "<2-letter country code>",
    "L": "<Locality (city)>",
    "ST": "<State/Province>"
  }]
}"#;

/// "When you create new users".
const NEW_USER: &str = r#"{
  "auth_method": "certificate",
  "certificate_subject_line": "CN=<Common Name>, OU=<Organization Unit>, O=<Organization>, L=<Locality>, ST=<State/Province>, C=<Country>"
}"#;

const COMMON_NAME: &str = "client.example.com";

/// "Replace the placeholder values `<>` with your client certificate's subject values."
fn filled_in(body: &str) -> String {
    [
        ("<Common Name>", COMMON_NAME),
        ("<array of Organizational Unit strings>", "\"Platform\""),
        ("<Organization Unit>", "Platform"),
        ("<Organization>", "Example Team"),
        ("<2-letter country code>", "US"),
        ("<Country>", "US"),
        ("<Locality (city)>", "Springfield"),
        ("<Locality>", "Springfield"),
        ("<State/Province>", "Illinois"),
    ]
    .iter()
    .fold(body.to_owned(), |body, (placeholder, value)| {
        body.replace(placeholder, value)
    })
}

/// The page's steps before the users: the CA, then the settings in `validation`.
fn follow_the_page(team: &Team, admin: &Curl, validation: &str) -> Value {
    let pem = json!(team.ca.certificate_pem()).to_string();
    let trusted = UPDATE_CERT.replace("\"<content of certificate PEM file>\"", &pem);
    admin
        .request("PUT", "/v1/cluster/update_cert", Some(&trusted))
        .expect(200);
    let settings = admin.request("PUT", "/v1/cluster", Some(&filled_in(validation)));
    settings.expect(200).json()
}

/// The page's client certificate, with the subject that the placeholders are filled in with.
fn client_certificate(team: &Team) -> Identity {
    team.ca.issue_to(&full_subject(COMMON_NAME), &[])
}

#[test]
fn the_pages_requests_run_as_they_are_printed() {
    for (validation, kind) in [
        (VALIDATION_BY_SAN, "san_cn"),
        (VALIDATION_BY_FULL_SUBJECT, "full_subject"),
    ] {
        if !installed("curl") {
            return;
        }
        let team = Team::new();
        let admin = team.admin();
        let cluster = follow_the_page(&team, &admin, validation);
        assert_eq!(cluster["mtls_certificate_authentication"], true);
        assert_eq!(cluster["mtls_client_cert_subject_validation_type"], kind);
        assert_eq!(cluster["mtls_authorized_subjects"][0]["CN"], COMMON_NAME);

        let client = team.holder(&client_certificate(&team));
        client.get("/v1/users/role").expect(401);
        let created = admin.request("POST", "/v1/users", Some(&filled_in(NEW_USER)));
        let user = created.expect(200).json();
        assert_eq!(user["auth_method"], "certificate");
        assert_eq!(
            user["certificate_subject_line"],
            "CN=client.example.com, OU=Platform, O=Example Team, L=Springfield, ST=Illinois, C=US"
        );

        // The page gives its user no role, so it may ask who it is and nothing else.
        assert_eq!(
            client.get("/v1/users/role").expect(200).json(),
            json!({ "role": "none" })
        );
        client.get("/v1/cluster").expect(403);
        let path = format!("/v1/users/{}", user["uid"]);
        let role = json!({ "role_uids": [role::CLUSTER_VIEWER] }).to_string();
        admin.request("PUT", &path, Some(&role)).expect(200);
        assert_eq!(client.get("/v1/cluster").expect(200).json()["name"], cluster["name"]);
    }
}

#[test]
fn every_answer_to_a_client_certificate_counts_the_changes() {
    if !installed("curl") {
        return;
    }
    let team = Team::trusted();
    let state = |answer: &Answer| -> u64 { answer.header("cluster-state-id").unwrap().parse().unwrap() };
    let before = state(&team.admin().get("/v1/cluster").expect(200));
    team.create_user("one", "CN=one", role::NONE);
    let client = team.holder(&team.ca.issue("one"));
    assert_eq!(state(&client.get("/v1/users/role").expect(200)), before + 1);
    assert_eq!(state(&client.get("/v1/cluster").expect(403)), before + 1);
}

#[test]
fn what_the_role_does_not_allow_is_refused() {
    if !installed("curl") {
        return;
    }
    let team = Team::trusted();
    team.create_user("viewer", "CN=viewer", role::CLUSTER_VIEWER);
    let viewer = team.holder(&team.ca.issue("viewer"));
    for allowed in ["/v1/cluster", "/v1/nodes", "/v1/license", "/v1/roles", "/v1/redis_acls"] {
        viewer.get(allowed).expect(200);
    }
    for (method, path, body) in [
        ("GET", "/v1/users", None),
        ("POST", "/v1/users", Some(NEW_USER)),
        ("PUT", "/v1/cluster", Some(VALIDATION_BY_SAN)),
        ("PUT", "/v1/cluster/update_cert", Some(UPDATE_CERT)),
        ("DELETE", "/v1/cluster/certificates/mtls_trusted_ca", None),
        ("POST", "/v1/roles", Some(r#"{"name": "mine", "management": "admin"}"#)),
        ("DELETE", "/v1/roles/3", None),
    ] {
        let refused = viewer.request(method, path, body).expect(403).json();
        assert_eq!(refused["error_code"], "unauthorized_action", "{method} {path}");
        assert_eq!(refused["description"], refused["message"], "{method} {path}");
    }
    let keys = viewer.get("/v1/cluster/certificates").expect(200).json();
    let names = keys.as_object().unwrap().keys();
    assert_eq!(names.filter(|name| name.ends_with("_key")).count(), 0);
}

#[test]
fn refusal_of_a_request_with_a_body_reaches_curl_over_http_2() {
    if !installed("curl") {
        return;
    }
    let team = Team::new();
    // The refusal is sent before the body is read, which must not reset its stream: that was lost on more than half.
    for _ in 0..30 {
        team.nobody().request("POST", "/v1/users", Some(NEW_USER)).expect(401);
    }
}

#[test]
fn subject_outside_the_gate_is_refused() {
    if !installed("curl") {
        return;
    }
    let team = Team::new();
    let admin = team.admin();
    let whole = full_subject(COMMON_NAME);
    let without_locality: Vec<_> = whole
        .iter()
        .filter(|(attribute, _)| *attribute != DnType::LocalityName)
        .cloned()
        .collect();
    let mut two_units = whole.to_vec();
    two_units.push((DnType::CustomDnType(vec![2, 5, 4, 11]), "Other"));
    let other_case = full_subject("Client.example.com");
    let lines = [
        (
            "whole",
            "CN=client.example.com,OU=Platform,O=Example Team,L=Springfield,ST=Illinois,C=US",
        ),
        ("bare", "CN=client.example.com"),
        ("app1", "CN=app1.internal"),
        (
            "no-locality",
            "CN=client.example.com,OU=Platform,O=Example Team,ST=Illinois,C=US",
        ),
        (
            "two-units",
            "OU=Other,CN=client.example.com,OU=Platform,O=Example Team,L=Springfield,ST=Illinois,C=US",
        ),
        (
            "other-case",
            "CN=Client.example.com,OU=Platform,O=Example Team,L=Springfield,ST=Illinois,C=US",
        ),
    ];
    for (name, line) in lines {
        team.create_user(name, line, role::CLUSTER_VIEWER);
    }
    let dns = [COMMON_NAME];
    let bare = [(DnType::CommonName, COMMON_NAME)];
    let app1 = [(DnType::CommonName, "app1.internal")];
    // What the certificate says, and whether it passes with san_cn and with full_subject.
    let cases: [(&str, Identity, bool, bool); 7] = [
        ("the whole subject", team.ca.issue_to(&whole, &[]), true, true),
        ("the common name alone", team.ca.issue_to(&bare, &[]), true, false),
        ("the name as a DNS name", team.ca.issue_to(&app1, &dns), true, false),
        ("another name", team.ca.issue_to(&app1, &[]), false, false),
        ("no locality", team.ca.issue_to(&without_locality, &[]), true, false),
        ("a second unit", team.ca.issue_to(&two_units, &[]), true, false),
        ("capitals", team.ca.issue_to(&other_case, &[]), false, false),
    ];
    for (place, validation) in [VALIDATION_BY_SAN, VALIDATION_BY_FULL_SUBJECT].iter().enumerate() {
        follow_the_page(&team, &admin, validation);
        for (what, identity, by_san, by_full_subject) in &cases {
            let passes = [*by_san, *by_full_subject][place];
            let answer = team.holder(identity).get("/v1/cluster");
            let expected = if passes { 200 } else { 401 };
            assert_eq!(answer.status, expected, "{what}: {validation}: {}", answer.body);
        }
    }
}

#[test]
fn certificate_without_a_user_is_refused() {
    if !installed("curl") {
        return;
    }
    let team = Team::trusted();
    let refused = team.holder(&team.ca.issue("nobody")).get("/v1/cluster").expect(401);
    assert_eq!(refused.json()["error_code"], "client_certificate_refused");
    // A password would not be asked of who came with a certificate.
    assert_eq!(refused.header("www-authenticate"), None);
}

#[test]
fn certificate_of_another_ca_is_refused() {
    if !installed("curl") {
        return;
    }
    let team = Team::trusted();
    team.create_user("alice", "CN=alice", role::ADMIN);
    team.holder(&team.ca.issue("alice")).get("/v1/cluster").expect(200);
    // The same names, CA included.
    let impostor = TestCa::new("Example Team CA").issue("alice");
    team.holder(&impostor).get("/v1/cluster").expect(401);
    team.holder(&Identity::self_signed("alice"))
        .get("/v1/cluster")
        .expect(401);
}

#[test]
fn certificate_is_no_login_before_the_switch_is_on() {
    if !installed("curl") {
        return;
    }
    let team = Team::new();
    team.trust(&team.ca);
    team.create_user("alice", "CN=alice", role::ADMIN);
    let alice = team.holder(&team.ca.issue("alice"));
    alice.get("/v1/cluster").expect(401);
    team.set(&json!({ "mtls_certificate_authentication": true }));
    alice.get("/v1/cluster").expect(200);
}

#[test]
fn headers_of_a_gateway_are_no_login() {
    if !installed("curl") {
        return;
    }
    let team = Team::trusted();
    team.create_user("alice", "CN=alice", role::ADMIN);
    team.nobody().get("/v1/cluster").expect(401);
    for header in [
        "r-auth-user: 1",
        "r-auth-user: alice",
        "X-SSL-Client-Cert: CN=alice",
        "X-Forwarded-Client-Cert: Subject=\"CN=alice\"",
        "X-Client-Cert: CN=alice",
    ] {
        team.nobody().header(header).get("/v1/cluster").expect(401);
    }
}

#[test]
fn authorization_header_wins_over_a_certificate() {
    if !installed("curl") {
        return;
    }
    let team = Team::trusted();
    team.create_user("alice", "CN=alice", role::ADMIN);
    let body = json!({
        "name": "viewer", "email": "viewer@example.com", "password": "a long password", "role_uids": [role::CLUSTER_VIEWER],
    });
    team.admin()
        .request("POST", "/v1/users", Some(&body.to_string()))
        .expect(200);
    let alice = team.holder(&team.ca.issue("alice"));
    let both = alice.clone().user("viewer@example.com", "a long password");
    assert_eq!(
        both.get("/v1/users/role").expect(200).json(),
        json!({ "role": "cluster_viewer" })
    );
    alice
        .user("viewer@example.com", "a wrong password")
        .get("/v1/cluster")
        .expect(401);
}
