//! A change of trust reaches the connections that are open.

use std::sync::Arc;
use std::time::Duration;

use certward_server::clock::ManualClock;
use http::StatusCode;
use time::OffsetDateTime;
use time::macros::datetime;

use super::support::{Fixture, Identity};

const NOW: OffsetDateTime = datetime!(2026-11-21 21:10:00 UTC);

#[tokio::test]
async fn the_first_request_after_a_deletion_is_refused() {
    let server = Fixture::start(&[]).await;
    let mut refused = 0;
    for _ in 0..50 {
        let client = server.register("ValidUser").await;
        let mut http = server.http(Some(&client)).await;
        assert_eq!(http.get("/whoami").await, (StatusCode::OK, "client ValidUser".into()));
        server.delete(&client).await;
        // Either the connection is closed already, or the request is answered with a refusal.
        match http.try_send("GET", "/whoami", Vec::new()).await {
            Ok(answer) => assert_eq!(answer, (StatusCode::FORBIDDEN, "unknown_certificate".into())),
            Err(error) => assert!(
                error.is_canceled() || error.is_closed() || error.is_incomplete_message(),
                "{error:?}"
            ),
        }
        refused += 1;
    }
    assert_eq!(refused, 50);
}

#[tokio::test]
async fn an_idle_connection_of_a_deleted_certificate_is_closed() {
    let server = Fixture::start(&[]).await;
    let client = server.register("ValidUser").await;
    let (mut used, mut unused) = (server.http(Some(&client)).await, server.http(Some(&client)).await);
    assert_eq!(used.get("/whoami").await.0, StatusCode::OK);
    server.delete(&client).await;
    assert!(used.closes_within(Duration::from_secs(1)).await);
    assert!(unused.closes_within(Duration::from_secs(1)).await);
}

#[tokio::test]
async fn a_request_under_way_is_finished_before_its_connection_is_closed() {
    let server = Fixture::start(&[]).await;
    let client = server.register("ValidUser").await;
    let mut http = server.http(Some(&client)).await;
    let (answer, ()) = tokio::join!(http.get("/slow"), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.delete(&client).await;
    });
    assert_eq!(answer, (StatusCode::OK, "client".into()));
    assert!(http.closes_within(Duration::from_secs(1)).await);
}

#[tokio::test]
async fn the_connection_of_a_certificate_that_was_never_trusted_stays_open() {
    let server = Fixture::start(&[]).await;
    let client = Identity::new("client");
    let mut http = server.http(Some(&client)).await;
    assert_eq!(http.get("/whoami").await.0, StatusCode::FORBIDDEN);
    server.register("ValidUser").await;
    assert!(!http.closes_within(Duration::from_millis(500)).await);
    // On the same connection, once it is trusted, and no longer when it is not again.
    server.register_identity(&client, "ValidUser").await;
    assert_eq!(http.get("/whoami").await, (StatusCode::OK, "client ValidUser".into()));
    server.delete(&client).await;
    assert!(http.closes_within(Duration::from_secs(1)).await);
}

#[tokio::test]
async fn a_demoted_certificate_has_its_new_rights_at_the_next_request() {
    let server = Fixture::start(&[]).await;
    let client = server.register("ClusterAdmin").await;
    let mut http = server.http(Some(&client)).await;
    assert_eq!(
        http.get("/whoami").await,
        (StatusCode::OK, "client ClusterAdmin".into())
    );
    let mut administrator = server.http(Some(&server.administrator)).await;
    let demoted = administrator
        .send(
            "POST",
            &format!("/certificates/{}/demote", client.thumbprint()),
            Vec::new(),
        )
        .await;
    assert_eq!(demoted.0, StatusCode::OK);
    assert_eq!(http.get("/whoami").await, (StatusCode::OK, "client ValidUser".into()));
    assert!(!http.closes_within(Duration::from_millis(500)).await);
}

#[tokio::test]
async fn a_connection_is_closed_when_its_certificate_expires() {
    let clock = Arc::new(ManualClock::at(NOW));
    let server = Fixture::start_at(&[], Arc::clone(&clock) as _).await;
    let client = Identity::made("client", |parameters| {
        parameters.not_after = NOW + Duration::from_secs(100)
    });
    server.register_identity(&client, "ValidUser").await;
    let mut http = server.http(Some(&client)).await;
    assert_eq!(http.get("/whoami").await.0, StatusCode::OK);
    clock.set(NOW + Duration::from_secs(100));
    assert!(
        !http.closes_within(Duration::from_millis(600)).await,
        "the last second is included"
    );
    clock.set(NOW + Duration::from_secs(101));
    assert!(http.closes_within(Duration::from_secs(1)).await);
}
