//! Wrong inputs about `certward_client_certificate`.

use serde_json::json;
use terraform_plugin::Block;

use super::Rows;

pub(super) fn add(rows: &mut Rows<'_>) {
    let texts = rows.texts;
    let certificate = Block::Resource("certward_client_certificate");
    for text in [
        "",
        "app.crt",
        "MIIB",
        "-----BEGIN CERTIFICATE REQUEST-----\nMII\n-----END CERTIFICATE REQUEST-----\n",
    ] {
        rows.add(
            certificate,
            json!({ "certificate_pem": text }),
            "certificate_pem",
            "No certificate in",
        );
    }
    let broken = texts.client.replace("MII", "!!!");
    rows.add(
        certificate,
        json!({ "certificate_pem": broken }),
        "certificate_pem",
        "Unreadable certificate_pem",
    );
    let one_line = texts.client.replace('\n', " ");
    rows.add(
        certificate,
        json!({ "certificate_pem": one_line }),
        "certificate_pem",
        "Unreadable certificate_pem",
    );
    rows.add(
        certificate,
        json!({ "certificate_pem": texts.key }),
        "certificate_pem",
        "Private key in",
    );
    let both = format!("{}{}", texts.client, texts.key);
    rows.add(
        certificate,
        json!({ "certificate_pem": both }),
        "certificate_pem",
        "Private key in",
    );
    let two = format!("{}{}", texts.client, texts.server);
    rows.add(certificate, json!({ "certificate_pem": two }), "certificate_pem", "");
    rows.add(
        certificate,
        json!({ "certificate_pem": texts.server }),
        "certificate_pem",
        "Not a client certificate",
    );
    rows.add(
        certificate,
        json!({ "certificate_pem": texts.expired }),
        "certificate_pem",
        "Certificate has expired",
    );
    rows.add(
        certificate,
        json!({ "certificate_pem": texts.ca }),
        "certificate_pem",
        "Certificate says that it is",
    );
    for name in ["", " ", "\t"] {
        rows.add(certificate, json!({ "name": name }), "name", "Unsuitable name");
    }
    rows.add(certificate, json!({ "name": "a\n" }), "name", "Control character");
    for clearance in ["", "Boss", "operator", "ClusterNode", "UnauthenticatedClients"] {
        rows.add(
            certificate,
            json!({ "security_clearance": clearance }),
            "security_clearance",
            "Unsuitable security clearance",
        );
    }
    for access in ["", "Write", "read", "admin"] {
        let path = "database_permissions[\"a\"]";
        rows.add(
            certificate,
            json!({ "database_permissions": { "a": access } }),
            path,
            "Unknown database access",
        );
    }
    for name in ["", "a b", "a..b", ".a", "a.", "con", "²", "𠮷", "a/b", &"a".repeat(129)] {
        let path = format!("database_permissions[{name:?}]");
        rows.add(
            certificate,
            json!({ "database_permissions": { name: "Read" } }),
            &path,
            "Not a database name",
        );
    }
    rows.add(
        certificate,
        json!({ "security_clearance": "Operator", "database_permissions": { "a": "Read" } }),
        "database_permissions",
        "Permissions without effect",
    );
}
