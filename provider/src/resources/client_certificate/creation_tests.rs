use serde_json::json;
use wiremock::ResponseTemplate;

use super::super::testing::{CERTIFICATES, Case, EDIT, found, refusal, summaries};
use super::*;

/// A certificate that is to be disabled, which the cluster has registered and does not disable.
async fn not_disabled(removal: ResponseTemplate) -> (Case, Option<ClientCertificateState>, Diagnostics) {
    let mut case = Case::new().await;
    case.planned.disabled = Value::Value(true);
    case.planned.deletion_protection = Value::Value(true);
    case.reading(ResponseTemplate::new(404), 1).await;
    case.answer("PUT", CERTIFICATES, ResponseTemplate::new(201), 1).await;
    let answer = refusal(500, "System.TimeoutException", "no majority");
    case.answer("POST", EDIT, answer, 9).await;
    case.reading(found(case.entry(json!({}))), 9).await;
    case.answer("DELETE", CERTIFICATES, removal, 9).await;
    let (state, diags) = case.created().await;
    (case, state, diags)
}

#[tokio::test]
async fn certificate_that_cannot_be_disabled_is_removed_again() {
    let (case, state, diags) = not_disabled(ResponseTemplate::new(204)).await;
    assert_eq!((state, diags.errors.len()), (None, 1));
    assert!(diags.errors[0].detail.contains("disable"), "{diags:?}");
    assert_eq!(case.requests("DELETE").await.len(), 1);
}

#[tokio::test]
async fn certificate_that_can_neither_be_disabled_nor_removed_is_left_to_the_next_run() {
    let (_, state, diags) = not_disabled(ResponseTemplate::new(503)).await;
    assert_eq!(diags.errors.len(), 1);
    // A state with an error is tainted, and so removed next, whatever protects it.
    let state = state.unwrap();
    assert_eq!(
        (state.disabled, state.deletion_protection),
        (Value::Value(false), Value::Value(false))
    );
}

#[tokio::test]
async fn certificate_that_a_run_left_enabled_is_disabled_by_the_next() {
    let mut case = Case::new().await;
    case.planned.disabled = Value::Value(true);
    case.reading(found(case.entry(json!({}))), 1).await;
    case.answer("POST", EDIT, ResponseTemplate::new(201), 1).await;
    case.reading(found(case.entry(json!({ "Disabled": true }))), 9).await;
    let (state, diags) = case.created().await;
    assert_eq!((state.as_ref(), summaries(&diags)), (Some(&case.planned), vec![]));
    assert_eq!(diags.warnings[0].summary, "Taken over");
    assert_eq!(case.requests("POST").await[0]["Disabled"], true);
    assert!(case.requests("PUT").await.is_empty());
}

#[tokio::test]
async fn certificate_that_is_registered_disabled_names_the_others_of_its_key() {
    let mut case = Case::new().await;
    case.planned.disabled = Value::Value(true);
    let sibling = case.entry(json!({ "Thumbprint": "CD".repeat(20), "Name": "sibling" }));
    case.listing(sibling).await;
    case.reading(ResponseTemplate::new(404), 1).await;
    case.answer("PUT", CERTIFICATES, ResponseTemplate::new(201), 1).await;
    case.answer("POST", EDIT, ResponseTemplate::new(201), 1).await;
    case.reading(found(case.entry(json!({ "Disabled": true }))), 1).await;
    let (state, diags) = case.created().await;
    assert_eq!((state.as_ref(), summaries(&diags)), (Some(&case.planned), vec![]));
    assert!(diags.warnings[0].detail.contains("sibling"), "{diags:?}");
}
