//! Every withdrawal of a user's access closes the open connections, and nothing is executed afterwards.

use std::time::{Duration, Instant};

use certward_acceptance_tests::external_redis::ExternalRedis;
use certward_acceptance_tests::mutual_tls::Connection;
use certward_acceptance_tests::programs::{installed, long_tests};
use certward_acceptance_tests::redis_database::{RedisDatabase, Session, change, request};
use certward_acceptance_tests::test_pki::{Identity, TestCa, client_params};
use certward_server::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// A change that ends the access of one user.
#[derive(Debug, Clone, Copy)]
enum Withdrawal {
    DeleteUser,
    ChangeSubjectLine,
    ChangeRoles,
    ChangeAcl,
    ChangeSubjects,
    ReplaceCa,
}

/// The connection's activity during the change.
#[derive(Debug, Clone, Copy)]
enum Busy {
    Idle,
    InTransaction,
    Subscribed,
    Blocked,
    Pipelining,
}

const WITHDRAWALS: [Withdrawal; 6] = [
    Withdrawal::DeleteUser,
    Withdrawal::ChangeSubjectLine,
    Withdrawal::ChangeRoles,
    Withdrawal::ChangeAcl,
    Withdrawal::ChangeSubjects,
    Withdrawal::ReplaceCa,
];

const STATES: [Busy; 5] = [
    Busy::Idle,
    Busy::InTransaction,
    Busy::Subscribed,
    Busy::Blocked,
    Busy::Pipelining,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_withdrawal_ends_open_connections_within_a_second_and_nothing_is_executed_afterwards() {
    if !installed("redis-server") {
        return;
    }
    let cuts = if long_tests() { 1000 } else { 90 };
    let redis = ExternalRedis::start();
    let database = redis.behind_a_plain_server().await;
    let mut admin = database.admin().await;
    let mut engine = redis.operator().await;
    let identity = database.team.ca.issue("mallory");
    let kinds = WITHDRAWALS
        .iter()
        .flat_map(|withdrawal| STATES.map(|state| (*withdrawal, state)));
    let mut latencies = Vec::new();
    for (withdrawal, state) in kinds.cycle().take(cuts) {
        let latency = cut(&database, &mut admin, &mut engine, &identity, withdrawal, state).await;
        latencies.push(latency);
    }
    latencies.sort();
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize];
    println!(
        "{cuts} cuts: p50 {:?}, p99 {:?}, longest {:?}",
        at(0.5),
        at(0.99),
        at(1.0)
    );
    assert!(at(0.999) <= Duration::from_secs(1), "p99.9 is {:?}", at(0.999));
}

/// Makes a user, brings a connection of its into a state, takes the access away. Gives the time to the connection's end.
async fn cut(
    database: &RedisDatabase,
    admin: &mut Connection,
    engine: &mut Session,
    identity: &Identity,
    withdrawal: Withdrawal,
    state: Busy,
) -> Duration {
    let case = format!("{withdrawal:?} while {state:?}");
    engine.command(&["FLUSHALL"]).await.unwrap();
    let path = format!("/v1/bdbs/{}", database.uid);
    let trust = json!({ "authentication_ssl_client_certs": [{ "client_cert": database.team.ca.certificate_pem() }],
        "client_cert_subject_validation_type": "san_cn", "authorized_subjects": [{ "CN": "mallory" }] });
    change(admin, "PUT", &path, &trust).await;
    let user = database.create_user(admin, "mallory").await;
    let mut session = database.connect(identity).await.unwrap();
    assert_eq!(
        session.command(&["ACL", "WHOAMI"]).await.unwrap(),
        "$7\r\nmallory\r\n",
        "{case}"
    );
    let (begun, mut session) = match state {
        Busy::Pipelining => (None, Some(session)),
        _ => {
            begin(&mut session, state).await;
            (Some(session), None)
        }
    };
    // The pipeline goes on in a task of its own, which sends as fast as it can until it cannot.
    let pipeline = session.take().map(|session| {
        tokio::spawn(async move {
            let (mut read, mut write) = session.split();
            let sending = tokio::spawn(async move {
                let many = request(&["INCR", "counter"]).repeat(50);
                while write.write_all(&many).await.is_ok() && write.flush().await.is_ok() {}
            });
            let mut bytes = vec![0; 64 * 1024];
            while let Ok(1..) = read.read(&mut bytes).await {}
            let ended = Instant::now();
            sending.abort();
            ended
        })
    });
    if pipeline.is_some() {
        while engine.command(&["GET", "counter"]).await.unwrap() == "$-1\r\n" {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    let started = Instant::now();
    let after = withdraw(database, admin, user, withdrawal).await;
    let ended = match (begun, pipeline) {
        (Some(mut session), _) => {
            // What is sent now must not be executed.
            _ = session
                .send(&[request(&["SET", "late", "1"]), request(&["EXEC"])].concat())
                .await;
            session.ended(Duration::from_secs(5)).await;
            Instant::now()
        }
        (None, Some(pipeline)) => tokio::time::timeout(Duration::from_secs(5), pipeline)
            .await
            .expect(&case)
            .unwrap(),
        (None, None) => unreachable!("there is one of the two"),
    };
    let latency = ended.duration_since(started);
    let counter = engine.command(&["GET", "counter"]).await.unwrap();
    engine.command(&["RPUSH", "queue", "element"]).await.unwrap();
    assert_eq!(
        engine.command(&["PUBLISH", "news", "x"]).await.unwrap(),
        ":0\r\n",
        "{case}"
    );
    assert_eq!(engine.command(&["LLEN", "queue"]).await.unwrap(), ":1\r\n", "{case}");
    assert_eq!(
        engine.command(&["EXISTS", "late", "in transaction"]).await.unwrap(),
        ":0\r\n",
        "{case}"
    );
    assert_eq!(engine.command(&["GET", "counter"]).await.unwrap(), counter, "{case}");
    after.undo(database, admin, user).await;
    latency
}

async fn begin(session: &mut Session, state: Busy) {
    match state {
        Busy::Idle | Busy::Pipelining => {}
        Busy::InTransaction => {
            assert_eq!(session.command(&["MULTI"]).await.unwrap(), "+OK\r\n");
            let queued = session.command(&["SET", "in transaction", "1"]).await.unwrap();
            assert_eq!(queued, "+QUEUED\r\n");
        }
        Busy::Subscribed => {
            session.command(&["SUBSCRIBE", "news"]).await.unwrap();
        }
        Busy::Blocked => {
            session.send(&request(&["BLPOP", "queue", "0"])).await.unwrap();
            // On its way to the engine.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// The change to revert after a test.
enum After {
    DeleteUser,
    Nothing,
    RestoreAcl,
}

async fn withdraw(database: &RedisDatabase, admin: &mut Connection, user: u64, withdrawal: Withdrawal) -> After {
    let user_path = format!("/v1/users/{user}");
    let database_path = format!("/v1/bdbs/{}", database.uid);
    match withdrawal {
        Withdrawal::DeleteUser => {
            change(admin, "DELETE", &user_path, &Value::Null).await;
            return After::Nothing;
        }
        Withdrawal::ChangeSubjectLine => {
            change(
                admin,
                "PUT",
                &user_path,
                &json!({ "certificate_subject_line": "CN=somebody else" }),
            )
            .await;
        }
        Withdrawal::ChangeRoles => {
            change(admin, "PUT", &user_path, &json!({ "role_uids": [6] })).await;
        }
        Withdrawal::ChangeAcl => {
            let path = format!("/v1/redis_acls/{}", database.redis_acl);
            change(admin, "PUT", &path, &json!({ "acl": "+@read ~*" })).await;
            return After::RestoreAcl;
        }
        Withdrawal::ChangeSubjects => {
            change(
                admin,
                "PUT",
                &database_path,
                &json!({ "authorized_subjects": [{ "CN": "bob" }] }),
            )
            .await;
        }
        Withdrawal::ReplaceCa => {
            let other = TestCa::new("Another CA").certificate_pem();
            let certificates = json!({ "authentication_ssl_client_certs": [{ "client_cert": other }] });
            change(admin, "PUT", &database_path, &certificates).await;
        }
    }
    After::DeleteUser
}

impl After {
    async fn undo(self, database: &RedisDatabase, admin: &mut Connection, user: u64) {
        if let Self::RestoreAcl = self {
            let path = format!("/v1/redis_acls/{}", database.redis_acl);
            change(admin, "PUT", &path, &json!({ "acl": "+@all ~* &*" })).await;
        }
        if !matches!(self, Self::Nothing) {
            change(admin, "DELETE", &format!("/v1/users/{user}"), &Value::Null).await;
        }
    }
}

#[tokio::test]
async fn connection_ends_with_its_certificate() {
    if !installed("redis-server") {
        return;
    }
    let database = RedisDatabase::start().await;
    let mut admin = database.admin().await;
    database.create_user(&mut admin, "brief").await;
    let mut parameters = client_params("brief");
    parameters.not_before = SystemClock.now() - Duration::from_secs(60);
    parameters.not_after = SystemClock.now() + Duration::from_secs(3);
    let identity = database.team.ca.issue_with(parameters);
    let mut session = database.connect(&identity).await.unwrap();
    assert_eq!(session.command(&["PING"]).await.unwrap(), "+PONG\r\n");
    session.ended(Duration::from_secs(8)).await;
    assert!(SystemClock.now().unix_timestamp() >= identity_end(&identity));
    assert!(!answers(&database, &identity).await);
}

#[tokio::test]
async fn connections_end_with_their_database_and_others_go_on() {
    if !installed("redis-server") {
        return;
    }
    let database = RedisDatabase::start().await;
    let mut admin = database.admin().await;
    database.create_user(&mut admin, "alice").await;
    let bob = database.create_user(&mut admin, "bob").await;
    let mut of_alice = database.connect(&database.team.ca.issue("alice")).await.unwrap();
    let mut of_bob = database.connect(&database.team.ca.issue("bob")).await.unwrap();
    for session in [&mut of_alice, &mut of_bob] {
        assert_eq!(session.command(&["PING"]).await.unwrap(), "+PONG\r\n");
    }
    change(&mut admin, "DELETE", &format!("/v1/users/{bob}"), &Value::Null).await;
    of_bob.ended(Duration::from_secs(5)).await;
    // What concerns another user, or nobody's rights here, cuts nobody.
    database.create_user(&mut admin, "carol").await;
    change(&mut admin, "PUT", "/v1/cluster", &json!({ "password_min_length": 9 })).await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(of_alice.command(&["PING"]).await.unwrap(), "+PONG\r\n");
    change(
        &mut admin,
        "DELETE",
        &format!("/v1/bdbs/{}", database.uid),
        &Value::Null,
    )
    .await;
    of_alice.ended(Duration::from_secs(5)).await;
}

fn identity_end(identity: &Identity) -> i64 {
    let certificate = certward::pki::Certificate::from_der(identity.certificate.clone()).unwrap();
    certificate.validity().not_after.unix_timestamp()
}

/// True if a command is answered on a new connection. In TLS 1.3 a client learns of its refusal only after its
/// handshake.
async fn answers(database: &RedisDatabase, identity: &Identity) -> bool {
    match database.connect(identity).await {
        Ok(mut session) => session.command(&["PING"]).await.is_ok_and(|reply| reply == "+PONG\r\n"),
        Err(_) => false,
    }
}
