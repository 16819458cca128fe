//! Certward's own setting of a database, `certward_mtls_allow_missing_eku`.

use serde_json::json;
use tf_provider::Diagnostics;
use tf_provider::value::Value;
use wiremock::ResponseTemplate;

use super::model::{DatabaseMtls, RedisDatabaseState};
use super::{RedisDatabase, plan};
use crate::resources::redis_object::{self, lifecycle, trial};

use super::testing::*;

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
