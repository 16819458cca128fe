//! What users get wrong, through the calls that Terraform makes: each is told on its attribute, and none of it as a fault
//! of the provider's.

use std::collections::HashMap;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use serde_json::{Value as Json, json};
use terraform_plugin::{Block, InProcess};
use tf_provider::schema::{Attribute, AttributeConstraint, AttributeType};

use crate::provider::Certward;
use crate::provider::clock::SystemClock;
use crate::provider::configuration::Environment;

struct NoVariables;

impl Environment for NoVariables {
    fn get(&self, _: &str) -> Option<String> {
        None
    }
}

fn provider() -> InProcess {
    InProcess::new(Certward::with(NoVariables, Arc::new(SystemClock)))
}

/// A mistake: where, what is written, the attribute, and the first words.
type Row = (Block<'static>, Json, String, &'static str);

#[tokio::test]
async fn every_wrong_input_is_told_on_its_attribute_and_none_as_a_bug() {
    let provider = provider();
    // Nothing listens there: a plan does not need the cluster to find these.
    let block = json!({
        "ravendb": { "endpoints": ["https://127.0.0.1:1"] },
        "redis_enterprise": { "endpoints": ["https://127.0.0.1:1"] },
        "max_retries": 0,
    });
    let told = provider.configure(&block).await;
    assert!(told.iter().all(|told| !told.is_error), "{told:?}");
    let texts = Texts::new();
    let mut rows = of_schemas(&provider, &texts);
    rows.extend(written(&texts));
    assert!(rows.len() >= 215, "{} rows", rows.len());
    let mut wrong = Vec::new();
    for (block, config, path, summary) in rows {
        let mut told = provider.validate(block, &config).await;
        if let (Block::Resource(name), true) = (block, told.iter().all(|told| !told.is_error)) {
            told.extend(provider.plan(name, &config).await);
        }
        let found = told
            .iter()
            .any(|told| told.path == path && told.summary.starts_with(summary));
        let blames_us = told.iter().any(|told| {
            let text = format!("{} {}", told.summary, told.detail).to_lowercase();
            ["a bug", "report it", "report this", "panicked"]
                .iter()
                .any(|words| text.contains(words))
        });
        if !found || blames_us {
            wrong.push(format!("{block:?} {path} {summary:?}: {told:?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.concat());
}

/// The base of the rows itself has no mistake, or they would prove nothing.
#[tokio::test]
async fn right_inputs_are_told_nothing_at_validation() {
    let provider = provider();
    let texts = Texts::new();
    let resources = provider.resources().map(Block::Resource);
    for block in resources.chain(provider.data_sources().map(Block::DataSource)) {
        let told = provider.validate(block, &texts.right(block)).await;
        assert_eq!(told, [], "{block:?}");
    }
    assert_eq!(
        provider.validate(Block::Provider, &texts.right(Block::Provider)).await,
        []
    );
}

#[tokio::test]
async fn states_of_the_first_schema_version_are_upgraded() {
    let provider = provider();
    let user = json!({ "id": "7", "name": "a", "role_ids": [2, 3], "certificate_subject_line": "CN=a" });
    let upgraded = provider.upgrade("certward_cert_user", 0, &user).await;
    assert_eq!(upgraded["role_ids"], json!(["2", "3"]));
    assert_eq!(provider.upgrade("certward_cert_user", 1, &upgraded).await, upgraded);
    let database = json!({ "id": "3", "port": 12000, "roles_permissions": [{ "role_id": 2, "redis_acl_id": 11 }] });
    let upgraded = provider.upgrade("certward_redis_database", 0, &database).await;
    assert_eq!(
        upgraded["roles_permissions"],
        json!([{ "role_id": "2", "redis_acl_id": "11" }])
    );
    assert_eq!(upgraded["port"], json!(12000));
}

/// Wrong inputs that follow from the schema, for every attribute of every type.
fn of_schemas(provider: &InProcess, texts: &Texts) -> Vec<Row> {
    let leaked = |name: &str| -> &'static str { Box::leak(name.to_owned().into_boxed_str()) };
    let resources = provider.resources().map(|name| Block::Resource(leaked(name)));
    let data_sources = provider.data_sources().map(|name| Block::DataSource(leaked(name)));
    let mut rows = Vec::new();
    for block in resources.chain(data_sources).chain([Block::Provider]) {
        for (name, attribute) in &provider.schema(block).block.attributes {
            let mut row = |value: Json, path: String, summary| {
                let mut config = texts.right(block);
                config[name] = value;
                rows.push((block, config, path, summary));
            };
            for (value, inside, summary) in mistakes(attribute) {
                row(value, format!("{name}{inside}"), summary);
            }
        }
    }
    rows
}

fn mistakes(attribute: &Attribute) -> Vec<(Json, String, &'static str)> {
    const MISSING: &str = "Missing Configuration for Required Attribute";
    let mut found = Vec::new();
    match attribute.constraint {
        AttributeConstraint::Computed => {
            let value = sample(&attribute.attr_type);
            return vec![(value, String::new(), "Invalid Configuration for Read-Only Attribute")];
        }
        AttributeConstraint::Required => found.push((Json::Null, String::new(), MISSING)),
        _ => {}
    }
    match &attribute.attr_type {
        AttributeType::Number => found.push((json!(1.5), String::new(), "Invalid Whole Number")),
        AttributeType::List(_) => found.push((json!([null]), "[0]".to_owned(), "Null List Value")),
        AttributeType::Set(_) => found.push((json!([null]), String::new(), "Null Set Value")),
        AttributeType::Map(_) => found.push((json!({ "k": null }), "[\"k\"]".to_owned(), "Null Map Value")),
        AttributeType::AttributeList(attributes) => {
            found.push((json!([null]), "[0]".to_owned(), "Null List Value"));
            for (name, inner) in attributes {
                for (value, inside, summary) in mistakes(inner) {
                    let object = with(attributes, name, value);
                    found.push((json!([object]), format!("[0].{name}{inside}"), summary));
                }
            }
        }
        AttributeType::AttributeSet(attributes) => {
            found.push((json!([null]), String::new(), "Null Set Value"));
            for (name, inner) in attributes {
                for (value, _, summary) in mistakes(inner) {
                    found.push((json!([with(attributes, name, value)]), String::new(), summary));
                }
            }
        }
        AttributeType::AttributeSingle(attributes) => {
            for (name, inner) in attributes {
                for (value, inside, summary) in mistakes(inner) {
                    found.push((with(attributes, name, value), format!(".{name}{inside}"), summary));
                }
            }
        }
        _ => {}
    }
    found
}

/// An object with everything that is required, and this.
fn with(attributes: &HashMap<String, Attribute>, name: &str, value: Json) -> Json {
    let required = attributes
        .iter()
        .filter(|(_, attribute)| attribute.constraint == AttributeConstraint::Required);
    let mut object: Json = required
        .map(|(name, attribute)| (name.clone(), sample(&attribute.attr_type)))
        .collect();
    object[name] = value;
    object
}

fn sample(attr_type: &AttributeType) -> Json {
    match attr_type {
        AttributeType::String => json!("1"),
        AttributeType::Number => json!(1),
        AttributeType::Bool => json!(true),
        AttributeType::List(inner) | AttributeType::Set(inner) => json!([sample(inner)]),
        AttributeType::Map(inner) => json!({ "k": sample(inner) }),
        AttributeType::AttributeList(_) | AttributeType::AttributeSet(_) => json!([{}]),
        _ => json!({}),
    }
}

/// Certificates and keys, made for this run.
struct Texts {
    client: String,
    ca: String,
    key: String,
    server: String,
    expired: String,
}

impl Texts {
    fn new() -> Self {
        let made = |change: fn(&mut CertificateParams)| {
            let mut params = CertificateParams::default();
            params.distinguished_name.push(DnType::CommonName, "app");
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            params.not_after = rcgen::date_time_ymd(2090, 1, 1);
            change(&mut params);
            params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
        };
        Self {
            client: made(|_| {}),
            ca: made(|params| {
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
                params.extended_key_usages.clear();
            }),
            key: KeyPair::generate().unwrap().serialize_pem(),
            server: made(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]),
            expired: made(|params| params.not_after = rcgen::date_time_ymd(2001, 1, 1)),
        }
    }

    /// A configuration without a mistake.
    fn right(&self, block: Block<'_>) -> Json {
        match block {
            Block::Resource("certward_client_certificate") => json!({ "name": "a", "certificate_pem": self.client }),
            Block::Resource("certward_cert_user") => {
                json!({ "name": "a", "certificate_subject_line": "CN=a", "role_ids": ["2"] })
            }
            Block::Resource("certward_redis_role") => json!({ "name": "a", "management": "db_member" }),
            Block::Resource("certward_redis_acl") => json!({ "name": "a", "acl": "+get ~*" }),
            Block::Resource("certward_redis_database") => json!({ "name": "a", "memory_size": 0 }),
            Block::Resource("certward_trusted_ca") => json!({ "certificate_pem": self.ca }),
            Block::Resource("certward_trusted_ca_bundle") => json!({ "certificates_pem": [self.ca] }),
            Block::Resource("certward_cluster_mtls_settings") => json!({ "subject_validation_type": "disabled" }),
            Block::DataSource("certward_cert_user") => json!({ "id": "7" }),
            Block::Provider => json!({
                "ravendb": { "endpoints": ["https://a.example"] },
                "client_certificate_pem": self.client,
            }),
            _ => json!({}),
        }
    }
}

/// Wrong inputs that no schema shows.
fn written(texts: &Texts) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut add = |block: Block<'static>, changes: Json, path: &str, summary: &'static str| {
        let mut config = texts.right(block);
        for (name, value) in changes.as_object().unwrap() {
            config[name] = value.clone();
        }
        rows.push((block, config, path.to_owned(), summary));
    };

    let certificate = Block::Resource("certward_client_certificate");
    for text in [
        "",
        "app.crt",
        "MIIB",
        "-----BEGIN CERTIFICATE REQUEST-----\nMII\n-----END CERTIFICATE REQUEST-----\n",
    ] {
        add(
            certificate,
            json!({ "certificate_pem": text }),
            "certificate_pem",
            "No certificate in",
        );
    }
    let broken = texts.client.replace("MII", "!!!");
    add(
        certificate,
        json!({ "certificate_pem": broken }),
        "certificate_pem",
        "Unreadable certificate_pem",
    );
    let one_line = texts.client.replace('\n', " ");
    add(
        certificate,
        json!({ "certificate_pem": one_line }),
        "certificate_pem",
        "Unreadable certificate_pem",
    );
    add(
        certificate,
        json!({ "certificate_pem": texts.key }),
        "certificate_pem",
        "Private key in",
    );
    let both = format!("{}{}", texts.client, texts.key);
    add(
        certificate,
        json!({ "certificate_pem": both }),
        "certificate_pem",
        "Private key in",
    );
    let two = format!("{}{}", texts.client, texts.server);
    add(certificate, json!({ "certificate_pem": two }), "certificate_pem", "");
    add(
        certificate,
        json!({ "certificate_pem": texts.server }),
        "certificate_pem",
        "Not a client certificate",
    );
    add(
        certificate,
        json!({ "certificate_pem": texts.expired }),
        "certificate_pem",
        "Certificate has expired",
    );
    add(
        certificate,
        json!({ "certificate_pem": texts.ca }),
        "certificate_pem",
        "Certificate says that it is",
    );
    for name in ["", " ", "\t"] {
        add(certificate, json!({ "name": name }), "name", "Unsuitable name");
    }
    add(certificate, json!({ "name": "a\n" }), "name", "Control character");
    for clearance in ["", "Boss", "operator", "ClusterNode", "UnauthenticatedClients"] {
        add(
            certificate,
            json!({ "security_clearance": clearance }),
            "security_clearance",
            "Unsuitable security clearance",
        );
    }
    for access in ["", "Write", "read", "admin"] {
        let path = "database_permissions[\"a\"]";
        add(
            certificate,
            json!({ "database_permissions": { "a": access } }),
            path,
            "Unknown database access",
        );
    }
    for name in ["", "a b", "a..b", ".a", "a.", "con", "²", "𠮷", "a/b", &"a".repeat(129)] {
        let path = format!("database_permissions[{name:?}]");
        add(
            certificate,
            json!({ "database_permissions": { name: "Read" } }),
            &path,
            "Not a database name",
        );
    }
    add(
        certificate,
        json!({ "security_clearance": "Operator", "database_permissions": { "a": "Read" } }),
        "database_permissions",
        "Permissions without effect",
    );

    let user = Block::Resource("certward_cert_user");
    for line in ["", "a", "/CN=a", "C=US, CN=a", "OU=a", "CN=a\\0A", "XY=a", "CN=a;b"] {
        add(
            user,
            json!({ "certificate_subject_line": line }),
            "certificate_subject_line",
            "Unsuitable subject",
        );
    }
    add(
        user,
        json!({ "certificate_subject_line": texts.client }),
        "certificate_subject_line",
        "Unsuitable subject",
    );
    add(
        user,
        json!({ "certificate_subject_line": "CN=a,C=USA" }),
        "certificate_subject_line",
        "Country",
    );
    add(
        user,
        json!({ "certificate_subject_line": "CN=a,CN=b" }),
        "certificate_subject_line",
        "Several common names",
    );
    add(
        user,
        json!({ "certificate_subject_line": "CN=a,OU=b,OU=c" }),
        "certificate_subject_line",
        "Several org",
    );
    add(
        user,
        json!({ "certificate_subject_line": null }),
        "certificate_subject_line",
        "No subject",
    );
    add(
        user,
        json!({ "certificate_subject": { "common_name": "a" } }),
        "certificate_subject",
        "Several subjects",
    );
    add(
        user,
        json!({ "certificate_pem": texts.client }),
        "certificate_pem",
        "Several subjects",
    );
    let by_pem = |text: &str| json!({ "certificate_subject_line": null, "certificate_pem": text });
    add(user, by_pem(&texts.key), "certificate_pem", "Private key in");
    add(user, by_pem("app.crt"), "certificate_pem", "No certificate in");
    add(
        user,
        by_pem(&texts.server),
        "certificate_pem",
        "Certificate that can never log in",
    );
    add(
        user,
        by_pem(&texts.ca),
        "certificate_pem",
        "Certificate that can never log in",
    );
    add(
        user,
        json!({ "certificate_subject_line": null, "certificate_subject": { "common_name": "" } }),
        "certificate_subject",
        "Unsuitable subject",
    );
    add(user, json!({ "role": "admin" }), "role_ids", "Conflicting roles");
    add(user, json!({ "role_ids": null }), "role_ids", "No role");
    add(user, json!({ "role_ids": [] }), "role_ids", "No role");
    for id in ["", "-1", "0", "1.5", "admin", "role-1"] {
        add(user, json!({ "role_ids": [id] }), "role_ids", "Unsuitable id");
    }
    for role in ["", "Admin", "boss"] {
        add(
            user,
            json!({ "role_ids": null, "role": role }),
            "role",
            "Unknown management role",
        );
    }
    for email in ["a", "a@b", "@b.c", "a b@c.d"] {
        add(user, json!({ "email": email }), "email", "Unsuitable e-mail address");
    }
    for name in ["", " ", "a<b", "ü", &"a".repeat(256)] {
        add(user, json!({ "name": name }), "name", "Unsuitable name");
    }

    let role = Block::Resource("certward_redis_role");
    for name in ["", "a/b", "ü"] {
        add(role, json!({ "name": name }), "name", "Unsuitable name");
    }
    for management in ["", "Admin", "DB Viewer"] {
        add(
            role,
            json!({ "management": management }),
            "management",
            "Unknown management role",
        );
    }
    let databases = |kind: &str, uids: Json| json!({ "resources": [{ "type": kind, "uids": uids }] });
    add(
        role,
        databases("node", json!(["1"])),
        "resources[0]",
        "Unknown type of resource",
    );
    add(
        role,
        databases("db", json!(["orders"])),
        "resources[0]",
        "Unsuitable id",
    );
    add(role, databases("db", json!(["0"])), "resources[0]", "Unsuitable id");
    add(role, databases("db", json!([])), "resources[0]", "No uid");
    let mut without_effect = databases("db", json!(["1"]));
    without_effect["management"] = json!("admin");
    add(role, without_effect, "resources", "Limit without effect");

    let acl = Block::Resource("certward_redis_acl");
    for name in ["", "a/b"] {
        add(acl, json!({ "name": name }), "name", "Unsuitable name");
    }
    for rules in ["", ">secret", "get"] {
        add(acl, json!({ "acl": rules }), "acl", "");
    }

    let database = Block::Resource("certward_redis_database");
    for name in ["", "-a", "a-", "a b", "a.b", &"a".repeat(64)] {
        add(database, json!({ "name": name }), "name", "Unsuitable name");
    }
    for memory in [-1, 1, 1024] {
        add(
            database,
            json!({ "memory_size": memory }),
            "memory_size",
            "Unsuitable memory size",
        );
    }
    for port in [-1, 0, 80, 65_536] {
        add(database, json!({ "port": port }), "port", "Unsuitable port");
    }
    add(
        database,
        json!({ "eviction_policy": "lru" }),
        "eviction_policy",
        "Unknown word",
    );
    add(
        database,
        json!({ "data_persistence": "AOF" }),
        "data_persistence",
        "Unknown word",
    );
    add(
        database,
        json!({ "aof_policy": "never", "data_persistence": "aof" }),
        "aof_policy",
        "Unknown word",
    );
    add(
        database,
        json!({ "aof_policy": "appendfsync-always" }),
        "aof_policy",
        "Setting without effect",
    );
    add(
        database,
        json!({ "data_persistence": "snapshot" }),
        "snapshot_policy",
        "",
    );
    let permissions = |role: &str, acl: &str| json!({ "role_id": role, "redis_acl_id": acl });
    add(
        database,
        json!({ "roles_permissions": [permissions("x", "1")] }),
        "roles_permissions",
        "Unsuitable id",
    );
    add(
        database,
        json!({ "roles_permissions": [permissions("1", "-1")] }),
        "roles_permissions",
        "Unsuitable id",
    );
    add(
        database,
        json!({ "roles_permissions": [permissions("1", "1"), permissions("1", "2")] }),
        "roles_permissions",
        "Role listed twice",
    );
    add(database, json!({ "timeouts": { "create": "soon" } }), "timeouts", "");
    let password = "default_user_password_wo";
    add(
        database,
        json!({ password: "x" }),
        "default_user_password_wo_version",
        "Password without a version",
    );
    add(
        database,
        json!({ "default_user_password_wo_version": 1 }),
        password,
        "Version without a password",
    );
    add(
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
        add(database, json!({ "mtls": mtls }), "mtls", summary);
    }

    let ca = Block::Resource("certward_trusted_ca");
    for (text, summary) in [
        ("", "No certificate in"),
        ("ca.crt", "No certificate in"),
        (texts.key.as_str(), "Private key in"),
        (texts.client.as_str(), "Not a certification authority"),
    ] {
        add(ca, json!({ "certificate_pem": text }), "certificate_pem", summary);
        let bundle = Block::Resource("certward_trusted_ca_bundle");
        add(
            bundle,
            json!({ "certificates_pem": [text] }),
            "certificates_pem",
            summary,
        );
    }

    let settings = Block::Resource("certward_cluster_mtls_settings");
    add(
        settings,
        json!({ "on_destroy": "undo" }),
        "on_destroy",
        "Unknown way to destroy",
    );
    add(
        settings,
        json!({ "subject_validation_type": "cn" }),
        "subject_validation_type",
        "",
    );
    add(
        settings,
        json!({ "subject_validation_type": "full_subject", "authorized_subjects": [] }),
        "authorized_subjects",
        "Nobody could log in",
    );
    add(
        settings,
        json!({
            "subject_validation_type": "full_subject",
            "authorized_subjects": [{ "common_name": "a", "country": "USA" }],
        }),
        "authorized_subjects",
        "Country that no certificate has",
    );

    let by_user = Block::DataSource("certward_cert_user");
    add(by_user, json!({ "id": null }), "", "Which user is meant?");
    add(by_user, json!({ "name": "a" }), "", "Which user is meant?");
    add(
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
        add(Block::Provider, endpoints(url), "ravendb", "Unsuitable endpoint");
    }
    add(
        Block::Provider,
        json!({ "ravendb": { "endpoints": [] } }),
        "ravendb",
        "No endpoint",
    );
    add(
        Block::Provider,
        json!({ "client_certificate_file": "a" }),
        "client_certificate_file",
        "Conflicting provider settings",
    );
    add(
        Block::Provider,
        json!({ "max_retries": 21 }),
        "max_retries",
        "Unsuitable number",
    );
    add(
        Block::Provider,
        json!({ "max_concurrent_requests": 0 }),
        "max_concurrent_requests",
        "Unsuitable number",
    );
    for timeout in ["0s", "soon", "-1s"] {
        add(
            Block::Provider,
            json!({ "request_timeout": timeout }),
            "request_timeout",
            "Unsuitable request timeout",
        );
    }
    add(
        Block::Provider,
        json!({ "tls_server_name": " " }),
        "tls_server_name",
        "Empty provider setting",
    );
    rows
}
