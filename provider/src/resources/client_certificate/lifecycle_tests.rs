use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use time::macros::datetime;
use wiremock::matchers::{method, query_param, query_param_is_missing};
use wiremock::{Mock, ResponseTemplate};

use super::super::testing::{CERTIFICATES, Case, EDIT, found, refusal, summaries};
use super::*;
use crate::session::testing::Fixed;

#[tokio::test]
async fn creation_sends_the_certificate_alone_and_reads_it_back() {
    let case = Case::new().await;
    case.reading(ResponseTemplate::new(404), 1).await;
    case.answer("PUT", CERTIFICATES, ResponseTemplate::new(201), 1).await;
    case.reading(found(case.entry(json!({}))), 1).await;
    let (state, diags) = case.created().await;
    assert_eq!(diags, Diagnostics::default());
    assert_eq!(state.as_ref(), Some(&case.planned));
    let sent = case.requests("PUT").await;
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["Certificate"], STANDARD.encode(case.certificate.der()));
    assert_eq!(sent[0]["SecurityClearance"], "ValidUser");
}

#[tokio::test]
async fn value_that_the_cluster_ignores_is_an_error_on_its_attribute() {
    let mut case = Case::new().await;
    case.planned.disabled = Value::Value(true);
    case.reading(ResponseTemplate::new(404), 1).await;
    case.answer("PUT", CERTIFICATES, ResponseTemplate::new(201), 1).await;
    case.answer("POST", EDIT, ResponseTemplate::new(201), 1).await;
    case.reading(found(case.entry(json!({ "Disabled": false }))), 1).await;
    let (state, diags) = case.created().await;
    assert_eq!(summaries(&diags), ["Value not applied"]);
    assert_eq!(diags.errors[0].attribute, AttributePath::new("disabled"));
    assert_eq!(
        state.unwrap().disabled,
        Value::Value(false),
        "the state says what is there"
    );
}

#[tokio::test]
async fn refusals_leave_no_state_and_are_explained() {
    for (answer, summary, attribute) in [
        (
            refusal(
                402,
                "Raven.Client.Exceptions.Commercial.LicenseLimitException",
                "no read-only certificates",
            ),
            "Read permission needs a licence",
            AttributePath::new("database_permissions"),
        ),
        (
            refusal(
                403,
                "InvalidAuth",
                "The supplied client certificate is unknown to the server.",
            ),
            "Server does not trust this certificate",
            AttributePath::root(),
        ),
        (
            refusal(428, "InvalidAuth", "requires two factor authorization to be valid"),
            "Two-factor certificate",
            AttributePath::root(),
        ),
        (
            refusal(
                500,
                "System.InvalidOperationException",
                "because it has a lower clearance",
            ),
            "Insufficient clearance",
            AttributePath::new("security_clearance"),
        ),
        (
            refusal(
                500,
                "System.ArgumentException",
                "Error in permissions in the certificate definition",
            ),
            "Database permissions refused",
            AttributePath::new("database_permissions"),
        ),
        (
            refusal(503, "Raven.Client.Exceptions.NodeIsPassiveException", "passive"),
            "The cluster is not ready",
            AttributePath::root(),
        ),
    ] {
        let case = Case::new().await;
        case.reading(ResponseTemplate::new(404), 1).await;
        case.answer("PUT", CERTIFICATES, answer, 9).await;
        let (state, diags) = case.created().await;
        assert_eq!(state, None, "{summary}");
        assert_eq!(summaries(&diags), [summary]);
        assert_eq!(diags.errors[0].attribute, attribute, "{summary}");
        assert_eq!(case.requests("PUT").await.len(), 1, "{summary} is tried once");
    }
}

#[tokio::test]
async fn secondary_of_a_collection_is_explained() {
    let case = Case::new().await;
    let primary = "AB".repeat(20);
    case.reading(found(case.entry(json!({ "Thumbprint": primary, "Name": "lead" }))), 9)
        .await;
    let (state, diags) = case.created().await;
    assert_eq!(state, None);
    assert!(diags.errors[0].detail.contains(&primary), "{diags:?}");

    let mut diags = Diagnostics::default();
    let state = read(&mut diags, &case.session, case.planned.clone()).await.unwrap();
    assert_eq!(state.name, Value::Value("lead".to_owned()));
    assert_eq!(diags.warnings[0].summary, "Certificate became part of a collection");
}

#[tokio::test]
async fn change_says_everything_but_leaves_one_time_codes_alone() {
    let case = Case::new().await;
    case.reading(found(case.entry(json!({ "HasTwoFactor": true }))), 1)
        .await;
    case.answer("POST", EDIT, ResponseTemplate::new(201), 1).await;
    case.reading(found(case.entry(json!({ "Name": "renamed", "HasTwoFactor": true }))), 1)
        .await;
    let renamed = ClientCertificateState {
        name: Value::Value("renamed".to_owned()),
        ..case.planned.clone()
    };
    let mut diags = Diagnostics::default();
    let state = update(&mut diags, &case.session, case.planned.clone(), renamed.clone()).await;
    assert_eq!((state, diags), (Some(renamed), Diagnostics::default()));
    let expected = json!({
        "Thumbprint": case.certificate.thumbprint().to_string(),
        "Name": "renamed",
        "SecurityClearance": "ValidUser",
        "Permissions": {},
        "Disabled": false,
    });
    assert_eq!(case.requests("POST").await, [expected]);
    let received = case.server.received_requests().await.unwrap();
    assert!(
        received
            .iter()
            .all(|request| !request.url.as_str().contains("deleteTwoFactor"))
    );
}

#[tokio::test]
async fn change_of_deletion_protection_asks_nothing() {
    let case = Case::new().await;
    let protected = ClientCertificateState {
        deletion_protection: Value::Value(true),
        ..case.planned.clone()
    };
    let mut diags = Diagnostics::default();
    let state = update(&mut diags, &case.session, case.planned.clone(), protected.clone()).await;
    assert_eq!(state, Some(protected));
    assert_eq!(case.server.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn reading_tells_gone_from_failed_and_warns_of_expired() {
    let case = Case::new().await;
    case.reading(ResponseTemplate::new(404), 1).await;
    case.reading(ResponseTemplate::new(503), 1).await;
    case.reading(found(case.entry(json!({}))), 1).await;
    let mut diags = Diagnostics::default();
    assert_eq!(read(&mut diags, &case.session, case.planned.clone()).await, None);
    assert_eq!(diags, Diagnostics::default());
    assert_eq!(read(&mut diags, &case.session, case.planned.clone()).await, None);
    assert_eq!(diags.errors.len(), 1);

    let later = Session {
        clock: Arc::new(Fixed(datetime!(2027-02-01 0:00 UTC))),
        ..case.session
    };
    let mut diags = Diagnostics::default();
    assert_eq!(read(&mut diags, &later, case.planned.clone()).await, Some(case.planned));
    assert_eq!(diags.warnings[0].summary, "Registered certificate has expired");
    assert_eq!(diags.errors, []);
}

#[tokio::test]
async fn one_listing_serves_every_removal() {
    let case = Case::new().await;
    let sibling = case.entry(json!({ "Thumbprint": "CD".repeat(20), "Name": "sibling" }));
    case.answer("DELETE", CERTIFICATES, ResponseTemplate::new(204), 9).await;
    Mock::given(method("GET"))
        .and(query_param("start", "0"))
        .respond_with(found(sibling))
        .expect(1)
        .mount(&case.server)
        .await;
    Mock::given(method("GET"))
        .and(query_param("metadataOnly", "true"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "Results": [] })))
        .expect(1)
        .mount(&case.server)
        .await;
    Mock::given(method("GET"))
        .and(query_param_is_missing("metadataOnly"))
        .respond_with(ResponseTemplate::new(404))
        .expect(3)
        .mount(&case.server)
        .await;
    for _ in 0..3 {
        let mut diags = Diagnostics::default();
        assert_eq!(destroy(&mut diags, &case.session, &case.planned).await, Some(()));
        assert_eq!(diags.errors, []);
        assert!(diags.warnings[0].detail.contains("sibling"), "{diags:?}");
    }
}

#[tokio::test]
async fn collection_is_not_edited() {
    let case = Case::new().await;
    let together = ["CD".repeat(20), "EF".repeat(20)];
    case.reading(found(case.entry(json!({ "CollectionSecondaryKeys": together }))), 1)
        .await;
    let renamed = ClientCertificateState {
        name: Value::Value("renamed".to_owned()),
        ..case.planned.clone()
    };
    let mut diags = Diagnostics::default();
    let state = update(&mut diags, &case.session, case.planned.clone(), renamed).await;
    assert_eq!((state, summaries(&diags)), (None, vec!["Collection cannot be edited"]));
    let detail = &diags.errors[0].detail;
    assert!(together.iter().all(|secondary| detail.contains(secondary)), "{detail}");
    assert!(case.requests("POST").await.is_empty());
}

#[tokio::test]
async fn an_entry_of_single_sign_on_is_read_with_a_warning_and_not_edited() {
    for usage in ["SsoServer", "SsoClient", "SsoBroker"] {
        let case = Case::new().await;
        let identifiers = json!([{ "Provider": "Github", "Identifier": "alice" }]);
        let entry = case.entry(json!({ "Usage": usage, "SsoIdentifiers": identifiers, "AllowAnySsoServer": true }));
        case.reading(found(entry), 2).await;
        let mut diags = Diagnostics::default();
        let state = read(&mut diags, &case.session, case.planned.clone()).await;
        assert_eq!(state.as_ref(), Some(&case.planned));
        assert_eq!(diags.warnings[0].summary, "Entry of single sign-on");
        let renamed = ClientCertificateState {
            name: Value::Value("renamed".to_owned()),
            ..case.planned.clone()
        };
        let mut diags = Diagnostics::default();
        let state = update(&mut diags, &case.session, case.planned.clone(), renamed).await;
        assert_eq!((state, summaries(&diags)), (None, vec!["Entry of single sign-on"]));
        assert!(case.requests("POST").await.is_empty());
    }
}

#[tokio::test]
async fn what_leaves_other_certificates_of_the_key_their_rights_names_them() {
    type Change = fn(&mut ClientCertificateState);
    let disabled: Change = |state| state.disabled = Value::Value(true);
    let renamed: Change = |state| state.name = Value::Value("renamed".to_owned());
    let with_orders = |access: &str| {
        let access = Value::Value(access.into());
        Value::Value(BTreeMap::from([("Orders".to_owned(), access)]))
    };
    let reads: Change = |state| {
        let access = Value::Value("Read".into());
        state.database_permissions = Value::Value(BTreeMap::from([("Orders".to_owned(), access)]));
    };
    for (change, changed, verb) in [
        (disabled, json!({ "Disabled": true }), Some("Disabled")),
        (
            reads,
            json!({ "Permissions": { "Orders": "Read" } }),
            Some("Took rights from"),
        ),
        (renamed, json!({ "Name": "renamed" }), None),
    ] {
        let mut case = Case::new().await;
        case.planned.database_permissions = with_orders("ReadWrite");
        let mut planned = case.planned.clone();
        change(&mut planned);
        let sibling = case.entry(json!({ "Thumbprint": "CD".repeat(20), "Name": "sibling" }));
        case.listing(sibling).await;
        let before = json!({ "Permissions": { "Orders": "ReadWrite" } });
        let mut after = before.clone();
        after
            .as_object_mut()
            .unwrap()
            .extend(changed.as_object().unwrap().clone());
        case.reading(found(case.entry(before)), 1).await;
        case.answer("POST", EDIT, ResponseTemplate::new(201), 1).await;
        case.reading(found(case.entry(after)), 1).await;
        let mut diags = Diagnostics::default();
        let state = update(&mut diags, &case.session, case.planned.clone(), planned.clone()).await;
        assert_eq!((state, summaries(&diags)), (Some(planned), vec![]));
        let warned = diags.warnings.iter().map(|warning| &warning.detail);
        let warned: Vec<_> = warned.collect();
        match verb {
            Some(verb) => {
                assert!(
                    warned[0].starts_with(verb) && warned[0].contains("sibling"),
                    "{warned:?}"
                );
            }
            None => assert_eq!(warned, Vec::<&String>::new()),
        }
    }
}
