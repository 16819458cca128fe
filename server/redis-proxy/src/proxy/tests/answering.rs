//! Logins among commands whose answers are off, or late, or many.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::world::{PASSWORD, TestClient, World, acl, encode};
use certward_redis_model::state::Change;

const ENGINES: [&str; 4] = ["redis-7.0", "redis-8.0", "valkey-8.1", "valkey-9.1"];

async fn carol(world: &World) -> TestClient {
    let mut carol = world.connect(None).await;
    assert_eq!(carol.ask(&["AUTH", "carol", PASSWORD]).await, "+OK");
    carol
}

/// A world whose clients need no certificate.
async fn on_engine(name: &str) -> World {
    let world = World::on_engine(name).await;
    world
        .change(|database| database.tls.enforce_client_authentication = false)
        .await;
    world
}

#[tokio::test]
async fn a_login_in_a_silent_transaction_or_subscription_is_refused_until_reset() {
    for engine in ENGINES {
        let world = on_engine(engine).await;
        // Messages to a subscriber are sent all the same.
        for (mode, told) in [
            (vec!["MULTI"], ""),
            (
                vec!["SUBSCRIBE", "news"],
                "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n",
            ),
        ] {
            let mut client = carol(&world).await;
            let input = [
                encode(&["CLIENT", "REPLY", "OFF"]),
                encode(&mode),
                encode(&["SET", "key", "value"]),
                encode(&["AUTH", "carol", PASSWORD]),
                encode(&["HELLO", "2", "AUTH", "carol", PASSWORD]),
                encode(&["EXEC"]),
                encode(&["RESET"]),
                encode(&["AUTH", "carol", PASSWORD]),
                encode(&["EXISTS", "key"]),
            ];
            client.send(&input.concat()).await;
            client.expect(&format!("{told}+RESET\r\n+OK\r\n:0\r\n")).await;
        }
        world.end().await;
    }
}

#[tokio::test]
async fn an_answer_before_a_login_does_not_wait_for_a_blocking_command() {
    let Some(world) = World::new().await else { return };
    world
        .change(|database| database.tls.enforce_client_authentication = false)
        .await;
    let mut client = carol(&world).await;
    let input = [
        encode(&["SET", "key", "value"]),
        encode(&["BLPOP", "list", "0"]),
        encode(&["AUTH", "carol", PASSWORD]),
    ];
    client.send(&input.concat()).await;
    client.expect("+OK\r\n").await;
    assert_eq!(carol(&world).await.ask(&["RPUSH", "list", "item"]).await, ":1");
    client.expect("*2\r\n$4\r\nlist\r\n$4\r\nitem\r\n+OK\r\n").await;
    world.end().await;
}

#[tokio::test]
async fn a_silent_login_of_a_user_who_may_not_be_silent_ends_the_connection() {
    let Some(world) = World::new().await else { return };
    world
        .change(|database| database.tls.enforce_client_authentication = false)
        .await;
    world.put(acl(2, "+@read ~*")).await;
    world.put(Change::PutUser(Arc::new(world.regular(5, "other", 2)))).await;
    let mut client = carol(&world).await;
    let input = [
        encode(&["CLIENT", "REPLY", "OFF"]),
        encode(&["AUTH", "other", PASSWORD]),
        encode(&["GET", "key"]),
    ];
    client.send(&input.concat()).await;
    assert_eq!(client.rest().await, "");
    world.end().await;
}

#[tokio::test]
async fn refused_logins_are_answered_by_their_errors_however_many_are_sent_at_once() {
    let Some(world) = World::new().await else { return };
    let mut alice = world.client("alice").await;
    let refused = "-ERR AUTH is refused: the certificate says that this is alice\r\n";
    let blocked = [
        encode(&["BLPOP", "list", "0"]),
        encode(&["AUTH", "x"]).repeat(1000),
        encode(&["ECHO", "end"]),
    ];
    alice.send(&blocked.concat()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut other = world.client("alice").await;
    assert_eq!(other.ask(&["RPUSH", "list", "item"]).await, ":1");
    alice.expect("*2\r\n$4\r\nlist\r\n$4\r\nitem\r\n").await;
    alice.expect(&refused.repeat(1000)).await;
    alice.expect("$3\r\nend\r\n").await;
    world.end().await;
}

#[tokio::test]
async fn users_whom_an_engine_knows_log_in_while_a_script_keeps_it_busy_and_end_the_script() {
    join_all(ENGINES.map(|engine| async move {
        let world = on_engine(engine).await;
        let mut victim = world.client("alice").await;
        let mut early = carol(&world).await;
        assert_eq!(victim.ask(&["PING"]).await, "+PONG");
        victim.send(&encode(&["EVAL", "while true do end", "0"])).await;
        // The engine says so 5 seconds after the script began, and nothing before.
        let answer = early.ask(&["PING"]).await;
        assert!(answer.starts_with("-BUSY "), "{engine}: {answer}");
        let mut bob = world.client("bob").await;
        let answer = bob.line().await;
        assert!(
            answer.starts_with("-BUSY a script or a function keeps"),
            "{engine}: {answer}"
        );
        let mut alice = world.client("alice").await;
        assert_eq!(alice.ask(&["RESET"]).await, "+RESET", "{engine}");
        let mut late = carol(&world).await;
        assert_eq!(late.ask(&["SCRIPT", "KILL"]).await, "+OK", "{engine}");
        let killed = victim.line().await;
        assert!(killed.starts_with("-ERR "), "{engine}: {killed}");
        let answer = alice.ask(&["SCRIPT", "KILL"]).await;
        assert!(answer.starts_with("-NOTBUSY "), "{engine}: {answer}");
        assert_eq!(alice.ask(&["ACL", "WHOAMI"]).await, "alice", "{engine}");
        assert_eq!(late.ask(&["ACL", "WHOAMI"]).await, "carol", "{engine}");
        let mut bob = world.client("bob").await;
        assert_eq!(bob.ask(&["PING"]).await, "+PONG", "{engine}");
        world.end().await;
    }))
    .await;
}
