use super::world::{PASSWORD, TestClient, World, encode};

const REFUSED: &str = "-ERR AUTH is refused: the certificate says that this is alice\r\n";

/// The same at once, and octet by octet.
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
