//! Wrong inputs about users, roles and ACLs of Redis Enterprise.

use serde_json::{Value as Json, json};
use terraform_plugin::Block;

use super::Rows;

pub(super) fn add(rows: &mut Rows<'_>) {
    let texts = rows.texts;
    let user = Block::Resource("certward_cert_user");
    for line in ["", "a", "/CN=a", "C=US, CN=a", "OU=a", "CN=a\\0A", "XY=a", "CN=a;b"] {
        rows.add(
            user,
            json!({ "certificate_subject_line": line }),
            "certificate_subject_line",
            "Unsuitable subject",
        );
    }
    rows.add(
        user,
        json!({ "certificate_subject_line": texts.client }),
        "certificate_subject_line",
        "Unsuitable subject",
    );
    rows.add(
        user,
        json!({ "certificate_subject_line": "CN=a,C=USA" }),
        "certificate_subject_line",
        "Country",
    );
    rows.add(
        user,
        json!({ "certificate_subject_line": "CN=a,CN=b" }),
        "certificate_subject_line",
        "Several common names",
    );
    rows.add(
        user,
        json!({ "certificate_subject_line": "CN=a,OU=b,OU=c" }),
        "certificate_subject_line",
        "Several org",
    );
    rows.add(
        user,
        json!({ "certificate_subject_line": null }),
        "certificate_subject_line",
        "No subject",
    );
    rows.add(
        user,
        json!({ "certificate_subject": { "common_name": "a" } }),
        "certificate_subject",
        "Several subjects",
    );
    rows.add(
        user,
        json!({ "certificate_pem": texts.client }),
        "certificate_pem",
        "Several subjects",
    );
    let by_pem = |text: &str| json!({ "certificate_subject_line": null, "certificate_pem": text });
    rows.add(user, by_pem(&texts.key), "certificate_pem", "Private key in");
    rows.add(user, by_pem("app.crt"), "certificate_pem", "No certificate in");
    rows.add(
        user,
        by_pem(&texts.server),
        "certificate_pem",
        "Certificate that can never log in",
    );
    rows.add(
        user,
        by_pem(&texts.ca),
        "certificate_pem",
        "Certificate that can never log in",
    );
    rows.add(
        user,
        json!({ "certificate_subject_line": null, "certificate_subject": { "common_name": "" } }),
        "certificate_subject",
        "Unsuitable subject",
    );
    rows.add(user, json!({ "role": "admin" }), "role_ids", "Conflicting roles");
    rows.add(user, json!({ "role_ids": null }), "role_ids", "No role");
    rows.add(user, json!({ "role_ids": [] }), "role_ids", "No role");
    for id in ["", "-1", "0", "1.5", "admin", "role-1"] {
        rows.add(user, json!({ "role_ids": [id] }), "role_ids", "Unsuitable id");
    }
    for role in ["", "Admin", "boss"] {
        rows.add(
            user,
            json!({ "role_ids": null, "role": role }),
            "role",
            "Unknown management role",
        );
    }
    for email in ["a", "a@b", "@b.c", "a b@c.d"] {
        rows.add(user, json!({ "email": email }), "email", "Unsuitable e-mail address");
    }
    for name in ["", " ", "a<b", "ü", &"a".repeat(256)] {
        rows.add(user, json!({ "name": name }), "name", "Unsuitable name");
    }

    let role = Block::Resource("certward_redis_role");
    for name in ["", "a/b", "ü"] {
        rows.add(role, json!({ "name": name }), "name", "Unsuitable name");
    }
    for management in ["", "Admin", "DB Viewer"] {
        rows.add(
            role,
            json!({ "management": management }),
            "management",
            "Unknown management role",
        );
    }
    let databases = |kind: &str, uids: Json| json!({ "resources": [{ "type": kind, "uids": uids }] });
    rows.add(
        role,
        databases("node", json!(["1"])),
        "resources[0]",
        "Unknown type of resource",
    );
    rows.add(
        role,
        databases("db", json!(["orders"])),
        "resources[0]",
        "Unsuitable id",
    );
    rows.add(role, databases("db", json!(["0"])), "resources[0]", "Unsuitable id");
    rows.add(role, databases("db", json!([])), "resources[0]", "No uid");
    let mut without_effect = databases("db", json!(["1"]));
    without_effect["management"] = json!("admin");
    rows.add(role, without_effect, "resources", "Limit without effect");

    let acl = Block::Resource("certward_redis_acl");
    for name in ["", "a/b"] {
        rows.add(acl, json!({ "name": name }), "name", "Unsuitable name");
    }
    for rules in ["", ">secret", "get"] {
        rows.add(acl, json!({ "acl": rules }), "acl", "");
    }
}
