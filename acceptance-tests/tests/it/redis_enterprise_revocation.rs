//! Every withdrawal of a certificate user's access reaches the open connections.

use std::time::Duration;

use certward_acceptance_tests::mutual_tls::{Connection, client_config};
use certward_acceptance_tests::programs::{installed, long_tests};
use certward_acceptance_tests::team::{Team, role};
use certward_acceptance_tests::test_pki::{Identity, TestCa};
use serde_json::{Value, json};

/// Opens a connection with a certificate.
async fn connect(team: &Team, identity: &Identity) -> Connection {
    let config = client_config(
        &team.server.read("ca.crt"),
        Some((&identity.certificate_pem, &identity.private_key_pem)),
    );
    Connection::open(team.server.redis_enterprise_address(), &config)
        .await
        .unwrap()
}

/// The administrator's connection.
async fn administrator(team: &Team) -> Connection {
    let config = client_config(
        &team.server.read("ca.crt"),
        Some((&team.server.read("admin.crt"), &team.server.read("admin.key"))),
    );
    Connection::open(team.server.redis_enterprise_address(), &config)
        .await
        .unwrap()
}

async fn status(connection: &mut Connection, path: &str) -> u16 {
    connection.request("GET", path, b"").await.unwrap().status
}

#[tokio::test]
async fn the_first_request_after_the_users_deletion_is_refused_200_of_200() {
    if !installed("curl") {
        return;
    }
    let rounds = if long_tests() { 5000 } else { 200 };
    let team = Team::trusted();
    let mut admin = administrator(&team).await;
    let identity = team.ca.issue("revoked");
    let body = json!({
        "name": "revoked", "auth_method": "certificate", "certificate_subject_line": "CN=revoked",
        "role_uids": [role::CLUSTER_VIEWER],
    })
    .to_string();
    for round in 0..rounds {
        let created = admin.request("POST", "/v1/users", body.as_bytes()).await.unwrap();
        assert_eq!(created.status, 200, "{}", String::from_utf8_lossy(&created.body));
        let user: Value = serde_json::from_slice(&created.body).unwrap();
        let mut connection = connect(&team, &identity).await;
        assert_eq!(status(&mut connection, "/v1/cluster").await, 200, "round {round}");
        let path = format!("/v1/users/{}", user["uid"]);
        assert_eq!(admin.request("DELETE", &path, b"").await.unwrap().status, 200);
        // The server may have closed the connection already; what it must not do is answer as before.
        if let Ok(after) = connection.request("GET", "/v1/cluster", b"").await {
            assert_eq!(after.status, 401, "round {round}");
        }
    }
}

/// A change that ends alice's access; bob's continues.
enum Withdrawal {
    DeleteUser,
    ChangeSubjectLine,
    ChangeAuthorizedSubjects,
    ReplaceCa,
    SwitchOff,
}

/// Alice's idle connection is closed within a second; the administrator's stays open, and bob's where he keeps his access.
async fn check(withdrawal: Withdrawal) {
    if !installed("curl") {
        return;
    }
    let team = Team::trusted();
    team.set(&json!({
        "mtls_client_cert_subject_validation_type": "san_cn",
        "mtls_authorized_subjects": [{ "CN": "alice" }, { "CN": "bob" }],
    }));
    let alice = team.create_user("alice", "CN=alice", role::CLUSTER_VIEWER);
    team.create_user("bob", "CN=bob", role::CLUSTER_VIEWER);
    let mut of_alice = connect(&team, &team.ca.issue("alice")).await;
    let mut of_bob = connect(&team, &team.ca.issue("bob")).await;
    let mut of_admin = administrator(&team).await;
    for connection in [&mut of_alice, &mut of_bob, &mut of_admin] {
        assert_eq!(status(connection, "/v1/cluster").await, 200);
    }
    let path = format!("/v1/users/{alice}");
    let bob_stays = match withdrawal {
        Withdrawal::DeleteUser => {
            team.admin().request("DELETE", &path, None).expect(200);
            true
        }
        Withdrawal::ChangeSubjectLine => {
            let body = json!({ "certificate_subject_line": "CN=somebody else" }).to_string();
            team.admin().request("PUT", &path, Some(&body)).expect(200);
            true
        }
        Withdrawal::ChangeAuthorizedSubjects => {
            team.set(&json!({ "mtls_authorized_subjects": [{ "CN": "bob" }] }));
            true
        }
        Withdrawal::ReplaceCa => {
            team.trust(&TestCa::new("Another CA"));
            false
        }
        Withdrawal::SwitchOff => {
            team.set(&json!({ "mtls_certificate_authentication": false }));
            false
        }
    };
    tokio::time::timeout(Duration::from_secs(1), of_alice.closed())
        .await
        .expect("closed within a second")
        .unwrap();
    assert_eq!(status(&mut of_admin, "/v1/cluster").await, 200);
    if bob_stays {
        let closed = tokio::time::timeout(Duration::from_millis(1200), of_bob.closed()).await;
        assert!(closed.is_err(), "bob keeps his access, and lost his connection");
        assert_eq!(status(&mut of_bob, "/v1/cluster").await, 200);
    } else {
        tokio::time::timeout(Duration::from_secs(1), of_bob.closed())
            .await
            .expect("closed within a second")
            .unwrap();
    }
}

#[tokio::test]
async fn idle_connection_of_a_deleted_user_is_closed_within_a_second() {
    check(Withdrawal::DeleteUser).await;
}

#[tokio::test]
async fn idle_connection_is_closed_when_the_users_subject_line_changes() {
    check(Withdrawal::ChangeSubjectLine).await;
}

#[tokio::test]
async fn idle_connection_is_closed_when_the_authorized_subjects_leave_it_out() {
    check(Withdrawal::ChangeAuthorizedSubjects).await;
}

#[tokio::test]
async fn idle_connections_are_closed_when_the_ca_is_replaced() {
    check(Withdrawal::ReplaceCa).await;
}

#[tokio::test]
async fn idle_connections_are_closed_when_certificate_authentication_is_switched_off() {
    check(Withdrawal::SwitchOff).await;
}

#[tokio::test]
async fn a_new_role_counts_from_the_next_request() {
    if !installed("curl") {
        return;
    }
    let team = Team::trusted();
    let user = team.create_user("alice", "CN=alice", role::CLUSTER_VIEWER);
    let mut connection = connect(&team, &team.ca.issue("alice")).await;
    let path = format!("/v1/users/{user}");
    for (uid, expected) in [(role::NONE, 403), (role::CLUSTER_VIEWER, 200), (role::NONE, 403)] {
        let body = json!({ "role_uids": [uid] }).to_string();
        team.admin().request("PUT", &path, Some(&body)).expect(200);
        assert_eq!(status(&mut connection, "/v1/cluster").await, expected);
    }
}
