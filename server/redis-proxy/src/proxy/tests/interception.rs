use std::sync::Arc;
use std::time::Duration;

use super::world::{PASSWORD, TestClient, World, encode};
use certward_redis_model::database::PasswordDigest;
use certward_redis_model::state::Change;

const REFUSED: &str = "-ERR AUTH is refused: the certificate says that this is alice\r\n";

/// The same at once, and byte by byte.
async fn check(world: &World, input: &[u8], expected: &str) {
    for pieces in [input.len(), 1] {
        let mut client = world.client("alice").await;
        for piece in input.chunks(pieces) {
            client.send(piece).await;
        }
        client.expect(expected).await;
        client.send(&encode(&["ECHO", "end"])).await;
        client.expect("$3\r\nend\r\n").await;
        if !expected.contains("subscribe") {
            assert_eq!(client.ask(&["ACL", "WHOAMI"]).await, "alice");
        }
    }
}

#[tokio::test]
async fn who_a_certificate_is_cannot_be_changed_by_a_password() {
    let Some(world) = World::new().await else { return };
    world.change(|database| database.default_user.is_enabled = true).await;
    for login in [
        encode(&["AUTH", "anything"]),
        encode(&["AUTH", "default", "anything"]),
        encode(&["auth", "carol", PASSWORD]),
        encode(&["HELLO", "3", "AUTH", "default", "anything"]),
        encode(&["hello", "2", "SETNAME", "me", "aUTH", "carol", PASSWORD]),
        b"AUTH default anything\r\n".to_vec(),
        b"  \"au\\x74h\" 'default' anything\n".to_vec(),
        encode(&["AUTH"]),
        // Engines end option words at a NUL.
        encode(&["HELLO", "3", "AUTH\0", "default", "anything"]),
        encode(&["HELLO", "3", "SETNAME", "me", "auth\0\0", "default", "anything"]),
    ] {
        let before = encode(&["SET", "key", "AUTH"]);
        let after = encode(&["GET", "key"]);
        let input = [before.as_slice(), &login, &after].concat();
        check(&world, &input, &format!("+OK\r\n{REFUSED}$4\r\nAUTH\r\n")).await;
    }
    world.end().await;
}

#[tokio::test]
async fn a_reset_leaves_the_user_who_it_is() {
    let Some(world) = World::new().await else { return };
    world.change(|database| database.default_user.is_enabled = true).await;
    check(&world, &encode(&["RESET"]), "+RESET\r\n").await;
    let input = [
        encode(&["SET", "key", "1"]),
        b"reset\r\n".to_vec(),
        encode(&["INCR", "key"]),
        encode(&["ReSeT"]),
        encode(&["INCR", "key"]),
    ];
    check(&world, &input.concat(), "+OK\r\n+RESET\r\n:2\r\n+RESET\r\n:3\r\n").await;
    let input = [encode(&["MULTI"]), encode(&["INCR", "key"]), encode(&["RESET"])];
    check(&world, &input.concat(), "+OK\r\n+QUEUED\r\n+RESET\r\n").await;
    world.end().await;
}

#[tokio::test]
async fn a_refusal_stands_in_its_place_in_every_mode_of_a_connection() {
    let Some(world) = World::new().await else { return };
    let auth = encode(&["AUTH", "default", "anything"]);
    let input = [
        encode(&["MULTI"]),
        auth.clone(),
        encode(&["PING"]),
        encode(&["DISCARD"]),
    ];
    check(&world, &input.concat(), &format!("+OK\r\n{REFUSED}+QUEUED\r\n+OK\r\n")).await;

    let mut client = world.client("alice").await;
    client
        .send(&[encode(&["SUBSCRIBE", "news"]), auth.clone(), encode(&["PING"])].concat())
        .await;
    client.expect("*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n").await;
    client.expect(REFUSED).await;
    client.expect("*2\r\n$4\r\npong\r\n$0\r\n\r\n").await;
    client.send(&encode(&["RESET"])).await;
    client.expect("+RESET\r\n").await;
    assert_eq!(client.ask(&["ACL", "WHOAMI"]).await, "alice");

    let mut client = world.client("alice").await;
    assert_eq!(client.ask(&["HELLO", "3"]).await, "%7");
    skip_hello(&mut client).await;
    client
        .send(&[encode(&["SUBSCRIBE", "news"]), auth.clone(), encode(&["PING"])].concat())
        .await;
    client.expect(">3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n").await;
    client.expect(REFUSED).await;
    client.expect("+PONG\r\n").await;

    let mut client = world.client("alice").await;
    let silent = [
        encode(&["CLIENT", "REPLY", "OFF"]),
        auth.clone(),
        encode(&["SET", "key", "silent"]),
    ];
    client.send(&silent.concat()).await;
    client
        .send(&[encode(&["CLIENT", "REPLY", "ON"]), auth, encode(&["GET", "key"])].concat())
        .await;
    client.expect(&format!("+OK\r\n{REFUSED}$6\r\nsilent\r\n")).await;
    world.end().await;
}

/// The seven members of the answer to `HELLO 3`; `modules` is an empty list.
async fn skip_hello(client: &mut TestClient) {
    loop {
        let line = client.line().await;
        if line == "*0" {
            return;
        }
    }
}

#[tokio::test]
async fn values_that_look_like_what_is_looked_for_go_through() {
    let Some(world) = World::new().await else { return };
    let mut client = world.client("alice").await;
    let value =
        "-ERR unknown command '0123456789abcdef0123456789abcdef', with args beginning with: \r\n+RESET\r\n+OK\r\n";
    assert_eq!(client.ask(&["SET", "key", value]).await, "+OK");
    let expected = format!("${}\r\n{value}\r\n", value.len());
    let input = [
        encode(&["AUTH", "x"]),
        encode(&["GET", "key"]),
        encode(&["RESET"]),
        encode(&["GET", "key"]),
    ];
    client.send(&input.concat()).await;
    client.expect(&format!("{REFUSED}{expected}+RESET\r\n{expected}")).await;
    world.end().await;
}

#[tokio::test]
async fn what_is_no_protocol_is_redis_to_refuse_and_the_end() {
    let Some(world) = World::new().await else { return };
    let mut client = world.client("alice").await;
    client
        .send(b"PING\r\n*1\r\nx\r\nAUTH default x\r\nSET key smuggled\r\n")
        .await;
    assert_eq!(
        client.rest().await,
        "+PONG\r\n-ERR Protocol error: expected '$', got 'x'\r\n"
    );
    world.eventually(&["EXISTS", "key"], ":0").await;
    world.end().await;
}

/// Redis 8.0 takes nearly every name with a NUL for the command before it, Redis 7.0 one in 200.
#[tokio::test]
async fn no_name_with_a_nul_makes_a_certificates_connection_somebody_elses() {
    let Some(world) = World::new().await else { return };
    world.change(|database| database.default_user.is_enabled = true).await;
    let mut client = world.client("bob").await;
    for number in 0..300 {
        let input = [
            encode(&[&format!("AUTH\0{number}"), "default", "anything"]),
            encode(&[&format!("RESET\0{number}")]),
            encode(&[&format!("HELLO\0{number}"), "3", "AUTH", "default", "anything"]),
            format!("\"AUTH\\x00{number}\" default anything\r\n").into_bytes(),
        ];
        client.send(&input.concat()).await;
        client
            .expect(&"-ERR AUTH is refused: the certificate says that this is bob\r\n".repeat(input.len()))
            .await;
    }
    assert_eq!(client.ask(&["ACL", "WHOAMI"]).await, "bob");
    assert!(client.ask(&["SET", "key", "x"]).await.starts_with("-NOPERM "));
    world.end().await;
}

#[tokio::test]
async fn nothing_of_an_inline_command_before_a_nul_reaches_the_engine() {
    let Some(world) = World::new().await else { return };
    for input in [
        &b"SET key smuggled\0\r\n"[..],
        b"SET key smuggled\0",
        b"\0SET key smuggled\r\n",
    ] {
        let mut client = world.client("alice").await;
        client.send(&[b"PING\r\n", input].concat()).await;
        assert_eq!(
            client.rest().await,
            "+PONG\r\n-ERR Protocol error: too big inline request\r\n"
        );
    }
    world.eventually(&["EXISTS", "key"], ":0").await;
    world.end().await;
}

/// Redis refuses `DISCARD` with an argument, and is in the transaction still.
#[tokio::test]
async fn who_a_connection_is_changes_only_when_the_engine_has_said_so() {
    let Some(world) = World::new().await else { return };
    world
        .change(|database| database.tls.enforce_client_authentication = false)
        .await;
    world.put(Change::PutUser(Arc::new(world.regular(5, "other", 1)))).await;
    let auth = encode(&["AUTH", "other", PASSWORD]);
    let refused = "-ERR AUTH is refused in a transaction, and from a subscription on until RESET\r\n";
    for (before, answers, after) in [
        (
            [encode(&["MULTI"]), encode(&["DISCARD", "x"])].concat(),
            "+OK\r\n-ERR wrong number of arguments for 'discard' command\r\n",
            Some(refused),
        ),
        (
            encode(&["HELLO", "9"]),
            "-NOPROTO unsupported protocol version\r\n",
            None,
        ),
    ] {
        let mut carol = world.connect(None).await;
        assert_eq!(carol.ask(&["AUTH", "carol", PASSWORD]).await, "+OK");
        carol.send(&before).await;
        carol.expect(answers).await;
        carol.send(&auth).await;
        carol.expect(after.unwrap_or("+OK\r\n")).await;
        if after.is_some() {
            assert_eq!(
                carol.ask(&["EXEC"]).await,
                "-EXECABORT Transaction discarded because of previous errors."
            );
            assert_eq!(carol.ask(&["ACL", "WHOAMI"]).await, "carol");
            // The connection is carol's, and ends with her.
            world.put(Change::PutUser(Arc::new(world.regular(3, "carol", 3)))).await;
            carol.is_cut().await;
            world.put(Change::PutUser(Arc::new(world.regular(3, "carol", 1)))).await;
        } else {
            assert_eq!(carol.ask(&["ACL", "WHOAMI"]).await, "other");
        }
    }
    world.end().await;
}

#[tokio::test]
async fn a_reset_behind_a_blocking_command_counts_when_the_engine_has_answered_it() {
    let Some(world) = World::new().await else { return };
    world
        .change(|database| database.tls.enforce_client_authentication = false)
        .await;
    let mut carol = world.connect(None).await;
    assert_eq!(carol.ask(&["AUTH", "carol", PASSWORD]).await, "+OK");
    let pipeline = [
        encode(&["BLPOP", "list", "0"]),
        encode(&["RESET"]),
        encode(&["SET", "after", "reset"]),
    ];
    carol.send(&pipeline.concat()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    world.put(Change::PutUser(Arc::new(world.regular(3, "carol", 3)))).await;
    carol.is_cut().await;
    world.eventually(&["EXISTS", "after"], ":0").await;
    world.eventually(&["RPUSH", "list", "item"], ":1").await;
    world.end().await;
}

#[tokio::test]
async fn a_client_that_goes_while_the_engine_is_asked_who_it_is_is_not_waited_for() {
    let Some(world) = World::new().await else { return };
    let mut client = world.client("alice").await;
    let pipeline = [encode(&["BLPOP", "list", "0"]), encode(&["RESET"]), encode(&["PING"])];
    client.send(&pipeline.concat()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(client);
    // The engine has let go of it: the item is nobody's.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut alice = world.client("alice").await;
    assert_eq!(alice.ask(&["RPUSH", "list", "item"]).await, ":1");
    assert_eq!(alice.ask(&["LLEN", "list"]).await, ":1");
    world.end().await;
}

#[tokio::test]
async fn a_login_whose_answers_are_off_is_carried_out_and_not_answered() {
    let Some(world) = World::new().await else { return };
    world
        .change(|database| database.tls.enforce_client_authentication = false)
        .await;
    world.put(Change::PutUser(Arc::new(world.regular(5, "other", 1)))).await;
    let mut client = world.connect(None).await;
    let input = [
        encode(&["AUTH", "carol", PASSWORD]),
        encode(&["CLIENT", "REPLY", "SKIP"]),
        encode(&["AUTH", "other", PASSWORD]),
        encode(&["ACL", "WHOAMI"]),
        encode(&["CLIENT", "REPLY", "OFF"]),
        encode(&["AUTH", "carol", PASSWORD]),
        encode(&["AUTH", "carol", "wrong"]),
        encode(&["SET", "key", "silent"]),
        encode(&["CLIENT", "REPLY", "ON"]),
        encode(&["ACL", "WHOAMI"]),
        encode(&["CLIENT", "REPLY", "OFF"]),
        encode(&["RESET"]),
        encode(&["PING"]),
    ];
    client.send(&input.concat()).await;
    client
        .expect("+OK\r\n$5\r\nother\r\n+OK\r\n$5\r\ncarol\r\n+RESET\r\n-NOAUTH Authentication required.\r\n")
        .await;
    world.end().await;
}

/// Valkey 9.1 answers otherwise before a login than the others.
#[tokio::test]
async fn passwords_and_resets_are_answered_alike_by_every_engine_while_the_default_user_is_off() {
    for engine in ["redis-7.0", "redis-8.0", "valkey-8.1", "valkey-9.1"] {
        let world = World::on_engine(engine).await;
        world
            .change(|database| database.tls.enforce_client_authentication = false)
            .await;
        let mut client = world.connect(None).await;
        for (command, answer) in [
            (vec!["GET", "key"], "-NOAUTH "),
            (vec!["AUTH", "carol", "wrong"], "-WRONGPASS "),
            (vec!["AUTH", "wrong"], "-WRONGPASS "),
            (vec!["AUTH"], "-ERR wrong number of arguments for 'auth' command"),
            (
                vec!["HELLO", "3", "AUTH", "a", "b", "AUTH", "c", "d"],
                "-ERR HELLO takes AUTH once",
            ),
            (vec!["RESET"], "+RESET"),
            (vec!["GET", "key"], "-NOAUTH "),
            (vec!["AUTH", "carol", PASSWORD], "+OK"),
            (vec!["ACL", "WHOAMI"], "carol"),
            (vec!["AUTH", "carol", "wrong"], "-WRONGPASS "),
            (vec!["ACL", "WHOAMI"], "carol"),
            (vec!["RESET"], "+RESET"),
            (vec!["GET", "key"], "-NOAUTH "),
            (vec!["RESET"], "+RESET"),
            (vec!["HELLO", "2", "AUTH", "carol", PASSWORD], "*14"),
        ] {
            let answered = client.ask(&command).await;
            assert!(
                answered.starts_with(answer),
                "{engine}: {command:?} is answered {answered}"
            );
        }
        world.end().await;
    }
}

/// Second line of defence, for logins that the scanner misses.
#[tokio::test]
async fn an_engine_lets_nobody_in_by_a_password_that_the_database_would_take() {
    let Some(world) = World::new().await else { return };
    world
        .change(|database| {
            database.tls.enforce_client_authentication = false;
            database.default_user.is_enabled = true;
            database.default_user.password_hashes = vec![PasswordDigest::of(&PASSWORD.into())];
        })
        .await;
    let mut client = world.connect(None).await;
    assert_eq!(client.ask(&["AUTH", PASSWORD]).await, "+OK");
    assert_eq!(client.ask(&["AUTH", "carol", PASSWORD]).await, "+OK");
    for name in ["default", "carol"] {
        let answer = world.ask_engine(&["AUTH", name, PASSWORD]).await;
        assert!(answer.starts_with("-WRONGPASS "), "{name}: {answer}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_password_is_refused_where_nobody_would_know_whose_the_connection_is() {
    let Some(world) = World::new().await else { return };
    world
        .change(|database| database.tls.enforce_client_authentication = false)
        .await;
    let mut client = world.connect(None).await;
    assert_eq!(client.ask(&["AUTH", "carol", PASSWORD]).await, "+OK");
    let auth = encode(&["AUTH", "carol", PASSWORD]);
    client
        .send(&[encode(&["MULTI"]), auth.clone(), encode(&["DISCARD"]), auth].concat())
        .await;
    client
        .expect(
            "+OK\r\n-ERR AUTH is refused in a transaction, and from a subscription on until RESET\r\n+OK\r\n+OK\r\n",
        )
        .await;
    world.end().await;
}

#[tokio::test]
async fn tracking_reaches_the_own_connection_and_no_other() {
    let Some(world) = World::new().await else { return };
    let refused = "-NOPERM CLIENT TRACKING with REDIRECT, BCAST or PREFIX is refused: it reaches other users\r\n";
    let mut other = world.client("bob").await;
    let number = other.ask(&["CLIENT", "ID"]).await;
    for command in [
        encode(&["CLIENT", "TRACKING", "ON", "REDIRECT", &number[1..]]),
        encode(&["client", "tracking", "on", "bcast"]),
        encode(&["CLIENT", "TRACKING", "ON", "NOLOOP", "PREFIX", "a", "BCAST"]),
        encode(&["CLIENT", "TRACKING", "ON", "BCAST\0x"]),
        b"client tracking on \"bca\\x73t\"\r\n".to_vec(),
    ] {
        check(
            &world,
            &[encode(&["PING"]), command].concat(),
            &format!("+PONG\r\n{refused}"),
        )
        .await;
    }
    let mut alice = world.client("alice").await;
    alice.send(&encode(&["HELLO", "3"])).await;
    alice.send(&encode(&["CLIENT", "TRACKING", "ON", "NOLOOP"])).await;
    alice.send(&encode(&["GET", "key"])).await;
    // It has no value, and is tracked from now on.
    while alice.line().await != "_" {}
    world.eventually(&["SET", "key", "1"], "+OK").await;
    alice.send(&encode(&["CLIENT", "SETNAME", "bcast"])).await;
    let mut received = String::new();
    while !received.contains("invalidate\r\n*1\r\n$3\r\nkey\r\n") {
        received.push_str(&alice.line().await);
        received.push_str("\r\n");
    }
    assert!(!received.contains("NOPERM"), "{received}");
    world.end().await;
}
