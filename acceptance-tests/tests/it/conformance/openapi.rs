//! The two OpenAPI documents against the server that serves them, by schemathesis: requests made from the document, good
//! and bad, and every answer held against it.
//!
//! The caller is the server's own certificate, an administrator of both APIs that no request can delete, demote or lock.
//! The permitted differences are in `clients/conformance/<api>.baseline.json`, each with its reason.

use std::fs;
use std::process::Command;

use certward_acceptance_tests::programs::{long_tests, succeed};
use certward_acceptance_tests::published_clients::{conformance_tools, program};
use certward_acceptance_tests::reference_server::ReferenceServer;
use serde_json::Value;

#[test]
fn ravendbs_api_is_as_its_document_says() {
    // `Read` access needs a licence on a real RavenDB; here a setting stands for it.
    let server = ReferenceServer::start_with(&["--Certward.License.ReadOnlyCertificates=true"]);
    let document = format!("{}/openapi.json", server.endpoint());
    // An unknown method is 400, as on the real server (`docs/contracts/ravendb.md#observations`, 12).
    check("ravendb", &server, &document, "ignored_auth,unsupported_method");
}

#[test]
fn redis_enterprises_api_is_as_its_document_says() {
    let server = ReferenceServer::start();
    let document = format!("{}/v1/openapi.json", server.redis_enterprise_endpoint());
    check("redis_enterprise", &server, &document, "ignored_auth");
}

#[test]
fn every_failure_that_is_allowed_has_its_reason() {
    for api in ["ravendb", "redis_enterprise"] {
        let list = fs::read_to_string(program(&format!("conformance/{api}.baseline.json"))).unwrap();
        let list: Value = serde_json::from_str(&list).unwrap();
        for entry in list["entries"].as_array().unwrap() {
            let reason = entry["reason"].as_str().unwrap_or_default();
            assert!(reason.len() > 20, "{api}: {entry}");
        }
    }
}

/// Runs schemathesis, which ends with an error when it finds what is not in the list.
///
/// Its check `ignored_auth` leaves headers out and expects 401, but the caller is in the certificate of the connection; the
/// server's own tests hold every route against every caller.
fn check(api: &str, server: &ReferenceServer, document: &str, without: &str) {
    let file = |kind: &str| program(&format!("conformance/{api}.{kind}"));
    let examples = if long_tests() { "500" } else { "5" };
    let python = conformance_tools();
    succeed(
        Command::new(python.with_file_name("schemathesis"))
            .arg("--config-file")
            .arg(file("toml"))
            .args(["run", document, "--baseline"])
            .arg(file("baseline.json"))
            .arg("--tls-verify")
            .arg(server.path("ca.crt"))
            .arg("--request-cert")
            .arg(server.path("server.crt"))
            .arg("--request-cert-key")
            .arg(server.path("server.key"))
            .args([
                "--checks",
                "all",
                "--phases",
                "coverage,fuzzing",
                "--continue-on-failure",
            ])
            .args(["--exclude-checks", without])
            .args(["--max-examples", examples, "--generation-deterministic", "--no-shrink"])
            // Guessed passwords would be hashed, each of them.
            .args(["--generation-with-security-parameters", "false"])
            // A connection that ends between two requests is the business of every client.
            .args(["--request-timeout", "30", "--request-retries", "2", "--no-color"])
            // It writes its cache where it is started.
            .current_dir(server.work()),
    );
    let alive = server
        .process_id()
        .is_some_and(|pid| fs::exists(format!("/proc/{pid}/status")).unwrap_or(false));
    assert!(alive, "the server has ended:\n{}", server.log());
    assert!(!server.log().contains("panicked"), "{}", server.log());
}
