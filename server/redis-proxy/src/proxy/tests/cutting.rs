use std::sync::Arc;
use std::time::{Duration, Instant};

use super::world::{NOW, PASSWORD, TestCa, TestClient, World, acl, encode, permission, uid, user_uid};
use certward_certificates::trust::SubjectValidation;
use certward_redis_model::database::TlsMode;
use certward_redis_model::state::Change;

/// A connection of alice's that is in use.
async fn alice(world: &World) -> TestClient {
    let mut alice = world.client("alice").await;
    assert_eq!(alice.ask(&["ACL", "WHOAMI"]).await, "alice");
    alice
}

#[tokio::test]
async fn whoever_would_not_be_let_in_as_it_was_is_cut() {
    let Some(world) = World::new().await else { return };
    world.put_certified(4, "witness", 2).await;
    let mut witness = world.client("witness").await;
    assert_eq!(witness.ask(&["PING"]).await, "+PONG");

    let mut cut = alice(&world).await;
    world.put(Change::DeleteUser(user_uid(1))).await;
    cut.is_cut().await;

    world.put_certified(1, "alice", 1).await;
    let mut cut = alice(&world).await;
    world.put_certified(1, "alicia", 1).await;
    cut.is_cut().await;

    world.put_certified(1, "alice", 1).await;
    let mut cut = alice(&world).await;
    world.put_certified(1, "alice", 3).await;
    cut.is_cut().await;

    world.put_certified(1, "alice", 1).await;
    let mut cut = alice(&world).await;
    world.put(acl(1, "+@all -flushall ~* &*")).await;
    cut.is_cut().await;

    let mut cut = alice(&world).await;
    world
        .change(|database| database.roles_permissions = vec![permission(1, 2), permission(2, 2)])
        .await;
    cut.is_cut().await;

    // The same rights by another way are the same rights.
    world.put(acl(3, "+@read +@connection ~*")).await;
    world
        .change(|database| database.roles_permissions[1] = permission(2, 3))
        .await;
    assert_eq!(witness.ask(&["PING"]).await, "+PONG");
    world.end().await;
}

#[tokio::test]
async fn a_change_of_the_databases_trust_cuts_whom_it_shuts_out() {
    let Some(world) = World::new().await else { return };
    let other = TestCa::new("others");
    let mut cut = alice(&world).await;
    world
        .change(|database| database.tls.client_certificates = other.trusted())
        .await;
    cut.is_cut().await;

    world
        .change(|database| database.tls.client_certificates = world.ca.trusted())
        .await;
    let mut cut = alice(&world).await;
    world
        .change(|database| database.tls.subject_validation = SubjectValidation::SanCn)
        .await;
    cut.is_cut().await;

    world
        .change(|database| database.tls.subject_validation = SubjectValidation::Disabled)
        .await;
    let mut cut = alice(&world).await;
    world.change(|database| database.tls.mode = TlsMode::Disabled).await;
    cut.is_cut().await;

    world.change(|database| database.tls.mode = TlsMode::Enabled).await;
    let mut cut = alice(&world).await;
    world.put(Change::DeleteDatabase(uid())).await;
    cut.is_cut().await;
    world.end().await;
}

#[tokio::test]
async fn a_certificate_that_expires_is_cut_unless_expired_ones_are_let_in() {
    let Some(world) = World::new().await else { return };
    let expires = || world.ca.client_until("alice", NOW + time::Duration::minutes(1));
    let mut cut = world.connect(Some(expires())).await;
    let mut stays = alice(&world).await;
    assert_eq!(cut.ask(&["PING"]).await, "+PONG");
    world.clock.set(NOW + time::Duration::minutes(2));
    cut.is_cut().await;
    assert_eq!(stays.ask(&["PING"]).await, "+PONG");

    world.clock.set(NOW);
    world
        .change(|database| database.tls.allow_outdated_certificates = true)
        .await;
    let mut outdated = world.connect(Some(expires())).await;
    world.clock.set(NOW + time::Duration::minutes(2));
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(outdated.ask(&["PING"]).await, "+PONG");
    world.end().await;
}

#[tokio::test]
async fn a_certificate_of_any_purpose_is_cut_when_the_database_lets_it_in_no_more() {
    let Some(world) = World::new().await else { return };
    world
        .change(|database| database.tls.allow_missing_extended_key_usage = true)
        .await;
    let mut cut = world.connect(Some(world.ca.client_for("alice", &[]))).await;
    let mut stays = world.client("bob").await;
    assert_eq!(cut.ask(&["PING"]).await, "+PONG");
    assert_eq!(stays.ask(&["PING"]).await, "+PONG");
    world
        .change(|database| database.tls.allow_missing_extended_key_usage = false)
        .await;
    cut.is_cut().await;
    assert_eq!(stays.ask(&["PING"]).await, "+PONG");
    world.end().await;
}

#[tokio::test]
async fn clients_without_a_certificate_are_cut_by_what_they_are() {
    let Some(world) = World::new().await else { return };
    world
        .change(|database| {
            database.tls.enforce_client_authentication = false;
            database.default_user.is_enabled = true;
        })
        .await;
    let mut carol = world.connect(None).await;
    assert_eq!(carol.ask(&["AUTH", "carol", PASSWORD]).await, "+OK");
    let mut default = world.connect(None).await;
    assert_eq!(default.ask(&["PING"]).await, "+PONG");
    let mut nobody = world.client("nobody").await;
    assert_eq!(nobody.ask(&["ACL", "WHOAMI"]).await, "default");

    world.put_certified(4, "nobody", 1).await;
    nobody.is_cut().await;
    world.change(|database| database.default_user.is_enabled = false).await;
    default.is_cut().await;
    assert_eq!(carol.ask(&["ACL", "WHOAMI"]).await, "carol");

    let mut other = world.regular(3, "carol", 1);
    other.credentials_revision = 2;
    world.put(Change::PutUser(Arc::new(other))).await;
    carol.is_cut().await;

    let mut carol = world.connect(None).await;
    assert_eq!(carol.ask(&["AUTH", "carol", PASSWORD]).await, "+OK");
    world
        .change(|database| database.tls.enforce_client_authentication = true)
        .await;
    carol.is_cut().await;
    world.end().await;
}

#[tokio::test]
async fn nothing_that_waits_is_carried_out_after_the_cut() {
    let Some(world) = World::new().await else { return };
    // With the rights of alice, and somebody else.
    world.put_certified(4, "victim", 1).await;
    let mut blocked = world.client("victim").await;
    blocked
        .send(&[encode(&["BLPOP", "list", "0"]), encode(&["SET", "after", "blpop"])].concat())
        .await;
    let mut transaction = world.client("victim").await;
    transaction
        .send(&[encode(&["MULTI"]), encode(&["SET", "after", "multi"])].concat())
        .await;
    transaction.expect("+OK\r\n+QUEUED\r\n").await;
    let mut subscriber = world.client("victim").await;
    subscriber.send(&encode(&["SUBSCRIBE", "news"])).await;
    subscriber.expect("*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n").await;
    world.eventually(&["PUBLISH", "news", "early"], ":1").await;

    world.put(Change::DeleteUser(user_uid(4))).await;
    blocked.is_cut().await;
    transaction.is_cut().await;
    let _ = transaction.try_send(&encode(&["EXEC"])).await;
    subscriber.is_cut().await;

    let mut alice = alice(&world).await;
    assert_eq!(alice.ask(&["PUBLISH", "news", "late"]).await, ":0");
    assert_eq!(alice.ask(&["RPUSH", "list", "item"]).await, ":1");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(alice.ask(&["LLEN", "list"]).await, ":1");
    assert_eq!(alice.ask(&["EXISTS", "after"]).await, ":0");
    world.end().await;
}

#[tokio::test]
async fn a_pipeline_under_way_stops_at_the_cut() {
    let Some(world) = World::new().await else { return };
    world.put_certified(4, "victim", 1).await;
    let mut victim = world.client("victim").await;
    let writing = tokio::spawn(async move {
        let batch = encode(&["INCR", "count"]).repeat(100);
        while victim.try_send(&batch).await.is_ok() {
            let mut answers = vec![0; 100];
            victim.read_some(&mut answers).await;
        }
    });
    world.eventually(&["EXISTS", "count"], ":1").await;
    world.put(Change::DeleteUser(user_uid(4))).await;
    tokio::time::timeout(Duration::from_secs(3), writing)
        .await
        .unwrap()
        .unwrap();
    let mut alice = alice(&world).await;
    let count = alice.ask(&["GET", "count"]).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(alice.ask(&["GET", "count"]).await, count);
    world.end().await;
}

/// Deletes user 4, and waits until the connection is cut and the engine is ready.
async fn is_cut_in_a_second(world: &World, victim: &mut TestClient) {
    let since = Instant::now();
    world.put(Change::DeleteUser(user_uid(4))).await;
    victim.is_cut().await;
    eprintln!("cut after {:?}", since.elapsed());
    let since = Instant::now();
    loop {
        let connect = async {
            world.ready().await;
            let mut alice = world.client("alice").await;
            let _ = alice.try_send(&encode(&["PING"])).await;
            let mut answer = [0; 7];
            alice.read_some(&mut answer).await;
            answer
        };
        if let Ok(answer) = tokio::time::timeout(Duration::from_secs(5), connect).await
            && answer == *b"+PONG\r\n"
        {
            return;
        }
        assert!(
            since.elapsed() < Duration::from_secs(60),
            "the engine does not come back"
        );
    }
}

#[tokio::test]
async fn a_cut_ends_in_a_second_whatever_keeps_the_engine_busy_which_is_ready_again_soon() {
    let Some(world) = World::new().await else { return };
    for script in ["while true do end", "redis.call('SET', 'written', 1) while true do end"] {
        world.put_certified(4, "victim", 1).await;
        let mut victim = world.client("victim").await;
        assert_eq!(victim.ask(&["PING"]).await, "+PONG");
        victim.send(&encode(&["EVAL", script, "0"])).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        is_cut_in_a_second(&world, &mut victim).await;
    }
    world.end().await;
}

#[tokio::test]
async fn a_cut_ends_in_a_second_while_the_engine_stands_still_which_is_started_again() {
    let Some(world) = World::new().await else { return };
    world.put_certified(4, "victim", 1).await;
    let mut victim = world.client("victim").await;
    assert_eq!(victim.ask(&["PING"]).await, "+PONG");
    let process = world.engine_process().await;
    rustix::process::kill_process(process, rustix::process::Signal::STOP).unwrap();
    victim.send(&encode(&["SET", "after", "cut"])).await;
    is_cut_in_a_second(&world, &mut victim).await;
    assert_eq!(alice(&world).await.ask(&["EXISTS", "after"]).await, ":0");
    world.end().await;
}

#[tokio::test]
async fn a_debugger_of_scripts_is_refused_so_that_no_cut_has_to_wait_for_it() {
    let Some(world) = World::new().await else { return };
    let mut alice = alice(&world).await;
    for mode in ["SYNC", "YES"] {
        let refused = alice.ask(&["SCRIPT", "DEBUG", mode]).await;
        assert!(refused.starts_with("-NOPERM"), "{refused}");
    }
    assert_eq!(alice.ask(&["EVAL", "return 1", "0"]).await, ":1");
    world.end().await;
}

#[tokio::test]
async fn a_script_whose_client_has_gone_ends_with_its_user() {
    let Some(world) = World::new().await else { return };
    world.put_certified(4, "victim", 1).await;
    let mut victim = world.client("victim").await;
    // Closed with this unread, the connection is reset.
    victim.send(&encode(&["PING"])).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    victim.send(&encode(&["EVAL", "while true do end", "0"])).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    drop(victim);
    tokio::time::sleep(Duration::from_millis(300)).await;
    world.put(Change::DeleteUser(user_uid(4))).await;
    let answer = async {
        loop {
            world.ready().await;
            let mut alice = world.client("alice").await;
            let mut answer = [0; 7];
            let _ = alice.try_send(&encode(&["PING"])).await;
            alice.read_some(&mut answer).await;
            if answer == *b"+PONG\r\n" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), answer).await.unwrap();
    world.end().await;
}
