//! Wrong inputs about the trust and the settings of a cluster, data sources and the provider block.

use serde_json::json;
use terraform_plugin::Block;

use super::Rows;

pub(super) fn add(rows: &mut Rows<'_>) {
    let texts = rows.texts;
    let ca = Block::Resource("certward_trusted_ca");
    for (text, summary) in [
        ("", "No certificate in"),
        ("ca.crt", "No certificate in"),
        (texts.key.as_str(), "Private key in"),
        (texts.client.as_str(), "Not a certification authority"),
    ] {
        rows.add(ca, json!({ "certificate_pem": text }), "certificate_pem", summary);
        let bundle = Block::Resource("certward_trusted_ca_bundle");
        rows.add(
            bundle,
            json!({ "certificates_pem": [text] }),
            "certificates_pem",
            summary,
        );
    }

    let settings = Block::Resource("certward_cluster_mtls_settings");
    rows.add(
        settings,
        json!({ "on_destroy": "undo" }),
        "on_destroy",
        "Unknown way to destroy",
    );
    rows.add(
        settings,
        json!({ "subject_validation_type": "cn" }),
        "subject_validation_type",
        "",
    );
    rows.add(
        settings,
        json!({ "subject_validation_type": "full_subject", "authorized_subjects": [] }),
        "authorized_subjects",
        "Nobody could log in",
    );
    rows.add(
        settings,
        json!({
            "subject_validation_type": "full_subject",
            "authorized_subjects": [{ "common_name": "a", "country": "USA" }],
        }),
        "authorized_subjects",
        "Country that no certificate has",
    );

    let by_user = Block::DataSource("certward_cert_user");
    rows.add(by_user, json!({ "id": null }), "", "Which user is meant?");
    rows.add(by_user, json!({ "name": "a" }), "", "Which user is meant?");
    rows.add(
        Block::DataSource("certward_cert_users"),
        json!({ "role": "boss" }),
        "role",
        "Unknown management role",
    );

    let endpoints = |url: &str| json!({ "ravendb": { "endpoints": [url] } });
    for url in [
        "",
        "a.example",
        "http://a.example",
        "https://a.example/x",
        "https://u:p@a.example",
    ] {
        rows.add(Block::Provider, endpoints(url), "ravendb", "Unsuitable endpoint");
    }
    rows.add(
        Block::Provider,
        json!({ "ravendb": { "endpoints": [] } }),
        "ravendb",
        "No endpoint",
    );
    rows.add(
        Block::Provider,
        json!({ "client_certificate_file": "a" }),
        "client_certificate_file",
        "Conflicting provider settings",
    );
    rows.add(
        Block::Provider,
        json!({ "max_retries": 21 }),
        "max_retries",
        "Unsuitable number",
    );
    rows.add(
        Block::Provider,
        json!({ "max_concurrent_requests": 0 }),
        "max_concurrent_requests",
        "Unsuitable number",
    );
    for timeout in ["0s", "soon", "-1s"] {
        rows.add(
            Block::Provider,
            json!({ "request_timeout": timeout }),
            "request_timeout",
            "Unsuitable request timeout",
        );
    }
    rows.add(
        Block::Provider,
        json!({ "tls_server_name": " " }),
        "tls_server_name",
        "Empty provider setting",
    );
}
