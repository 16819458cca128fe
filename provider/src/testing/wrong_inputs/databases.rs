//! Wrong inputs about databases of Redis Enterprise.

use serde_json::json;
use terraform_plugin::Block;

use super::Rows;

pub(super) fn add(rows: &mut Rows<'_>) {
    let texts = rows.texts;
    let database = Block::Resource("certward_redis_database");
    for name in ["", "-a", "a-", "a b", "a.b", &"a".repeat(64)] {
        rows.add(database, json!({ "name": name }), "name", "Unsuitable name");
    }
    for memory in [-1, 1, 1024] {
        rows.add(
            database,
            json!({ "memory_size": memory }),
            "memory_size",
            "Unsuitable memory size",
        );
    }
    for port in [-1, 0, 80, 65_536] {
        rows.add(database, json!({ "port": port }), "port", "Unsuitable port");
    }
    rows.add(
        database,
        json!({ "eviction_policy": "lru" }),
        "eviction_policy",
        "Unknown word",
    );
    rows.add(
        database,
        json!({ "data_persistence": "AOF" }),
        "data_persistence",
        "Unknown word",
    );
    rows.add(
        database,
        json!({ "aof_policy": "never", "data_persistence": "aof" }),
        "aof_policy",
        "Unknown word",
    );
    rows.add(
        database,
        json!({ "aof_policy": "appendfsync-always" }),
        "aof_policy",
        "Setting without effect",
    );
    rows.add(
        database,
        json!({ "data_persistence": "snapshot" }),
        "snapshot_policy",
        "",
    );
    let permissions = |role: &str, acl: &str| json!({ "role_id": role, "redis_acl_id": acl });
    rows.add(
        database,
        json!({ "roles_permissions": [permissions("x", "1")] }),
        "roles_permissions",
        "Unsuitable id",
    );
    rows.add(
        database,
        json!({ "roles_permissions": [permissions("1", "-1")] }),
        "roles_permissions",
        "Unsuitable id",
    );
    rows.add(
        database,
        json!({ "roles_permissions": [permissions("1", "1"), permissions("1", "2")] }),
        "roles_permissions",
        "Role listed twice",
    );
    rows.add(database, json!({ "timeouts": { "create": "soon" } }), "timeouts", "");
    let password = "default_user_password_wo";
    rows.add(
        database,
        json!({ password: "x" }),
        "default_user_password_wo_version",
        "Password without a version",
    );
    rows.add(
        database,
        json!({ "default_user_password_wo_version": 1 }),
        password,
        "Version without a password",
    );
    rows.add(
        database,
        json!({ password: "", "default_user_password_wo_version": 1 }),
        password,
        "Empty password",
    );
    for (mtls, summary) in [
        (json!({ "tls_mode": "on" }), "Unknown word"),
        (
            json!({ "client_authentication_enforced": true }),
            "Certificates without TLS",
        ),
        (
            json!({ "tls_mode": "enabled", "client_authentication_enforced": true }),
            "No client certificates",
        ),
        (json!({ "client_certificates_pem": [texts.key] }), "Private key in"),
        (json!({ "client_certificates_pem": ["ca.crt"] }), "No certificate in"),
        (
            json!({ "client_certificates_pem": [texts.expired] }),
            "Certificate has expired",
        ),
        (json!({ "subject_validation_type": "all" }), ""),
        (
            json!({ "subject_validation_type": "full_subject" }),
            "Nobody could connect",
        ),
        (
            json!({ "allow_outdated_certificates": true }),
            "Certificates are good for ever",
        ),
        (
            json!({ "allow_missing_extended_key_usage": true }),
            "Certificates need not be for clients",
        ),
    ] {
        rows.add(database, json!({ "mtls": mtls }), "mtls", summary);
    }
}
