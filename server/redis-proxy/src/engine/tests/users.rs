//! Identity and rights of connections.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::super::{EngineError, EngineLogin};
use super::world::{World, administer, ask, ask_on, bulk, configuration, log_in, refusal, root, stranger, user};
use crate::resp::reply::Reply;
use certward_redis_model::database::Persistence;

#[tokio::test]
async fn a_connection_is_the_user_it_is_logged_in_as_with_its_rules_and_no_others() {
    let Some(world) = World::new().await else { return };
    let engine = world.engine(configuration(Persistence::Disabled)).await;
    let mut alice = log_in(&engine, &user("alice", "~cache:* +get +set +acl|whoami", 1)).await;
    assert_eq!(ask(&mut alice, "ACL WHOAMI", []).await.unwrap(), bulk("alice"));
    ask(&mut alice, "SET", ["cache:1", "x"]).await.unwrap();
    assert!(refusal(ask(&mut alice, "SET", ["other", "x"]).await).starts_with("NOPERM"));
    assert!(refusal(ask(&mut alice, "FLUSHALL", []).await).starts_with("NOPERM"));

    let mut nobody = log_in(&engine, &EngineLogin::DefaultUser).await;
    assert_eq!(ask(&mut nobody, "ACL WHOAMI", []).await.unwrap(), bulk("default"));
    assert_eq!(ask(&mut nobody, "GET", ["cache:1"]).await.unwrap(), bulk("x"));
    assert_ne!(alice.client, nobody.client);
    engine.stop().await;
}

#[tokio::test]
async fn rules_are_replaced_as_a_whole_and_open_connections_follow_them() {
    let Some(world) = World::new().await else { return };
    let engine = world.engine(configuration(Persistence::Disabled)).await;
    let mut first = log_in(&engine, &user("alice", "~* +get +set", 1)).await;
    ask(&mut first, "SET", ["a", "1"]).await.unwrap();
    let mut second = log_in(&engine, &user("alice", "%R~a* +get", 2)).await;
    for connection in [&mut first, &mut second] {
        assert_eq!(ask(connection, "GET", ["a"]).await.unwrap(), bulk("1"));
        assert!(refusal(ask(connection, "SET", ["a", "2"]).await).starts_with("NOPERM"));
    }
    engine.stop().await;
}

#[tokio::test]
async fn a_login_from_an_older_state_of_the_cluster_does_not_bring_its_rules_back() {
    let Some(world) = World::new().await else { return };
    let engine = world.engine(configuration(Persistence::Disabled)).await;
    let mut newer = log_in(&engine, &user("alice", "~* +get", 7)).await;
    let older = engine.log_in(&user("alice", "~* +@all", 6)).await;
    assert!(matches!(older, Err(EngineError::Superseded)), "{older:?}");
    assert!(refusal(ask(&mut newer, "SET", ["a", "1"]).await).starts_with("NOPERM"));
    // What has not changed since is not older.
    log_in(&engine, &user("alice", "~* +get", 6)).await;

    engine.forget_user("alice").await;
    let older = engine.log_in(&user("alice", "~* +@all", 8)).await;
    assert!(older.is_ok(), "{older:?}");
    engine.stop().await;
}

#[tokio::test]
async fn a_forgotten_user_has_its_connections_ended_and_others_keep_theirs() {
    let Some(world) = World::new().await else { return };
    let engine = world.engine(configuration(Persistence::Disabled)).await;
    let mut alice = log_in(&engine, &user("alice", "~* +@all", 1)).await;
    let mut bob = log_in(&engine, &user("bob", "~* +@all", 1)).await;
    engine.forget_user("alice").await;
    assert_eq!(alice.stream.read(&mut [0; 1]).await.unwrap(), 0);
    ask(&mut bob, "PING", []).await.unwrap();
    log_in(&engine, &user("alice", "~* +@all", 2)).await;
    engine.stop().await;
}

#[tokio::test]
async fn what_waits_behind_a_blocked_command_is_dropped_when_the_connection_is_ended() {
    let Some(world) = World::new().await else { return };
    let engine = world.engine(configuration(Persistence::Disabled)).await;
    let mut alice = log_in(&engine, &user("alice", "~* +@all", 1)).await;
    let mut nobody = log_in(&engine, &root()).await;
    alice
        .stream
        .write_all(b"BLPOP queue 0\r\nSET executed yes\r\n")
        .await
        .unwrap();
    loop {
        let Reply::Bulk(list) = administer(&engine, "CLIENT LIST", []).await.unwrap() else {
            panic!("a list is text");
        };
        if String::from_utf8(list).unwrap().contains("cmd=blpop") {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert!(engine.end_client(alice.client).await);
    ask(&mut nobody, "RPUSH", ["queue", "x"]).await.unwrap();
    assert_eq!(alice.stream.read(&mut [0; 1]).await.unwrap(), 0);
    assert_eq!(
        ask(&mut nobody, "EXISTS", ["executed"]).await.unwrap(),
        Reply::Integer(0)
    );
    // It has ended: ending it again ends nobody else.
    assert!(engine.end_client(alice.client).await);
    ask(&mut nobody, "PING", []).await.unwrap();
    engine.stop().await;
}

#[tokio::test]
async fn names_that_stand_for_others_are_refused_and_wrong_rules_are_told() {
    let Some(world) = World::new().await else { return };
    let engine = world.engine(configuration(Persistence::Disabled)).await;
    for name in ["default", "certward", "a b"] {
        let refused = engine.log_in(&user(name, "~* +@all", 1)).await;
        assert!(
            matches!(refused, Err(EngineError::ReservedName { .. })),
            "{name}: {refused:?}"
        );
    }
    let refused = engine
        .log_in(&user("alice", "+@nothing", 1))
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("+@nothing"), "{refused}");
    for (rules, refused) in [
        ("~* +nosuchcommand", Some("+nosuchcommand")),
        ("~* +get -nosuchcommand", Some("-nosuchcommand")),
        ("~* +config|nosuch", Some("+config|nosuch")),
        ("~* (%R~a +get) (~b +nosuchcommand)", Some("+nosuchcommand")),
        ("~* +@all", None),
        ("~* (~b +get)", None),
    ] {
        let objection = engine.objections_to(&[&rules.parse().unwrap()]).await.pop().unwrap();
        match (&objection, refused) {
            (Some(objection), Some(rule)) => assert!(objection.contains(rule), "{rules}: {objection}"),
            (None, None) => {}
            _ => panic!("{rules}: {objection:?}"),
        }
    }

    let Reply::Array(users) = administer(&engine, "ACL USERS", []).await.unwrap() else {
        panic!("users are a list");
    };
    assert_eq!(
        users,
        [bulk("certward"), bulk("default")],
        "nothing is left of what was refused"
    );
    engine.stop().await;
}

/// Whatever slips by the proxy finds no password that works, and no user without one.
#[tokio::test]
async fn every_user_of_an_engine_has_only_a_secret_of_the_server() {
    let Some(world) = World::new().await else { return };
    let engine = world.engine(configuration(Persistence::Disabled)).await;
    for _ in 0..2 {
        let mut stranger = stranger(&engine).await;
        assert!(refusal(ask_on(&mut stranger, "PING", []).await).starts_with("NOAUTH"));
        for name in ["default", "certward", "alice", "root"] {
            for password in ["", "x", "default"] {
                let refused = refusal(ask_on(&mut stranger, "AUTH", [name, password]).await);
                assert!(refused.starts_with("WRONGPASS"), "{name}: {refused}");
            }
        }
        let refused = refusal(ask_on(&mut stranger, "HELLO", ["3", "AUTH", "default", "x"]).await);
        assert!(refused.starts_with("WRONGPASS"), "{refused}");
        ask_on(&mut stranger, "RESET", []).await.unwrap();
        assert!(refusal(ask_on(&mut stranger, "PING", []).await).starts_with("NOAUTH"));
        // And so it is once everybody has been let in.
        let mut default = log_in(&engine, &EngineLogin::DefaultUser).await;
        assert_eq!(ask(&mut default, "ACL WHOAMI", []).await.unwrap(), bulk("default"));
        log_in(&engine, &user("alice", "~* +@all", 1)).await;
        log_in(&engine, &root()).await;
        let Reply::Array(users) = administer(&engine, "ACL LIST", []).await.unwrap() else {
            panic!("users are a list");
        };
        assert_eq!(users.len(), 4);
        for line in users {
            assert!(!super::super::persistence::text(line).contains("nopass"));
        }
    }
    let mut nobody = log_in(&engine, &EngineLogin::Nobody).await;
    assert!(refusal(ask(&mut nobody, "PING", []).await).starts_with("NOAUTH"));
    engine.stop().await;
}

#[tokio::test]
async fn hundreds_log_in_at_once_as_one_user_and_as_many() {
    let Some(world) = World::new().await else { return };
    let engine = world.engine(configuration(Persistence::Disabled)).await;
    let logins = (0..600).map(|number| {
        let engine = Arc::clone(&engine);
        let name = if number % 2 == 0 {
            "alice".to_owned()
        } else {
            format!("user-{number}")
        };
        tokio::spawn(async move {
            let mut connection = engine.log_in(&user(&name, "~* +@all", 1)).await.unwrap();
            assert_eq!(ask(&mut connection, "ACL WHOAMI", []).await.unwrap(), bulk(&name));
        })
    });
    for login in logins.collect::<Vec<_>>() {
        login.await.unwrap();
    }
    engine.stop().await;
}
