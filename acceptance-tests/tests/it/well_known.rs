//! Well-known issuers of the server's settings are reported as RavenDB 7.2.7 does.

use std::fs;

use certward::pki::{Certificate, certificates_from_pem};
use certward::ravendb::{Client, SecurityClearance};
use certward_acceptance_tests::curl::Curl;
use certward_acceptance_tests::reference_server::ReferenceServer;
use certward_acceptance_tests::test_pki::{Identity, TestCa};
use serde_json::{Value, json};

#[tokio::test]
async fn whoami_of_certificates_that_the_settings_trust_is_ravendbs_and_the_sdk_reads_it() {
    let files = tempfile::tempdir().unwrap();
    let (named, ca) = (Identity::self_signed("named"), TestCa::new("Well Known CA"));
    let issued = ca.issue("issued");
    let ca_file = files.path().join("ca.crt");
    fs::write(&ca_file, ca.certificate_pem()).unwrap();
    let thumbprint = |identity: &Identity| certificate(&identity.certificate_pem).thumbprint().to_string();
    let server = ReferenceServer::start_with(&[
        &format!("--Security.WellKnownCertificates.Admin={}", thumbprint(&named)),
        &format!("--Security.WellKnownIssuers.Admin={}", ca_file.display()),
    ]);
    let issuer = certificate(&ca.certificate_pem());
    let issuer_name = format!(
        "Well Known Issuer Certificate: CN=Well Known CA - {}",
        issuer.thumbprint()
    );
    for (identity, name, usage) in [
        (&named, "Well Known Admin Certificate", "Client"),
        (&issued, &*issuer_name, "WellKnownIssuer"),
    ] {
        let (own, key) = (files.path().join("own.crt"), files.path().join("own.key"));
        fs::write(&own, &identity.certificate_pem).unwrap();
        fs::write(&key, &identity.private_key_pem).unwrap();
        let curl = Curl::new(&server.endpoint(), &server.path("ca.crt")).certificate(&own, &key);
        let answer = curl.get("/certificates/whoami").expect(200).json();
        let expected = json!({
            "Name": name,
            "Thumbprint": thumbprint(identity),
            "SecurityClearance": "ClusterAdmin",
            "Usage": usage,
            "NotAfter": null,
            "NotBefore": null,
            "Certificate": null,
        });
        for (member, value) in expected.as_object().unwrap() {
            assert_eq!(answer.get(member), Some(value), "{member}: {answer}");
        }
        assert_eq!(answer["Permissions"], Value::Object(serde_json::Map::new()));

        let client = Client::builder()
            .endpoint(&server.endpoint())
            .trust_anchors_pem(&server.read("ca.crt"))
            .identity(certward::Identity::from_pem(&identity.certificate_pem, &identity.private_key_pem).unwrap())
            .build()
            .unwrap();
        let who = client.who_am_i().await.unwrap().unwrap().certificate;
        assert_eq!(
            (who.name.as_str(), who.not_after, &who.certificate),
            (name, None, &None)
        );
        assert_eq!(who.security_clearance, SecurityClearance::ClusterAdmin);
        assert_eq!(who.usage.map(|usage| usage.to_string()), Some(usage.to_owned()));
    }
}

fn certificate(pem: &str) -> Certificate {
    certificates_from_pem(pem).unwrap().remove(0)
}
