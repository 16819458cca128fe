//! Generated streams through the whole proxy, on each engine of the matrix: who a connection is decides what it can write.

use super::world::{TestClient, World, acl, encode};
use crate::resp::differential::generator::{Random, pieces, stream};

#[tokio::test]
async fn no_stream_makes_a_certificate_user_of_redis_7_0_somebody_else() {
    check("redis-7.0").await;
}

#[tokio::test]
async fn no_stream_makes_a_certificate_user_of_redis_8_0_somebody_else() {
    check("redis-8.0").await;
}

#[tokio::test]
async fn no_stream_makes_a_certificate_user_of_valkey_8_1_somebody_else() {
    check("valkey-8.1").await;
}

#[tokio::test]
async fn no_stream_makes_a_certificate_user_of_valkey_9_1_somebody_else() {
    check("valkey-9.1").await;
}

/// bob may write `app:…` alone; the default user, whom everybody can be who gets by the proxy, may write everything. Each
/// stream ends by writing elsewhere, in both forms of the protocol.
async fn check(engine: &str) {
    let world = World::on_engine(engine).await;
    world.change(|database| database.default_user.is_enabled = true).await;
    world.put(acl(2, "+@all ~app:* &*")).await;
    let streams = if std::env::var_os("CERTWARD_LONG_TESTS").is_some() {
        LONG
    } else {
        SHORT
    };
    let identity = world.ca.client("bob");
    let mut alice = world.client("alice").await;
    for seed in 0..streams {
        let mut random = Random::new(seed).naming_default();
        let mut items = stream(&mut random);
        items.extend([
            encode(&["EXEC"]),
            encode(&["SET", "secret", "array"]),
            b"\r\nSET secret inline\r\n".to_vec(),
            encode(&["SET", "secret", "array"]),
        ]);
        let bytes = items.concat();
        let mut bob = world.connect(Some(identity.clone())).await;
        send(&mut bob, &pieces(&bytes, &mut random)).await;
        let answer = bob.rest_bytes().await;
        let written = alice.ask(&["EXISTS", "secret"]).await;
        assert_eq!(
            written,
            ":0",
            "{engine}, seed {seed}: somebody else wrote for bob\n  stream: {}\n  answer: {}",
            bytes.escape_ascii(),
            answer.escape_ascii()
        );
    }
    world.end().await;
}

/// The proxy may end the connection at any time.
async fn send(client: &mut TestClient, pieces: &[&[u8]]) {
    // Pieces of the first bytes are enough: each is a record of TLS.
    let (first, rest) = pieces.split_at(pieces.len().min(20));
    for piece in first {
        if client.try_send(piece).await.is_err() {
            return;
        }
    }
    if client.try_send(&rest.concat()).await.is_ok() {
        let _ = client.try_finish().await;
    }
}

const SHORT: u64 = 300;
const LONG: u64 = 20_000;
