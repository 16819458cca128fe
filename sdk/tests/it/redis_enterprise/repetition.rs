//! Requests that are retried, and those that never are.

use certward::redis_enterprise::{
    CreateRedisAcl, CreateRole, CreateUser, ManagementRole, NewCertificate, NewPassword, UpdateCluster, UpdateUser,
};
use serde_json::json;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::exchange::{builder, file, template};

/// A cluster that answers with one after the other, and with the last from then on.
async fn cluster(answers: Vec<ResponseTemplate>) -> MockServer {
    let server = MockServer::start().await;
    let last = answers.len() - 1;
    for (index, answer) in answers.into_iter().enumerate() {
        let mock = Mock::given(any()).respond_with(answer);
        match index {
            _ if index == last => mock.mount(&server).await,
            _ => mock.up_to_n_times(1).mount(&server).await,
        }
    }
    server
}

fn busy() -> ResponseTemplate {
    template(&json!({"status": 409, "body": {"error_code": "busy", "description": "another action holds it"}}))
}

fn answer(operation: &str) -> ResponseTemplate {
    template(&file(operation, "answer"))
}

async fn count(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

fn client(server: &MockServer) -> certward::redis_enterprise::Client {
    builder().endpoint(&server.uri()).build().unwrap()
}

#[tokio::test]
async fn reads_are_repeated_until_they_are_answered() {
    let server = cluster(vec![ResponseTemplate::new(503), busy(), answer("users/list")]).await;
    assert_eq!(client(&server).users().list().await.unwrap().len(), 1);
    assert_eq!(count(&server).await, 3);
}

#[tokio::test]
async fn changes_that_name_what_they_change_are_repeated_when_the_cluster_did_nothing() {
    let server = cluster(vec![ResponseTemplate::new(503), busy(), answer("cluster/read")]).await;
    let changes = UpdateCluster::new().password_complexity(true);
    client(&server).cluster().update(&changes).send().await.unwrap();
    assert_eq!(count(&server).await, 3);
    let server = cluster(vec![busy(), answer("users/delete")]).await;
    client(&server).users().delete(2.into()).await.unwrap();
    assert_eq!(count(&server).await, 2);
    let server = cluster(vec![busy(), answer("certificates/put")]).await;
    client(&server)
        .certificates()
        .update(&[NewCertificate::trusted_ca(&[])])
        .await
        .unwrap();
    assert_eq!(count(&server).await, 2);
}

#[tokio::test]
async fn a_change_is_given_up_after_its_repetitions() {
    let server = cluster(vec![busy()]).await;
    let error = client(&server)
        .users()
        .update(2.into(), &UpdateUser::new().name("a"))
        .send()
        .await
        .unwrap_err();
    assert!(error.is_conflict() && error.is_retryable(), "{error:?}");
    assert_eq!(count(&server).await, 3);
}

#[tokio::test]
async fn what_is_refused_or_may_have_been_done_is_not_repeated() {
    let name_in_use = template(&file("users/create", "error-name-in-use"));
    for refusal in [name_in_use, ResponseTemplate::new(500), ResponseTemplate::new(401)] {
        let server = cluster(vec![refusal]).await;
        assert!(
            client(&server)
                .users()
                .update(2.into(), &UpdateUser::new().name("a"))
                .send()
                .await
                .is_err()
        );
        assert_eq!(count(&server).await, 1);
    }
}

#[tokio::test]
async fn what_makes_something_new_is_never_sent_twice() {
    for refusal in [|| ResponseTemplate::new(503), busy] {
        let server = cluster(vec![refusal()]).await;
        let client = client(&server);
        let user = CreateUser::certificate("a", "CN=a");
        assert!(client.users().create(&user).send().await.unwrap_err().is_retryable());
        assert!(
            client
                .roles()
                .create(&CreateRole::new("a", ManagementRole::None))
                .send()
                .await
                .is_err()
        );
        assert!(
            client
                .redis_acls()
                .create(&CreateRedisAcl::new("a", "+@all ~*"))
                .send()
                .await
                .is_err()
        );
        assert!(
            client
                .users()
                .add_password(&NewPassword::new("canary".into()))
                .await
                .is_err()
        );
        assert!(client.certificates().rotate(None).await.is_err());
        assert_eq!(count(&server).await, 5);
    }
}

#[tokio::test]
async fn the_next_node_is_asked_when_one_is_down() {
    let dead = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let server = cluster(vec![answer("users/create-certificate")]).await;
    let client = builder()
        .max_retries(0)
        .endpoints([&dead, &server.uri()])
        .build()
        .unwrap();
    client
        .users()
        .create(&CreateUser::certificate("a", "CN=a"))
        .send()
        .await
        .unwrap();
    assert_eq!(count(&server).await, 1);
}

#[tokio::test]
async fn no_secret_is_in_an_error() {
    let user = || CreateUser::regular("a", "canary-password".into());
    for body in [
        "{\"canary-answer",
        "<html>canary-answer</html>",
        "{\"uid\":\"canary-answer\"}",
    ] {
        for status in [200, 500] {
            let answer = ResponseTemplate::new(status).set_body_string(body);
            let server = cluster(vec![answer]).await;
            let client = builder()
                .endpoint(&server.uri())
                .basic("canary-user", "canary-password".into())
                .build()
                .unwrap();
            let error = client.users().create(&user()).send().await.unwrap_err();
            let text = format!("{error} {error:?} {} {client:?}", error.report());
            assert!(!text.contains("canary"), "{text}");
        }
    }
    let server = cluster(vec![template(
        &json!({"status": 200, "body": {"api_key": "canary", "api_cert": 7}}),
    )])
    .await;
    let error = client(&server).certificates().list().await.unwrap_err();
    assert!(
        error.is_decode() && !format!("{error:?}").contains("canary"),
        "{error:?}"
    );
}
