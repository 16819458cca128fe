use std::time::Duration;

use serde_json::json;
use tf_provider::value::Value;
use wiremock::matchers::{method, path, query_param};
use wiremock::{Mock, ResponseTemplate};

use super::super::lifecycle::tests::{Case, NOW, USER, USERS, ok, planned, refusal, summaries, text, there, user};
use super::*;
use crate::resources::cert_user::{CertUser, CertUserState};
use crate::session::testing::of_redis_enterprise;

impl Case {
    async fn answer_trial(&self, verb: &str, route: &str, answer: ResponseTemplate) {
        Mock::given(method(verb))
            .and(path(route))
            .and(query_param("dry_run", ""))
            .respond_with(answer)
            .mount(&self.server)
            .await;
    }

    async fn tried_creation(&self, planned: &CertUserState) -> Diagnostics {
        let mut diags = Diagnostics::default();
        try_create::<CertUser>(&mut diags, &self.session, planned).await;
        diags
    }

    async fn tried_change(&self, planned: &CertUserState) -> Diagnostics {
        let mut diags = Diagnostics::default();
        try_update::<CertUser>(&mut diags, &self.session, &there(), planned).await;
        diags
    }

    /// Method and path of every request, with its query.
    async fn asked(&self) -> Vec<String> {
        let received = self.server.received_requests().await.unwrap();
        let asked = received.iter().map(|request| {
            let query = request
                .url
                .query()
                .map_or_else(String::new, |query| format!("?{query}"));
            format!("{} {}{query}", request.method, request.url.path())
        });
        asked.collect()
    }
}

fn lowered() -> CertUserState {
    CertUserState {
        role_ids: Value::Value(vec![text("5")]),
        ..there()
    }
}

#[tokio::test]
async fn trial_counts_only_when_it_refuses_values() {
    for (answer, refused) in [
        (ok(user(json!({}))), None),
        (refusal(400, "invalid_schema"), Some("Value refused")),
        (
            refusal(406, "change_last_admin_role_not_allowed"),
            Some("Last administrator"),
        ),
        (refusal(409, "name_already_exists"), None),
        (refusal(401, "unauthorized"), None),
        (refusal(503, "unavailable"), None),
    ] {
        let case = Case::new().await;
        case.answer("GET", USERS, ok(json!([])), 9).await;
        case.answer("GET", USER, ok(user(json!({}))), 9).await;
        case.answer_trial("POST", USERS, answer.clone()).await;
        case.answer_trial("PUT", USER, answer).await;
        for diags in [
            case.tried_creation(&planned()).await,
            case.tried_change(&lowered()).await,
        ] {
            assert_eq!(summaries(&diags), Vec::from_iter(refused));
        }
        let mut asked = case.asked().await;
        asked.retain(|asked| !asked.starts_with("GET "));
        assert_eq!(asked, ["POST /v1/users?dry_run=", "PUT /v1/users/7?dry_run="]);
    }
}

#[tokio::test]
async fn trial_asks_nothing_that_is_unknown_or_equal() {
    let case = Case::new().await;
    let unknown = CertUserState {
        name: Value::Unknown,
        ..planned()
    };
    case.tried_creation(&unknown).await;
    case.tried_change(&there()).await;
    assert_eq!(case.asked().await, [""; 0]);

    // A cluster that cannot be reached is no reason to refuse a plan.
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let session = of_redis_enterprise(&format!("http://{closed}"), None, NOW);
    assert!(!session.trials.are_over());
    let mut diags = Diagnostics::default();
    try_create::<CertUser>(&mut diags, &session, &planned()).await;
    assert_eq!(diags, Diagnostics::default());
    assert!(session.trials.are_over(), "the next plan does not wait for it again");
}

#[tokio::test]
async fn the_first_trial_alone_is_looked_after_before_others_are_sent() {
    let case = Case::new().await;
    case.answer("GET", USERS, ok(json!([])), 9).await;
    let slow = ok(user(json!({}))).set_delay(Duration::from_millis(50));
    case.answer_trial("POST", USERS, slow).await;
    let other = planned();
    let (one, two, three) = tokio::join!(
        case.tried_creation(&other),
        case.tried_creation(&other),
        case.tried_creation(&other)
    );
    for diags in [one, two, three] {
        assert_eq!(diags, Diagnostics::default());
    }
    let asked = case.asked().await;
    let trial = "POST /v1/users?dry_run=";
    assert_eq!(
        asked,
        ["GET /v1/users", trial, "GET /v1/users", trial, trial],
        "two requests more, whatever is planned"
    );
    case.answer_trial("PUT", USER, ok(user(json!({})))).await;
    assert_eq!(case.tried_change(&lowered()).await, Diagnostics::default());
    assert_eq!(case.asked().await.len(), 6);
}

#[tokio::test]
async fn object_that_a_trial_has_made_is_removed_again_and_trials_end() {
    let case = Case::new().await;
    let other = user(json!({ "uid": 3, "name": "other" }));
    case.answer("GET", USERS, ok(json!([other])), 1).await;
    case.answer("GET", USERS, ok(json!([other, user(json!({}))])), 9).await;
    case.answer_trial("POST", USERS, ok(user(json!({})))).await;
    case.answer("DELETE", USER, ok(json!({ "action_uid": "8fc3" })), 1)
        .await;
    let node = json!({ "uid": 1, "status": "active", "software_version": "7.4.2-54" });
    case.answer("GET", "/v1/nodes", ok(json!([node])), 1).await;
    let planned = planned();
    let (one, two) = tokio::join!(case.tried_creation(&planned), case.tried_creation(&planned));
    let mut errors = [one.errors, two.errors].concat();
    assert_eq!(errors.len(), 1, "one trial is made: {errors:?}");
    let error = errors.remove(0);
    assert_eq!(error.summary, "The plan has changed the cluster");
    for part in ["version 7.4.2-54", "user \"app\" (uid 7)", "removed it again", "proxy"] {
        assert!(error.detail.contains(part), "{part}: {}", error.detail);
    }
    assert_eq!(case.tried_change(&lowered()).await, Diagnostics::default());
    let mut asked = case.asked().await;
    asked.retain(|asked| !asked.starts_with("GET "));
    assert_eq!(asked, ["POST /v1/users?dry_run=", "DELETE /v1/users/7"]);
}

#[tokio::test]
async fn what_a_trial_has_not_made_for_sure_is_not_removed() {
    let there_already = json!([user(json!({}))]);
    let of_another_uid = json!([user(json!({ "uid": 9 }))]);
    for (before, after, answer, errors) in [
        // It was there before.
        (there_already.clone(), there_already.clone(), ok(user(json!({}))), 0),
        // Something new, and of another name.
        (
            json!([]),
            json!([user(json!({ "name": "other" }))]),
            ok(user(json!({}))),
            0,
        ),
        (json!([]), of_another_uid, ok(user(json!({}))), 1),
        (json!([]), there_already, refusal(500, "broken"), 1),
    ] {
        let case = Case::new().await;
        case.answer("GET", USERS, ok(before), 1).await;
        case.answer("GET", USERS, ok(after), 1).await;
        case.answer_trial("POST", USERS, answer).await;
        let diags = case.tried_creation(&planned()).await;
        assert_eq!(diags.errors.len(), errors, "{diags:?}");
        assert!(!case.asked().await.iter().any(|asked| asked.starts_with("DELETE")));
    }
}

#[tokio::test]
async fn change_that_a_trial_has_made_is_told() {
    let case = Case::new().await;
    case.answer("GET", USER, ok(user(json!({}))), 1).await;
    case.answer("GET", USER, ok(user(json!({ "role_uids": [5] }))), 1).await;
    case.answer_trial("PUT", USER, ok(user(json!({ "role_uids": [5] }))))
        .await;
    let diags = case.tried_change(&lowered()).await;
    assert_eq!(summaries(&diags), ["The plan has changed the cluster"]);
    assert!(
        diags.errors[0].detail.contains("role_ids was [2] and is [5]"),
        "{diags:?}"
    );
    assert_eq!(case.tried_creation(&planned()).await, Diagnostics::default());
    assert_eq!(
        case.asked()
            .await
            .iter()
            .filter(|asked| asked.contains("dry_run"))
            .count(),
        1
    );
}

#[tokio::test]
async fn change_that_is_there_already_proves_nothing() {
    let case = Case::new().await;
    case.answer("GET", USER, ok(user(json!({ "role_uids": [5] }))), 9).await;
    case.answer("GET", USERS, ok(json!([])), 9).await;
    case.answer_trial("PUT", USER, ok(user(json!({ "role_uids": [5] }))))
        .await;
    case.answer_trial("POST", USERS, ok(user(json!({})))).await;
    assert_eq!(case.tried_change(&lowered()).await, Diagnostics::default());
    assert_eq!(case.tried_creation(&planned()).await, Diagnostics::default());
    assert_eq!(
        case.asked().await,
        [
            "GET /v1/users/7",
            "PUT /v1/users/7?dry_run=",
            "GET /v1/users",
            "POST /v1/users?dry_run=",
            "GET /v1/users"
        ]
    );
}
