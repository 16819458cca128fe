//! The life of a database against a server that answers as told.

use serde_json::{Value as Json, json};
use tf_provider::Diagnostics;
use tf_provider::value::Value;
use wiremock::ResponseTemplate;

use super::super::model::{DatabaseMtls, DatabaseTimeouts, RedisDatabaseState};
use super::super::{RedisDatabase, plan};
use crate::resources::redis_object::{self, lifecycle};

use super::super::testing::*;

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
