//! `certward_redis_database` from its creation to its end, with Terraform, against Redis Enterprise.

use std::process::Command;

use certward::redis_enterprise::{
    ClientAuthentication, CreateDatabase, CreateRedisAcl, CreateRole, Database, DatabaseStatus, DatabaseTlsMode,
    EvictionPolicy, ManagementRole, RolePermission, SnapshotPolicy, SubjectValidation, UpdateDatabase,
};
use certward_acceptance_tests::programs;
use certward_acceptance_tests::redis_enterprise::RedisEnterprise;
use certward_acceptance_tests::terraform::Terraform;
use certward_acceptance_tests::test_pki::{Identity, TestCa, client_params};
use serde_json::{Value, json};
use time::macros::datetime;

const DATABASE: &str = "certward_redis_database.app";
const TLS: &str = "mtls = {\n    tls_mode = \"enabled\"\n    client_authentication_enforced = true\n    \
                   client_certificates_pem = [file(\"${path.module}/ca.crt\")]\n  }";

/// A cluster with an engine for databases, and a workspace with the CA of the clients in `ca.crt`.
struct Case {
    redis: RedisEnterprise,
    terraform: Terraform,
    ca: TestCa,
}

impl Case {
    /// None without a Redis to make databases of.
    fn new() -> Option<Self> {
        if !programs::installed("redis-server") || !programs::installed("redis-cli") {
            return None;
        }
        let redis = RedisEnterprise::start();
        let terraform = Terraform::new(&redis.provider_block());
        let ca = TestCa::new("Team CA");
        terraform.write("ca.crt", &ca.certificate_pem());
        Some(Self { redis, terraform, ca })
    }

    fn configure(&self, blocks: &str) {
        let provider = self.redis.provider_block();
        self.terraform.configure(&format!("{provider}\n{blocks}\n"));
    }

    /// A database `app` with these arguments beside its name, which can be removed.
    fn configure_database(&self, arguments: &str) {
        let name = self.redis.name("app");
        self.configure(&format!(
            "resource \"certward_redis_database\" \"app\" {{\n  name = \"{name}\"\n  deletion_protection = false\n  \
             {arguments}\n}}"
        ));
    }

    fn database(&self, name: &str) -> Option<Database> {
        let name = self.redis.name(name);
        let databases = self.redis.call(async |client| client.databases().list().await);
        databases.into_iter().find(|database| database.name == name)
    }

    fn change(&self, changes: &UpdateDatabase) {
        let uid = self.database("app").unwrap().uid;
        self.redis
            .call(async |client| client.databases().update(uid, changes).send().await);
    }

    /// A role and an ACL that the test makes itself.
    fn role_and_acl(&self, name: &str, acl: &str) -> RolePermission {
        let name = self.redis.name(name);
        let role = CreateRole::new(&name, ManagementRole::None);
        let acl = CreateRedisAcl::new(&name, acl);
        let role = self
            .redis
            .call(async |client| client.roles().create(&role).send().await)
            .uid;
        let acl = self
            .redis
            .call(async |client| client.redis_acls().create(&acl).send().await)
            .uid;
        RolePermission::new(role, acl)
    }

    /// Output of `redis-cli`, connected to the database with this certificate.
    fn redis_cli(&self, identity: &Identity, command: &[&str]) -> String {
        let port = self.database("app").unwrap().client_port().unwrap();
        let certificate = self.terraform.write("client.crt", &identity.certificate_pem);
        let key = self.terraform.write("client.key", &identity.private_key_pem);
        let output = Command::new("redis-cli")
            .args(["-h", "127.0.0.1", "-p", &port.to_string(), "--tls", "--cacert"])
            .arg(self.redis.ca_certificate())
            .arg("--cert")
            .arg(certificate)
            .arg("--key")
            .arg(key)
            .args(command)
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        String::from_utf8(text).unwrap().trim().to_owned()
    }
}

#[test]
fn database_is_made_with_its_roles_and_users_and_lets_a_certificate_in_as_its_user() {
    let Some(case) = Case::new() else { return };
    let identity = case.ca.issue("app");
    let (name, user) = (case.redis.name("app"), case.redis.name("user"));
    case.configure(&format!(
        r#"
resource "certward_redis_acl" "app" {{
  name = "{name}"
  acl  = "+@read +acl|whoami ~cache:*"
}}
resource "certward_redis_role" "app" {{
  name       = "{name}"
  management = "none"
}}
resource "certward_cert_user" "app" {{
  name                     = "{user}"
  certificate_subject_line = "CN=app"
  role_ids                 = [certward_redis_role.app.id]
}}
resource "certward_redis_database" "app" {{
  name                = "{name}"
  memory_size         = 64 * 1024 * 1024
  deletion_protection = false
  {TLS}
  default_user_enabled = false
  roles_permissions = [
    {{ role_id = certward_redis_role.app.id, redis_acl_id = certward_redis_acl.app.id }},
  ]
}}
data "certward_redis_databases" "app" {{
  name       = "{name}"
  depends_on = [certward_redis_database.app]
}}
"#
    ));
    case.terraform.plan().expect_changes();
    case.terraform.apply_and_settle();

    let database = case.database("app").unwrap();
    assert_eq!(database.status, Some(DatabaseStatus::Active));
    assert_eq!(database.memory_size, Some(64 << 20));
    assert_eq!(database.tls_mode, Some(DatabaseTlsMode::Enabled));
    assert_eq!(
        database.enforce_client_authentication,
        Some(ClientAuthentication::Enabled)
    );
    assert_eq!(database.client_certificates().unwrap().len(), 1);
    assert_eq!(database.default_user, Some(false));
    assert_eq!(database.roles_permissions.len(), 1);
    let port = database.client_port().unwrap();
    let state = case.terraform.attributes(DATABASE);
    for (attribute, expected) in [
        ("id", json!(database.uid.to_string())),
        ("status", json!("active")),
        ("port", json!(port)),
        ("eviction_policy", json!("volatile-lru")),
        ("data_persistence", json!("disabled")),
        ("aof_policy", Value::Null),
        ("snapshot_policy", Value::Null),
        ("default_user_password_wo", Value::Null),
    ] {
        assert_eq!(state[attribute], expected, "{attribute}");
    }
    let endpoint = state["endpoint"].as_str().unwrap();
    assert!(endpoint.ends_with(&format!(":{port}")), "{endpoint}");
    let listed = case.terraform.attributes("data.certward_redis_databases.app");
    assert_eq!(listed["databases"][0]["endpoint"], state["endpoint"]);
    assert_eq!(listed["databases"][0]["client_authentication_enforced"], json!(true));

    assert_eq!(case.redis_cli(&identity, &["ACL", "WHOAMI"]), user);
    assert_eq!(case.redis_cli(&identity, &["GET", "cache:1"]), "");
    let refused = case.redis_cli(&identity, &["SET", "cache:1", "x"]);
    assert!(refused.starts_with("NOPERM"), "{refused}");

    case.terraform.destroy().expect_success();
    assert!(case.database("app").is_none());
}

#[test]
fn every_attribute_of_a_database_is_updated_in_place() {
    let Some(case) = Case::new() else { return };
    let reader = case.role_and_acl("reader", "+@read ~*");
    let writer = case.role_and_acl("writer", "+@all ~*");
    let permission = |permission: RolePermission| {
        let (role, acl) = (permission.role_uid, permission.redis_acl_uid);
        format!("{{ role_id = {role}, redis_acl_id = {acl} }}")
    };
    let memory = "memory_size = 64 * 1024 * 1024";
    case.configure_database(memory);
    case.terraform.apply_and_settle();
    let made = case.database("app").unwrap();
    let subjects = "subject_validation_type = \"san_cn\"\n    authorized_subjects = [{ common_name = \"app\" }]\n  }";
    let tls = TLS.trim_end_matches('}');
    for arguments in [
        "memory_size = 128 * 1024 * 1024".to_owned(),
        format!("{memory}\n  eviction_policy = \"allkeys-lfu\""),
        format!("{memory}\n  data_persistence = \"aof\"\n  aof_policy = \"appendfsync-always\""),
        format!("{memory}\n  data_persistence = \"aof\""),
        format!("{memory}\n  data_persistence = \"snapshot\"\n  snapshot_policy = [{{ seconds = 3600, writes = 1 }}]"),
        format!("{memory}\n  default_user_enabled = false"),
        format!("{memory}\n  roles_permissions = [{}]", permission(reader)),
        format!(
            "{memory}\n  roles_permissions = [{}, {}]",
            permission(reader),
            permission(writer)
        ),
        format!("{memory}\n  {TLS}"),
        format!("{memory}\n  {tls}  {subjects}"),
        format!("{memory}\n  timeouts = {{ update = \"30s\" }}"),
    ] {
        case.configure_database(&arguments);
        case.terraform.plan().expect_changes();
        assert_eq!(case.terraform.planned_actions(DATABASE), ["update"], "{arguments}");
        case.terraform.apply_and_settle();
        let database = case.database("app").unwrap();
        assert_eq!((database.uid, database.client_port()), (made.uid, made.client_port()));
        let says = |text: &str| arguments.contains(text);
        assert_eq!(database.memory_size == Some(128 << 20), says("128 *"), "{arguments}");
        let lfu = database.eviction_policy == Some(EvictionPolicy::AllkeysLfu);
        assert_eq!(lfu, says("allkeys-lfu"), "{arguments}");
        let persistence = database.data_persistence.unwrap();
        assert_eq!(persistence.as_str() == "aof", says("\"aof\""), "{arguments}");
        let policies = [SnapshotPolicy::new(3600, 1)];
        assert_eq!(database.snapshot_policy == policies, says("seconds"), "{arguments}");
        assert_eq!(database.default_user == Some(false), says("_enabled"), "{arguments}");
        let mut roles = database.roles_permissions.clone();
        roles.sort_unstable();
        assert_eq!(roles.len(), arguments.matches("role_id").count(), "{arguments}");
        if says("tls_mode") {
            assert_eq!(database.tls_mode, Some(DatabaseTlsMode::Enabled), "{arguments}");
            let san_cn = database.client_cert_subject_validation_type == Some(SubjectValidation::SanCn);
            assert_eq!(san_cn, says("san_cn"), "{arguments}");
        }
    }
    // What is not managed any more stays.
    assert_eq!(case.database("app").unwrap().tls_mode, Some(DatabaseTlsMode::Enabled));
}

#[test]
fn order_and_spelling_of_client_certificates_are_no_change() {
    let Some(case) = Case::new() else { return };
    let other = TestCa::new("Other CA");
    let texts = |texts: &[&str]| {
        let texts: Vec<String> = texts.iter().map(|text| json!(text).to_string()).collect();
        case.configure_database(&format!(
            "memory_size = 0\n  mtls = {{\n    tls_mode = \"enabled\"\n    client_certificates_pem = [{}]\n  }}",
            texts.join(", ")
        ));
    };
    let (ca, other) = (case.ca.certificate_pem(), other.certificate_pem());
    texts(&[&ca, &other]);
    case.terraform.apply_and_settle();
    for same in [
        vec![other.clone(), ca.clone()],
        vec![format!("{ca}{other}")],
        vec![
            format!("# ours\r\n{}", ca.replace('\n', "\r\n")),
            other.clone(),
            ca.clone(),
        ],
    ] {
        texts(&same.iter().map(String::as_str).collect::<Vec<_>>());
        case.terraform.plan().expect_empty();
    }
    texts(&[&other]);
    case.terraform.plan().expect_changes();
    case.terraform.apply_and_settle();
    let left = case.database("app").unwrap().client_certificates().unwrap();
    assert_eq!(left.len(), 1);
    assert!(left[0].subject().to_string().contains("Other CA"));
}

#[test]
fn import_of_a_database_gives_an_empty_plan() {
    let Some(case) = Case::new() else { return };
    let permission = case.role_and_acl("reader", "+@read ~*");
    let name = case.redis.name("app");
    let ca = certward::redis_enterprise::ClientCertificate::from_pem(case.ca.certificate_pem());
    let request = CreateDatabase::new(&name, 64 << 20)
        .eviction_policy(EvictionPolicy::NoEviction)
        .tls_mode(DatabaseTlsMode::Enabled)
        .enforce_client_authentication(ClientAuthentication::Enabled)
        .authentication_ssl_client_certs([ca])
        .roles_permissions([permission]);
    let made = case
        .redis
        .call(async |client| client.databases().create(&request).send().await);
    case.configure(&format!(
        "resource \"certward_redis_database\" \"app\" {{\n  name = \"{name}\"\n  memory_size = {}\n  eviction_policy = \
         \"noeviction\"\n  {TLS}\n  roles_permissions = [{{ role_id = {}, redis_acl_id = {} }}]\n}}",
        64 << 20,
        permission.role_uid,
        permission.redis_acl_uid
    ));
    for id in [made.uid.to_string(), format!("name:{name}")] {
        case.terraform.import(DATABASE, &id).expect_success();
        case.terraform.plan().expect_empty();
        assert_eq!(case.terraform.attributes(DATABASE)["deletion_protection"], json!(true));
        case.terraform.run(&["state", "rm", DATABASE]).expect_success();
    }
    for (id, expected) in [
        ("app", "Unsuitable import id"),
        ("999999", "No such database"),
        ("name:nothing", "No such database"),
    ] {
        let run = case.terraform.import(DATABASE, id);
        assert_eq!(run.exit_code, 1, "{id}");
        assert!(run.text().contains(expected), "{id}: {}", run.output);
    }
    // Making one that is there and equal takes it over.
    case.terraform.apply_and_settle();
    assert_eq!(case.database("app").unwrap().uid, made.uid);
}

#[test]
fn database_is_protected_unless_the_configuration_says_otherwise() {
    let Some(case) = Case::new() else { return };
    let name = case.redis.name("app");
    case.configure(&format!(
        "resource \"certward_redis_database\" \"app\" {{\n  name = \"{name}\"\n  memory_size = 0\n}}"
    ));
    case.terraform.apply_and_settle();
    case.terraform.destroy().expect_error("Protected against deletion");
    assert!(case.database("app").is_some());
    case.configure_database("memory_size = 0");
    case.terraform.apply_and_settle();
    case.terraform.destroy().expect_success();
    assert!(case.database("app").is_none());
}

#[test]
fn what_others_change_of_a_database_is_seen_and_undone() {
    let Some(case) = Case::new() else { return };
    case.configure_database(&format!("memory_size = {}\n  {TLS}", 64 << 20));
    case.terraform.apply_and_settle();
    for change in [
        UpdateDatabase::new().memory_size(128 << 20),
        UpdateDatabase::new().eviction_policy(EvictionPolicy::AllkeysLru),
        UpdateDatabase::new().default_user(false),
        UpdateDatabase::new().enforce_client_authentication(ClientAuthentication::Disabled),
        UpdateDatabase::new()
            .enforce_client_authentication(ClientAuthentication::Disabled)
            .authentication_ssl_client_certs([]),
    ] {
        case.change(&change);
        case.terraform.plan().expect_changes();
        assert_eq!(case.terraform.planned_actions(DATABASE), ["update"], "{change:?}");
        case.terraform.apply_and_settle();
    }
    let database = case.database("app").unwrap();
    assert_eq!(database.memory_size, Some(64 << 20));
    assert_eq!(database.client_certificates().unwrap().len(), 1);
    // What is not managed is left alone.
    case.change(&UpdateDatabase::new().mtls_allow_outdated_certs(true));
    case.terraform.plan().expect_empty();

    case.redis
        .call(async |client| client.databases().delete(database.uid).await);
    case.terraform.plan().expect_changes();
    assert_eq!(case.terraform.planned_actions(DATABASE), ["create"]);
    case.terraform.apply_and_settle();
}

#[test]
fn password_of_the_default_user_is_in_no_state_and_changes_with_its_version() {
    let Some(case) = Case::new() else { return };
    let configure = |password: &str, version: u32| {
        case.configure_database(&format!(
            "memory_size = 0\n  default_user_password_wo = \"{password}\"\n  default_user_password_wo_version = {version}"
        ));
    };
    let ping = |password: &str| {
        let port = case.database("app").unwrap().client_port().unwrap();
        let output = Command::new("redis-cli")
            .args(["-h", "127.0.0.1", "-p", &port.to_string(), "--no-auth-warning", "PING"])
            .env("REDISCLI_AUTH", password)
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        String::from_utf8(text).unwrap().ends_with("PONG\n")
    };
    configure("canary-1-password", 1);
    case.terraform.apply_and_settle();
    assert!(ping("canary-1-password") && !ping("canary-2-password"));
    // The version says whether it has changed.
    configure("canary-2-password", 1);
    case.terraform.plan().expect_empty();
    configure("canary-2-password", 2);
    case.terraform.plan().expect_changes();
    case.terraform.apply_and_settle();
    assert!(ping("canary-2-password") && !ping("canary-1-password"));
    for file in ["terraform.tfstate", "terraform.tfstate.backup", "plan.bin"] {
        let content = std::fs::read(case.terraform.path(file)).unwrap();
        assert!(!content.windows(6).any(|window| window == b"canary"), "{file}");
    }
}

#[test]
fn mistakes_are_found_when_planning() {
    let Some(case) = Case::new() else { return };
    let mut ended = client_params("ended");
    (ended.not_before, ended.not_after) = (datetime!(2024-01-01 0:00 UTC), datetime!(2025-01-01 0:00 UTC));
    let ended = case.ca.issue_with(ended);
    case.terraform.write("ended.crt", &ended.certificate_pem);
    let both = format!("{}{}", ended.certificate_pem, ended.private_key_pem);
    case.terraform.write("both.pem", &both);
    let mtls = |rest: &str| format!("memory_size = 0\n  mtls = {{\n    tls_mode = \"enabled\"\n    {rest}\n  }}");
    for (arguments, summary, code) in [
        (
            mtls("client_authentication_enforced = true"),
            "No client certificates",
            "mtls",
        ),
        (
            mtls("client_authentication_enforced = true\n    client_certificates_pem = []"),
            "No client certificates",
            "mtls",
        ),
        (
            mtls("client_certificates_pem = [file(\"${path.module}/ended.crt\")]"),
            "Certificate has expired",
            "mtls",
        ),
        (
            mtls("client_certificates_pem = [file(\"${path.module}/both.pem\")]"),
            "Private key in client_certificates_pem",
            "mtls",
        ),
        (
            mtls("client_certificates_pem = [\"ca.crt\"]"),
            "No certificate in client_certificates_pem",
            "mtls",
        ),
        (
            "memory_size = 0\n  roles_permissions = [{ role_id = 1, redis_acl_id = 1 }, { role_id = 1, redis_acl_id = \
             2 }]"
                .to_owned(),
            "Role listed twice",
            "roles_permissions",
        ),
        ("memory_size = 0\n  port = 80".to_owned(), "Unsuitable port", "port"),
        ("memory_size = 64".to_owned(), "Unsuitable memory size", "memory_size"),
    ] {
        case.configure_database(&arguments);
        let error = case.terraform.plan().expect_error(summary);
        assert!(error.code.contains(code), "{summary}: {error:?}");
        assert!(!error.detail.contains("BEGIN PRIVATE"), "{error:?}");
    }
    // Asked of the cluster, without effect.
    case.configure_database("memory_size = 0\n  roles_permissions = [{ role_id = 999999, redis_acl_id = 1 }]");
    assert_eq!(case.terraform.plan().exit_code, 1);
    assert!(case.database("app").is_none());
    // Allowed, and said.
    case.configure_database(&mtls(
        "allow_outdated_certificates = true\n    client_authentication_enforced = false",
    ));
    let plan = case.terraform.plan().expect_changes();
    assert!(plan.find("warning", "Certificates are good for ever").is_some());
}

/// cert-manager's certificates have no extended key usage unless it is asked for.
#[test]
fn certificates_of_any_purpose_are_allowed_by_an_attribute_that_is_changed_and_imported() {
    let Some(case) = Case::new() else { return };
    let mut params = client_params("app");
    params.extended_key_usages = vec![];
    let identity = case.ca.issue_with(params);
    let tls = TLS.trim_end_matches('}');
    let configure = |attribute: &str| {
        case.configure_database(&format!("memory_size = 0\n  {tls}  {attribute}\n  }}"));
    };
    let allowed = || case.database("app").unwrap().certward_mtls_allow_missing_eku;
    let is_let_in = || case.redis_cli(&identity, &["PING"]) == "PONG";

    configure("allow_missing_extended_key_usage = true");
    let plan = case.terraform.plan().expect_changes();
    assert!(plan.find("warning", "Certificates need not be for clients").is_some());
    case.terraform.apply_and_settle();
    assert_eq!((allowed(), is_let_in()), (Some(true), true));
    let attributes = case.terraform.attributes(DATABASE);
    assert_eq!(attributes["mtls"]["allow_missing_extended_key_usage"], json!(true));

    let name = case.redis.name("app");
    for id in [attributes["id"].as_str().unwrap().to_owned(), format!("name:{name}")] {
        case.terraform.run(&["state", "rm", DATABASE]).expect_success();
        case.terraform.import(DATABASE, &id).expect_success();
        let imported = case.terraform.attributes(DATABASE);
        assert_eq!(imported["mtls"]["allow_missing_extended_key_usage"], json!(true));
    }
    // The protection is Terraform's alone.
    case.terraform.apply_and_settle();

    configure("allow_missing_extended_key_usage = false");
    case.terraform.plan().expect_changes();
    assert_eq!(case.terraform.planned_actions(DATABASE), ["update"]);
    case.terraform.apply_and_settle();
    assert_eq!((allowed(), is_let_in()), (Some(false), false));
    // Whoever else turns it on is seen.
    case.change(&UpdateDatabase::new().certward_mtls_allow_missing_eku(true));
    case.terraform.plan().expect_changes();
    case.terraform.apply_and_settle();
    assert_eq!(allowed(), Some(false));
}
