//! The log says who has called, and who was not let in and why.

use std::time::{Duration, Instant};

use certward_acceptance_tests::programs::installed;
use certward_acceptance_tests::redis_database::{RedisDatabase, change};
use certward_acceptance_tests::team::{Team, role};
use certward_acceptance_tests::test_pki::TestCa;
use serde_json::{Value, json};

use super::eventually;
use super::signals::freeze_engines;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_line_of_a_request_names_its_user_whichever_way_that_has_logged_in() {
    let team = Team::trusted();
    let password = "Secret-passw0rd";
    let bob = json!({
        "name": "bob", "email": "bob@example.com", "password": password, "role_uids": [role::ADMIN],
    });
    let made = team.admin().request("POST", "/v1/users", Some(&bob.to_string()));
    let bob = made.expect(200).json()["uid"].clone();
    let carol = team.create_user("carol", "CN=carol", role::ADMIN);

    let by_password = team.nobody().user("bob@example.com", password);
    by_password.get("/v1/roles").expect(200);
    let token = by_password
        .request("POST", "/v1/users/authorize", None)
        .expect(200)
        .json();
    let token = token["access_token"].as_str().unwrap();
    let by_token = team.nobody().header(&format!("Authorization: JWT {token}"));
    by_token.get("/v1/redis_acls").expect(200);
    team.holder(&team.ca.issue("carol")).get("/v1/cluster").expect(200);
    // The certificate of the connection is registered, and the request is bob's.
    team.admin().user("bob", password).get("/v1/bdbs").expect(200);
    team.admin().get("/v1/license").expect(200);

    let bob = format!("user.uid={bob} user.name=\"bob\" user.email=\"bob@example.com\"");
    for (method, route, user) in [
        ("GET", "/v1/roles", format!("{bob} user.proof=\"password\"")),
        ("POST", "/v1/users/authorize", format!("{bob} user.proof=\"password\"")),
        ("GET", "/v1/redis_acls", format!("{bob} user.proof=\"token\"")),
        (
            "GET",
            "/v1/cluster",
            format!("user.uid={carol} user.name=\"carol\" user.proof=\"certificate\""),
        ),
        ("GET", "/v1/bdbs", format!("{bob} user.proof=\"password\"")),
        ("GET", "/v1/license", "caller.name=".to_owned()),
    ] {
        let request = format!("http.method=\"{method}\" http.route=\"{route}\" ");
        let line = || {
            team.server
                .log()
                .lines()
                .find(|line| line.contains(&request))
                .map(str::to_owned)
        };
        eventually(&request, || line().is_some()).await;
        let line = line().unwrap();
        assert!(line.contains(&user), "{user} is not in {line}");
        assert_ne!(line.contains("caller.name="), line.contains("user.uid="), "{line}");
    }
    assert!(!team.server.log().contains(password));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_at_a_database_is_a_line_of_the_log_with_the_name_and_never_the_password() {
    if !installed("redis-server") {
        return;
    }
    let database = RedisDatabase::start().await;
    let mut session = database.connect(&database.team.ca.issue("nobody")).await.unwrap();
    let long = format!("a\nb{}", "x".repeat(5000));
    for name in ["mallory", &long] {
        for _ in 0..20 {
            let refused = session.command(&["AUTH", name, "s3cr7t-canary"]).await.unwrap();
            assert!(refused.starts_with("-WRONGPASS"), "{refused}");
        }
        tokio::time::sleep(Duration::from_millis(1100)).await;
    }
    let log = || database.team.server.log();
    let refused = format!(
        "database.uid={} user.given=\"mallory\" refused.reason=\"wrong_password\"",
        database.uid
    );
    eventually(&refused, || log().contains(&refused)).await;
    let beginning = "user.given=\"a\\nbxxx";
    eventually(beginning, || log().contains(beginning)).await;
    let log = log();
    let lines: Vec<_> = log
        .lines()
        .filter(|line| line.contains("a database refuses a login"))
        .collect();
    assert!((2..10).contains(&lines.len()), "a line a second: {lines:#?}");
    assert!(
        lines
            .iter()
            .all(|line| line.len() < 700 && line.contains("peer.address=127.0.0.1:")),
        "{lines:#?}"
    );
    assert!(!log.contains("s3cr7t-canary"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acl_that_an_engine_refuses_is_told_at_its_change_and_named_when_its_users_cannot_log_in() {
    if !installed("redis-server") {
        return;
    }
    let database = RedisDatabase::start().await;
    let mut admin = database.admin().await;
    database.create_user(&mut admin, "alice").await;
    let (role, acl, uid) = (database.role, database.redis_acl, database.uid);
    let (acl_path, database_path) = (format!("/v1/redis_acls/{acl}"), format!("/v1/bdbs/{uid}"));

    // Before any database has it: tried on one that runs. A trial is one too.
    let new = json!({ "name": "other", "acl": "+@read +nosuchcommand ~*" });
    for path in ["/v1/redis_acls?dry_run", "/v1/redis_acls/validate", "/v1/redis_acls"] {
        let made = change(&mut admin, "POST", path, &new).await;
        let warning = made["certward_warnings"][0].as_str().unwrap_or_default();
        assert!(
            warning.contains("+nosuchcommand") && warning.contains("(orders)"),
            "{path}: {made}"
        );
    }
    let wrong = json!({ "acl": "+@all +nosuchcommand ~* &*" });
    let changed = change(&mut admin, "PUT", &acl_path, &wrong).await;
    let warning = changed["certward_warnings"][0].as_str().unwrap_or_default();
    assert!(warning.contains("+nosuchcommand"), "{changed}");
    // What was answered can be sent back.
    let again = change(&mut admin, "PUT", &acl_path, &changed).await;
    assert_eq!(again, changed);
    let read = change(&mut admin, "GET", &database_path, &Value::Null).await;
    let warning = read["certward_warnings"][0].as_str().unwrap_or_default();
    assert!(warning.contains(&format!("Redis ACL {acl} (everything)")), "{read}");

    let alice = database.team.ca.issue("alice");
    let refused = database
        .connect(&alice)
        .await
        .unwrap()
        .command(&["PING"])
        .await
        .unwrap();
    assert!(
        refused.starts_with("-NOPERM ") && refused.contains("+nosuchcommand"),
        "{refused}"
    );
    let log = || database.team.server.log();
    for line in [
        "WARN the engine of a database refuses a Redis ACL, so that its users cannot log in".to_owned(),
        format!("redis_acls=\"{acl} (everything) of role {role} (data)\""),
        "refused.reason=\"rules_refused\"".to_owned(),
    ] {
        eventually(&line, || log().contains(&line)).await;
    }
    let known = log().matches("refuses a Redis ACL, so that").count();
    assert_eq!(known, 1, "an objection is told once: {}", log());

    let right = json!({ "acl": "+@all ~* &*" });
    let changed = change(&mut admin, "PUT", &acl_path, &right).await;
    assert_eq!(changed["certward_warnings"], Value::Null, "{changed}");
    let read = change(&mut admin, "GET", &database_path, &Value::Null).await;
    assert_eq!(read["certward_warnings"], Value::Null, "{read}");
    database.answering(&alice).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_answers_no_question_about_acls_holds_up_no_change_for_long() {
    if !installed("redis-server") {
        return;
    }
    let database = RedisDatabase::start().await;
    let mut admin = database.admin().await;
    let mut given = Vec::new();
    for number in 0..15 {
        let role = json!({ "name": format!("role {number}"), "management": "none" });
        let role = change(&mut admin, "POST", "/v1/roles", &role).await["uid"].clone();
        let acl = json!({ "name": format!("acl {number}"), "acl": "+get ~*" });
        let acl = change(&mut admin, "POST", "/v1/redis_acls", &acl).await["uid"].clone();
        given.push(json!({ "role_uid": role, "redis_acl_uid": acl }));
    }
    freeze_engines(&database.team.server);
    let start = Instant::now();
    let path = format!("/v1/bdbs/{}", database.uid);
    change(&mut admin, "PUT", &path, &json!({ "roles_permissions": given })).await;
    // A second for each of them would be more.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ca_of_a_database_that_cannot_be_one_is_a_warning_and_the_reason_of_a_refusal() {
    if !installed("redis-server") {
        return;
    }
    let unfit = TestCa::without_cert_sign("Unfit CA");
    let certificates = json!([{ "client_cert": unfit.certificate_pem() }]);
    let database = RedisDatabase::start_with(&json!({ "authentication_ssl_client_certs": certificates })).await;
    let mut admin = database.admin().await;
    let read = change(&mut admin, "GET", &format!("/v1/bdbs/{}", database.uid), &Value::Null).await;
    let warning = read["certward_warnings"][0].as_str().unwrap_or_default();
    let reason = "has a key usage without keyCertSign";
    assert!(warning.contains("CN=Unfit CA") && warning.contains(reason), "{read}");
    // In TLS 1.3 the client learns it when it reads.
    if let Ok(mut session) = database.connect(&unfit.issue("alice")).await {
        session.command(&["PING"]).await.unwrap_err();
    }
    let log = || database.team.server.log();
    let refusal = format!("is not trusted as a CA: \\\"CN=Unfit CA\\\" {reason}");
    for line in [
        "WARN the client certificate \"CN=Unfit CA\" is not trusted as a CA",
        &refusal,
    ] {
        eventually(line, || log().contains(line)).await;
    }
}
