//! The life of a database against a server that answers as told.

use certward::Identity;
use serde_json::{Value as Json, json};
use terraform_plugin::{InstanceCall, instance_call};
use tf_provider::Diagnostics;
use tf_provider::value::Value;
use time::OffsetDateTime;
use time::macros::datetime;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::super::state::{DatabaseMtls, DatabaseTimeouts, RedisDatabaseState, RolePermissionState};
use super::super::{RedisDatabase, plan};
use crate::provider::session::Session;
use crate::provider::session::testing::of_redis_enterprise;
use crate::resources::redis_object::{self, creation, lifecycle, trial};

const NOW: OffsetDateTime = datetime!(2026-11-21 0:00 UTC);
const BDBS: &str = "/v1/bdbs";
const BDB: &str = "/v1/bdbs/3";

struct Case {
    server: MockServer,
    session: Session,
    instance: InstanceCall,
}

impl Case {
    async fn new() -> Self {
        let server = MockServer::start().await;
        let key = rcgen::KeyPair::generate().unwrap();
        let own = rcgen::CertificateParams::default().self_signed(&key).unwrap().pem();
        let own = Identity::from_pem(&own, &key.serialize_pem()).unwrap();
        let session = of_redis_enterprise(&server.uri(), Some(own), NOW);
        Self {
            server,
            session,
            instance: instance_call(),
        }
    }

    async fn answer(&self, verb: &str, route: &str, answer: ResponseTemplate, times: u64) {
        let mock = Mock::given(method(verb)).and(path(route)).respond_with(answer);
        mock.up_to_n_times(times).mount(&self.server).await;
    }

    async fn created(&self, config: &RedisDatabaseState) -> (Option<RedisDatabaseState>, Diagnostics) {
        let mut diags = Diagnostics::default();
        let planned = plan::create(config.clone());
        let create = creation::create::<RedisDatabase>(&mut diags, &self.session, planned, config);
        let state = self.instance.scope(create).await;
        (state, diags)
    }

    async fn updated(
        &self,
        prior: &RedisDatabaseState,
        config: &RedisDatabaseState,
    ) -> (Option<RedisDatabaseState>, Diagnostics) {
        let mut diags = Diagnostics::default();
        let planned = plan::update(prior, config.clone());
        let update = lifecycle::update::<RedisDatabase>(&mut diags, &self.session, prior.clone(), planned, config);
        let state = self.instance.scope(update).await;
        (state, diags)
    }

    /// Method, path and body of each request.
    async fn requests(&self) -> Vec<(String, Json)> {
        let received = self.server.received_requests().await.unwrap();
        let request = |request: &wiremock::Request| {
            let body = serde_json::from_slice(&request.body).unwrap_or_default();
            (format!("{} {}", request.method, request.url.path()), body)
        };
        received.iter().map(request).collect()
    }
}

fn text(text: &str) -> Value<String> {
    Value::Value(text.to_owned())
}

fn config() -> RedisDatabaseState {
    RedisDatabaseState {
        name: text("orders"),
        memory_size: Value::Value(1 << 30),
        mtls: Value::Value(DatabaseMtls {
            tls_mode: text("enabled"),
            client_authentication_enforced: Value::Value(false),
            ..DatabaseMtls::default()
        }),
        roles_permissions: Value::Value(vec![Value::Value(RolePermissionState {
            role_id: text("2"),
            redis_acl_id: text("11"),
        })]),
        ..RedisDatabaseState::default()
    }
}

fn with_password(version: i64) -> RedisDatabaseState {
    RedisDatabaseState {
        default_user_password_wo: text("canary"),
        default_user_password_wo_version: Value::Value(version),
        ..config()
    }
}

fn there(config: &RedisDatabaseState) -> RedisDatabaseState {
    RedisDatabaseState {
        port: Value::Value(12000),
        id: text("3"),
        status: text("active"),
        endpoint: text("redis-12000.docker-cluster:12000"),
        ..plan::create(config.clone())
    }
}

/// The database as Redis Enterprise writes it, as far as it matters.
fn bdb(changes: Json) -> Json {
    let mut bdb = json!({
        "uid": 3,
        "name": "orders",
        "status": "active",
        "port": 0,
        "endpoints": [{"addr": ["192.168.16.2"], "dns_name": "redis-12000.docker-cluster", "port": 12000}],
        "memory_size": 1u64 << 30,
        "eviction_policy": "volatile-lru",
        "data_persistence": "disabled",
        "aof_policy": "appendfsync-every-sec",
        "snapshot_policy": [],
        "tls_mode": "enabled",
        "enforce_client_authentication": "disabled",
        "authentication_ssl_client_certs": [],
        "client_cert_subject_validation_type": "disabled",
        "authorized_subjects": [],
        "mtls_allow_outdated_certs": false,
        "mtls_allow_weak_hashing": false,
        "default_user": true,
        "roles_permissions": [{"role_uid": 2, "redis_acl_uid": 11}],
    });
    for (member, value) in changes.as_object().unwrap() {
        bdb[member] = value.clone();
    }
    bdb
}

fn ok(body: Json) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn summaries(diags: &Diagnostics) -> Vec<&str> {
    diags.errors.iter().map(|error| &*error.summary).collect()
}

#[tokio::test]
async fn creation_sends_what_is_managed_and_waits_until_the_database_is_active() {
    let case = Case::new().await;
    case.answer("POST", BDBS, ok(bdb(json!({"status": "pending", "endpoints": []}))), 1)
        .await;
    case.answer("GET", BDB, ok(bdb(json!({"status": "pending"}))), 2).await;
    case.answer("GET", BDB, ok(bdb(json!({}))), 1).await;
    let (state, diags) = case.created(&config()).await;
    assert_eq!(diags, Diagnostics::default());
    assert!(state == Some(there(&config())));
    let requests = case.requests().await;
    let expected = json!({
        "name": "orders",
        "memory_size": 1u64 << 30,
        "eviction_policy": "volatile-lru",
        "data_persistence": "disabled",
        "tls_mode": "enabled",
        "enforce_client_authentication": "disabled",
        "default_user": true,
        "roles_permissions": [{"role_uid": 2, "redis_acl_uid": 11}],
    });
    assert_eq!(requests[0], ("POST /v1/bdbs".to_owned(), expected));
    assert_eq!(requests.len(), 4, "{requests:?}");
}

#[tokio::test]
async fn warnings_of_the_cluster_are_shown_when_a_database_is_made_read_and_changed() {
    let warnings = |texts: Json| ok(bdb(json!({ "certward_warnings": texts })));
    let texts = json!(["the user default is open", "x\u{202e}y\nError: forged"]);
    let case = Case::new().await;
    case.answer("POST", BDBS, warnings(texts.clone()), 1).await;
    case.answer("GET", BDB, warnings(texts.clone()), 1).await;
    let (created, diags) = case.created(&config()).await;
    let expected = [
        "database \"orders\" (uid 3): the user default is open",
        "database \"orders\" (uid 3): x\\u{202e}y Error: forged",
    ];
    let shown = |diags: &Diagnostics| -> Vec<String> {
        assert_eq!(diags.errors, []);
        let summary = |warning: &tf_provider::Diagnostic| warning.summary == "The cluster warns about the database";
        assert!(diags.warnings.iter().all(summary), "{diags:?}");
        diags
            .warnings
            .iter()
            .map(|warning| warning.detail.to_string())
            .collect()
    };
    assert_eq!(shown(&diags), expected);

    let mut diags = Diagnostics::default();
    let read = lifecycle::read::<RedisDatabase>(&mut diags, &case.session, created.unwrap()).await;
    assert_eq!(shown(&diags), expected);

    let changed = RedisDatabaseState {
        memory_size: Value::Value(2 << 30),
        ..config()
    };
    case.answer("GET", BDB, ok(bdb(json!({}))), 1).await;
    let many: Vec<String> = (0..1_000).map(|number| number.to_string()).collect();
    let answer = json!({ "memory_size": 2u64 << 30, "certward_warnings": many });
    case.answer("PUT", BDB, ok(bdb(answer)), 1).await;
    let (_, diags) = case.updated(&read.unwrap(), &changed).await;
    assert_eq!(shown(&diags).len(), 20);
}

#[tokio::test]
async fn password_goes_with_the_creation_and_then_with_its_version() {
    let case = Case::new().await;
    case.answer("POST", BDBS, ok(bdb(json!({}))), 1).await;
    let (state, diags) = case.created(&with_password(1)).await;
    assert_eq!(diags, Diagnostics::default());
    let state = state.unwrap();
    assert_eq!(state.default_user_password_wo, Value::Null);
    assert_eq!(case.requests().await[0].1["authentication_redis_pass"], "canary");

    let case = Case::new().await;
    let (unchanged, diags) = case.updated(&state, &with_password(1)).await;
    assert_eq!(diags, Diagnostics::default());
    assert!(unchanged.as_ref() == Some(&state));
    assert_eq!(case.requests().await, []);

    case.answer("GET", BDB, ok(bdb(json!({}))), 1).await;
    case.answer("PUT", "/v1/bdbs/3/passwords", ResponseTemplate::new(200), 1)
        .await;
    case.answer("PUT", BDB, ok(bdb(json!({}))), 1).await;
    let (changed, diags) = case.updated(&state, &with_password(2)).await;
    assert_eq!(diags, Diagnostics::default());
    assert_eq!(changed.unwrap().default_user_password_wo_version, Value::Value(2));
    let requests = case.requests().await;
    assert_eq!(
        requests[1],
        ("PUT /v1/bdbs/3/passwords".to_owned(), json!({"password": "canary"}))
    );
    // Never empty: the cluster is told what holds anyway.
    assert_eq!(requests[2].1, json!({"default_user": true}));
}

#[tokio::test]
async fn only_what_changes_is_sent() {
    let case = Case::new().await;
    let more = json!({"memory_size": 2u64 << 30, "tls_mode": "disabled", "status": "active-change-pending"});
    case.answer("GET", BDB, ok(bdb(json!({}))), 1).await;
    case.answer("PUT", BDB, ok(bdb(more.clone())), 1).await;
    let mut settled = more.clone();
    settled["status"] = json!("active");
    case.answer("GET", BDB, ok(bdb(settled)), 1).await;
    let wanted = RedisDatabaseState {
        memory_size: Value::Value(2 << 30),
        mtls: Value::Value(DatabaseMtls {
            tls_mode: text("disabled"),
            ..DatabaseMtls::default()
        }),
        ..config()
    };
    let (state, diags) = case.updated(&there(&config()), &wanted).await;
    assert_eq!(diags, Diagnostics::default());
    assert!(state == Some(there(&wanted)));
    let requests = case.requests().await;
    assert_eq!(
        requests[1].1,
        json!({"memory_size": 2u64 << 30, "tls_mode": "disabled"})
    );
}

#[tokio::test]
async fn database_that_is_not_active_in_time_is_kept_with_an_error() {
    let case = Case::new().await;
    case.answer("POST", BDBS, ok(bdb(json!({"status": "pending"}))), 1)
        .await;
    case.answer("GET", BDB, ok(bdb(json!({"status": "pending"}))), 99).await;
    let timeouts = DatabaseTimeouts {
        create: text("0s"),
        ..DatabaseTimeouts::default()
    };
    let config = RedisDatabaseState {
        timeouts: Value::Value(timeouts),
        ..config()
    };
    let (state, diags) = case.created(&config).await;
    assert_eq!(summaries(&diags), ["Database is not usable in time"]);
    assert_eq!(diags.errors[0].attribute.to_string(), "timeouts");
    assert!(diags.errors[0].detail.contains("timeouts.create"), "{diags:?}");
    let state = state.unwrap();
    assert_eq!((&state.id, &state.status), (&text("3"), &text("pending")));
    // Terraform marks it tainted, and destroys it next.
    let mut diags = Diagnostics::default();
    plan::guard_removal(&mut diags, &state);
    assert_eq!(diags.errors, []);
}

#[tokio::test]
async fn database_that_could_not_be_made_can_be_removed_at_once() {
    let case = Case::new().await;
    case.answer("POST", BDBS, ok(bdb(json!({"status": "pending"}))), 1)
        .await;
    let failed = json!({"status": "creation-failed", "certward_warnings": ["port 12000 is taken"]});
    case.answer("GET", BDB, ok(bdb(failed)), 1).await;
    let (state, diags) = case.created(&config()).await;
    assert_eq!(summaries(&diags), ["Database could not be made"]);
    let detail = &diags.errors[0].detail;
    assert!(detail.contains("failed to make it: port 12000 is taken."), "{detail}");
    let mut diags = Diagnostics::default();
    plan::guard_removal(&mut diags, &state.unwrap());
    assert_eq!(diags.errors, []);
}

#[tokio::test]
async fn database_whose_creation_was_not_answered_is_found_and_gets_its_password() {
    let broken = || ResponseTemplate::new(502);
    let in_use = || ResponseTemplate::new(409).set_body_json(json!({"error_code": "name_already_exists"}));
    for (answer, is_told) in [(broken(), false), (in_use(), true)] {
        let case = Case::new().await;
        case.answer("POST", BDBS, answer, 1).await;
        case.answer("GET", BDBS, ok(json!([bdb(json!({}))])), 1).await;
        case.answer("PUT", "/v1/bdbs/3/passwords", ResponseTemplate::new(200), 1)
            .await;
        let (state, diags) = case.created(&with_password(1)).await;
        assert_eq!((diags.errors.len(), diags.warnings.len()), (0, usize::from(is_told)));
        assert_eq!(state.unwrap().default_user_password_wo_version, Value::Value(1));
        let requests = case.requests().await;
        let last = requests.last().unwrap();
        assert_eq!(
            *last,
            ("PUT /v1/bdbs/3/passwords".to_owned(), json!({"password": "canary"}))
        );
    }
}

#[tokio::test]
async fn existing_database_is_taken_over_when_equal() {
    let in_use = || {
        let body = json!({"error_code": "name_already_exists", "description": "in use"});
        ResponseTemplate::new(409).set_body_json(body)
    };
    for (config, changes, expected) in [
        (config(), json!({}), None),
        (
            config(),
            json!({"memory_size": 1}),
            Some("memory_size is 1 there and 1073741824 here"),
        ),
        (config(), json!({"tls_mode": "disabled"}), Some("mtls is ")),
    ] {
        let case = Case::new().await;
        case.answer("POST", BDBS, in_use(), 1).await;
        case.answer("GET", BDBS, ok(json!([bdb(changes)])), 1).await;
        let (state, diags) = case.created(&config).await;
        match expected {
            None => {
                assert_eq!((diags.errors.len(), &*diags.warnings[0].summary), (0, "Taken over"));
                assert!(state == Some(there(&config)));
            }
            Some(expected) => {
                assert_eq!(summaries(&diags), ["The database exists already"]);
                assert!(diags.errors[0].detail.contains(expected), "{diags:?}");
                assert!(
                    diags.errors[0].detail.contains("certward_redis_database.ADDRESS"),
                    "{diags:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn import_takes_in_what_differs_from_a_database_without_tls() {
    for (changes, expected) in [
        (json!({"tls_mode": "disabled"}), Value::Null),
        (
            json!({"tls_mode": "disabled", "enforce_client_authentication": "enabled"}),
            Value::Null,
        ),
        (
            json!({"authorized_subjects": [{"CN": "a"}], "client_cert_subject_validation_type": "san_cn"}),
            Value::Value((text("enabled"), text("san_cn"))),
        ),
    ] {
        let case = Case::new().await;
        case.answer("GET", BDBS, ok(json!([bdb(changes)])), 1).await;
        let mut diags = Diagnostics::default();
        let state = redis_object::import::<RedisDatabase>(&mut diags, &case.session, "name:orders").await;
        assert_eq!(diags, Diagnostics::default());
        let state = state.unwrap();
        assert_eq!((&state.id, &state.port), (&text("3"), &Value::Value(12000)));
        assert_eq!(state.deletion_protection, Value::Value(true));
        let mtls = state.mtls.map(|mtls| {
            assert_eq!(mtls.client_authentication_enforced, Value::Null);
            (mtls.tls_mode, mtls.subject_validation_type)
        });
        assert_eq!(mtls, expected);
    }
}

#[tokio::test]
async fn reading_leaves_alone_what_is_not_managed() {
    let case = Case::new().await;
    let elsewhere = json!({"tls_mode": "disabled", "mtls_allow_weak_hashing": true, "memory_size": 5});
    case.answer("GET", BDB, ok(bdb(elsewhere)), 1).await;
    let mut diags = Diagnostics::default();
    let state = lifecycle::read::<RedisDatabase>(&mut diags, &case.session, there(&config())).await;
    let state = state.unwrap();
    assert_eq!(state.memory_size, Value::Value(5));
    let mtls = state.mtls.as_ref_option().unwrap();
    assert_eq!(mtls.tls_mode, text("disabled"));
    assert_eq!(mtls.allow_weak_hashing, Value::Null);
}

const ANY_PURPOSE: &str = "certward_mtls_allow_missing_eku";

fn allowing_any_purpose(allowed: bool) -> RedisDatabaseState {
    RedisDatabaseState {
        mtls: Value::Value(DatabaseMtls {
            tls_mode: text("enabled"),
            allow_missing_extended_key_usage: Value::Value(allowed),
            ..DatabaseMtls::default()
        }),
        ..config()
    }
}

/// Redis Enterprise does not know the member.
#[tokio::test]
async fn certwards_own_setting_is_sent_only_where_it_changes_something() {
    let case = Case::new().await;
    case.answer("POST", BDBS, ok(bdb(json!({ ANY_PURPOSE: true }))), 1)
        .await;
    let (allowed, diags) = case.created(&allowing_any_purpose(true)).await;
    assert_eq!(diags, Diagnostics::default());
    assert_eq!(case.requests().await[0].1[ANY_PURPOSE], json!(true));
    let allowed = allowed.unwrap();
    assert!(allowed == there(&allowing_any_purpose(true)));

    let case = Case::new().await;
    case.answer("GET", BDB, ok(bdb(json!({ ANY_PURPOSE: true }))), 1).await;
    case.answer("PUT", BDB, ok(bdb(json!({ ANY_PURPOSE: false }))), 1).await;
    let (_, diags) = case.updated(&allowed, &allowing_any_purpose(false)).await;
    assert_eq!(diags, Diagnostics::default());
    assert_eq!(case.requests().await[1].1, json!({ ANY_PURPOSE: false }));

    // A cluster without the setting has its default.
    let case = Case::new().await;
    case.answer("POST", BDBS, ok(bdb(json!({}))), 1).await;
    let (state, diags) = case.created(&allowing_any_purpose(false)).await;
    assert_eq!(diags, Diagnostics::default());
    assert!(case.requests().await[0].1.get(ANY_PURPOSE).is_none());
    case.answer("GET", BDB, ok(bdb(json!({}))), 1).await;
    let mut diags = Diagnostics::default();
    let read = lifecycle::read::<RedisDatabase>(&mut diags, &case.session, state.clone().unwrap()).await;
    assert!(read == state);
}

#[tokio::test]
async fn a_cluster_without_certwards_own_setting_is_named_when_planning_and_when_applying() {
    let summary = "Setting of the Certward server";
    let wanted = allowing_any_purpose(true);
    let before = there(&allowing_any_purpose(false));
    let told = |diags: &Diagnostics| {
        assert_eq!(summaries(diags), [summary]);
        assert_eq!(diags.errors[0].attribute.to_string(), "mtls");
        assert!(
            diags.errors[0].detail.contains("allow_missing_extended_key_usage"),
            "{diags:?}"
        );
    };
    let refused =
        json!({"error_code": "invalid_schema", "description": "unknown field 'certward_mtls_allow_missing_eku'"});
    for answer in [ok(bdb(json!({}))), ResponseTemplate::new(400).set_body_json(refused)] {
        let case = Case::new().await;
        case.answer("GET", BDBS, ok(json!([])), 2).await;
        case.answer("POST", BDBS, answer.clone(), 1).await;
        let mut diags = Diagnostics::default();
        let planned = RedisDatabaseState {
            port: Value::Null,
            ..plan::create(wanted.clone())
        };
        assert!(
            trial::try_create::<RedisDatabase>(&mut diags, &case.session, &planned)
                .await
                .is_none()
        );
        told(&diags);
        let case = Case::new().await;
        case.answer("PUT", BDB, answer.clone(), 1).await;
        let mut diags = Diagnostics::default();
        let planned = plan::update(&before, wanted.clone());
        let tried = trial::try_update::<RedisDatabase>(&mut diags, &case.session, &before, &planned).await;
        assert!(tried.is_none());
        told(&diags);
        let case = Case::new().await;
        case.answer("GET", BDB, ok(bdb(json!({}))), 1).await;
        case.answer("PUT", BDB, answer, 1).await;
        told(&case.updated(&before, &wanted).await.1);
    }
}

#[tokio::test]
async fn an_import_takes_certwards_own_setting_in_only_where_it_is_on() {
    for (answer, expected) in [
        (json!({ ANY_PURPOSE: true }), Value::Value(true)),
        (json!({ ANY_PURPOSE: false }), Value::Null),
        (json!({}), Value::Null),
    ] {
        let case = Case::new().await;
        case.answer("GET", BDB, ok(bdb(answer)), 1).await;
        let mut diags = Diagnostics::default();
        let state = redis_object::import::<RedisDatabase>(&mut diags, &case.session, "3").await;
        assert_eq!(diags, Diagnostics::default());
        let mtls = state.unwrap().mtls;
        assert_eq!(mtls.as_ref_option().unwrap().allow_missing_extended_key_usage, expected);
    }
}
