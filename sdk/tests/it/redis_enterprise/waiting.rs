//! Waiting for what the cluster works off by itself.

use std::time::Duration;

use certward::redis_enterprise::{ActionStatus, BootstrapState, DatabaseStatus};
use serde_json::{Value, json};
use wiremock::matchers::{any, method};
use wiremock::{Mock, MockServer};

use super::exchange::{builder, file, template};

const MINUTE: Duration = Duration::from_secs(60);

/// A cluster that answers each `GET` with the next of these, and with the last from then on.
async fn cluster(answers: &[Value]) -> MockServer {
    let server = MockServer::start().await;
    for (index, answer) in answers.iter().enumerate() {
        let mock = Mock::given(method("GET")).respond_with(template(answer));
        match index + 1 == answers.len() {
            true => mock.mount(&server).await,
            false => mock.up_to_n_times(1).mount(&server).await,
        }
    }
    Mock::given(any())
        .respond_with(template(&file("users/delete", "answer")))
        .mount(&server)
        .await;
    server
}

fn client(server: &MockServer) -> certward::redis_enterprise::Client {
    builder().endpoint(&server.uri()).build().unwrap()
}

fn action(status: &str) -> Value {
    let mut answer = file("actions/read", "answer");
    answer["body"]["status"] = json!(status);
    answer
}

#[tokio::test]
async fn an_action_is_waited_for_until_it_is_completed() {
    let server = cluster(&[
        action("queued"),
        action("running"),
        action("a new word"),
        action("completed"),
    ])
    .await;
    let done = client(&server).actions().wait(&"x".into(), MINUTE).await.unwrap();
    assert_eq!(done.status, ActionStatus::Completed);
    assert_eq!(server.received_requests().await.unwrap().len(), 4);
}

#[tokio::test]
async fn an_action_that_fails_is_an_error_with_its_reason() {
    let mut failed = action("failed");
    failed["body"]["error_code"] = json!("insufficient_resources");
    failed["body"]["error_message"] = json!("no room\nleft");
    let server = cluster(&[action("running"), failed]).await;
    let error = client(&server).actions().wait(&"x".into(), MINUTE).await.unwrap_err();
    assert!(error.is_failed_action() && !error.is_retryable(), "{error:?}");
    assert_eq!(error.error_type(), Some("insufficient_resources"));
    assert_eq!(
        error.to_string(),
        "cannot wait for the action x: the action ended as failed (insufficient_resources): no room left"
    );
    let server = cluster(&[action("cancelled")]).await;
    let error = client(&server).actions().wait(&"x".into(), MINUTE).await.unwrap_err();
    assert!(
        error.is_failed_action() && error.to_string().contains("cancelled"),
        "{error}"
    );
}

#[tokio::test]
async fn waiting_ends_with_the_timeout() {
    let server = cluster(&[action("running")]).await;
    let started = std::time::Instant::now();
    let error = client(&server)
        .actions()
        .wait(&"x".into(), Duration::from_millis(200))
        .await
        .unwrap_err();
    assert!(
        error.is_timeout() && started.elapsed() >= Duration::from_millis(200),
        "{error:?}"
    );
    assert!(
        client(&server)
            .actions()
            .wait(&"x".into(), Duration::ZERO)
            .await
            .unwrap_err()
            .is_timeout()
    );
}

#[tokio::test]
async fn an_action_that_the_cluster_does_not_know_is_not_waited_for() {
    let server = cluster(&[file("errors/not-found", "error-404")]).await;
    let error = client(&server).actions().wait(&"x".into(), MINUTE).await.unwrap_err();
    assert!(
        error.is_decode() && error.to_string().contains("knows no such action"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_deletion_is_waited_for_until_the_user_is_gone() {
    let there = file("users/read", "answer");
    let server = cluster(&[there.clone(), there, file("users/read", "error-missing")]).await;
    client(&server).users().delete_and_wait(1.into(), MINUTE).await.unwrap();
    let methods: Vec<String> = server
        .received_requests()
        .await
        .unwrap()
        .iter()
        .map(|request| request.method.to_string())
        .collect();
    assert_eq!(methods, ["DELETE", "GET", "GET", "GET"]);
    let server = cluster(&[file("users/read", "answer")]).await;
    let error = client(&server)
        .users()
        .delete_and_wait(1.into(), Duration::from_millis(100))
        .await
        .unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
}

#[tokio::test]
async fn a_database_is_waited_for_until_it_is_active_and_until_it_is_gone() {
    let status = |status: &str| {
        let mut answer = file("databases/read", "answer");
        answer["body"]["status"] = json!(status);
        answer
    };
    let server = cluster(&[
        status("pending"),
        status("active-change-pending"),
        status("a new word"),
        status("active"),
    ])
    .await;
    let active = client(&server)
        .databases()
        .wait_until_active(1.into(), MINUTE)
        .await
        .unwrap();
    assert_eq!(active.status, Some(DatabaseStatus::Active));
    assert_eq!(server.received_requests().await.unwrap().len(), 4);

    let server = cluster(&[status("delete-pending"), file("errors/not-found", "error-404")]).await;
    client(&server)
        .databases()
        .delete_and_wait(1.into(), MINUTE)
        .await
        .unwrap();
    let requests = server.received_requests().await.unwrap();
    let methods: Vec<&str> = requests.iter().map(|request| request.method.as_str()).collect();
    assert_eq!(methods, ["DELETE", "GET", "GET"]);
    let server = cluster(&[status("delete-pending")]).await;
    let error = client(&server)
        .databases()
        .delete_and_wait(1.into(), Duration::from_millis(100))
        .await
        .unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
}

#[tokio::test]
async fn a_new_cluster_is_waited_for() {
    let state = |state: &str| json!({"status": 200, "body": {"bootstrap_status": {"state": state}}});
    let server = cluster(&[state("initiated"), state("creating_cluster"), state("completed")]).await;
    let bootstrap = client(&server).bootstrap().wait(MINUTE).await.unwrap();
    assert_eq!((bootstrap.state, bootstrap.node_uid), (BootstrapState::Completed, None));
    let failed = json!({"status": 200, "body": {"bootstrap_status": {
        "state": "error", "error_code": "invalid_license", "error_details": {"message": "not signed", "violation": 1}
    }}});
    let server = cluster(&[failed]).await;
    let error = client(&server).bootstrap().wait(MINUTE).await.unwrap_err();
    assert_eq!(
        (error.error_type(), error.server_message()),
        (Some("invalid_license"), Some("not signed"))
    );
}
