//! The resources of clients that have not been admitted.

use std::time::Duration;

use super::world::*;
use certward_redis_model::database::{PasswordDigest, TlsMode};
use certward_transport::listener::Limits;
use certward_transport::listener::identity_counts::IdentityKind;

/// Longer than [`brief`] allows.
const LONGER: Duration = Duration::from_millis(1500);

fn brief() -> Limits {
    Limits {
        header_timeout: Duration::from_secs(1),
        ..Limits::default()
    }
}

#[tokio::test]
async fn a_client_that_does_not_log_in_is_cut_and_one_that_does_may_idle() {
    let Some(world) = World::with(brief()).await else {
        return;
    };
    world
        .change(|database| {
            database.tls.mode = TlsMode::Disabled;
            database.default_user.is_enabled = true;
            database.default_user.password_hashes = vec![PasswordDigest::of(&PASSWORD.into())];
        })
        .await;
    let (mut silent, mut wrong) = (world.plain().await, world.plain().await);
    assert!(wrong.ask(&["AUTH", "wrong"]).await.starts_with("-WRONGPASS "));
    assert!(wrong.ask(&["AUTH", "carol", "wrong"]).await.starts_with("-WRONGPASS "));
    let (mut default, mut carol) = (world.plain().await, world.plain().await);
    assert_eq!(default.ask(&["AUTH", PASSWORD]).await, "+OK");
    assert_eq!(carol.ask(&["AUTH", "carol", PASSWORD]).await, "+OK");
    tokio::time::sleep(LONGER).await;
    assert_eq!(default.ask(&["PING"]).await, "+PONG");
    assert_eq!(carol.ask(&["PING"]).await, "+PONG");
    for stranger in [&mut silent, &mut wrong] {
        stranger.is_cut().await;
    }
    world.end().await;
}

#[tokio::test]
async fn a_client_that_has_reset_its_login_is_a_stranger_again() {
    let limits = Limits {
        unauthenticated_connections_of_address: 2,
        ..brief()
    };
    let Some(world) = World::with(limits).await else { return };
    world
        .change(|database| database.tls.enforce_client_authentication = false)
        .await;
    let mut former = Vec::new();
    for _ in 0..3 {
        let mut carol = world.connect(None).await;
        assert_eq!(carol.ask(&["AUTH", "carol", PASSWORD]).await, "+OK");
        former.push(carol);
    }
    let (mut idle, mut back) = (former.pop().unwrap(), former.pop().unwrap());
    let mut oldest = former.pop().unwrap();
    assert_eq!(oldest.ask(&["RESET"]).await, "+RESET");
    assert_eq!(back.ask(&["RESET"]).await, "+RESET");
    assert_eq!(idle.ask(&["RESET"]).await, "+RESET");
    oldest.is_cut().await;
    assert_eq!(back.ask(&["AUTH", "carol", PASSWORD]).await, "+OK");
    tokio::time::sleep(LONGER).await;
    assert_eq!(back.ask(&["PING"]).await, "+PONG");
    idle.is_cut().await;
    world.end().await;
}

/// Waits until so many connections are nobody's, anybody's, somebody's by certificate, and by password.
async fn counts_become(world: &World, expected: [u64; 4]) {
    let numbers = || {
        [
            IdentityKind::Unauthenticated,
            IdentityKind::Anonymous,
            IdentityKind::Certificate,
            IdentityKind::Password,
        ]
        .map(|kind| world.proxy.parts.counts.get(kind))
    };
    for _ in 0..100 {
        if numbers() == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(numbers(), expected);
}

#[tokio::test]
async fn connections_are_counted_by_what_let_them_in() {
    let Some(world) = World::new().await else { return };
    let mut alice = world.client("alice").await;
    assert_eq!(alice.ask(&["PING"]).await, "+PONG");
    counts_become(&world, [0, 0, 1, 0]).await;
    world
        .change(|database| {
            database.tls.mode = TlsMode::Disabled;
            database.default_user.is_enabled = true;
            database.default_user.password_hashes = vec![PasswordDigest::of(&PASSWORD.into())];
        })
        .await;
    let (mut silent, mut carol, mut default) = (world.plain().await, world.plain().await, world.plain().await);
    for client in [&mut silent, &mut carol, &mut default] {
        assert!(client.ask(&["PING"]).await.starts_with("-NOAUTH "));
    }
    assert_eq!(carol.ask(&["AUTH", "carol", PASSWORD]).await, "+OK");
    assert_eq!(default.ask(&["AUTH", PASSWORD]).await, "+OK");
    // Alice's connection is cut: the database speaks no TLS any more.
    counts_become(&world, [1, 0, 0, 2]).await;
    assert_eq!(carol.ask(&["RESET"]).await, "+RESET");
    counts_become(&world, [2, 0, 0, 1]).await;
    drop((silent, carol, default));
    world
        .change(|database| database.default_user.password_hashes.clear())
        .await;
    let mut anybody = world.plain().await;
    assert_eq!(anybody.ask(&["PING"]).await, "+PONG");
    counts_become(&world, [0, 1, 0, 0]).await;
    world.end().await;
}

#[tokio::test]
async fn a_client_with_a_users_certificate_or_of_an_open_database_may_idle() {
    let Some(world) = World::with(brief()).await else {
        return;
    };
    let mut alice = world.client("alice").await;
    tokio::time::sleep(LONGER).await;
    assert_eq!(alice.ask(&["PING"]).await, "+PONG");
    world
        .change(|database| {
            database.tls.mode = TlsMode::Disabled;
            database.default_user.is_enabled = true;
        })
        .await;
    let mut open = world.plain().await;
    tokio::time::sleep(LONGER).await;
    assert_eq!(open.ask(&["PING"]).await, "+PONG");
    world.end().await;
}

#[tokio::test]
async fn strangers_of_one_address_displace_each_other_and_nobody_who_is_known() {
    let limits = Limits {
        unauthenticated_connections_of_address: 2,
        ..Limits::default()
    };
    let Some(world) = World::with(limits).await else { return };
    let mut alice = world.client("alice").await;
    assert_eq!(alice.ask(&["PING"]).await, "+PONG");
    world
        .change(|database| database.tls.enforce_client_authentication = false)
        .await;
    let mut first = world.connect(None).await;
    assert!(first.ask(&["PING"]).await.starts_with("-NOAUTH "));
    let (mut second, mut third) = (world.connect(None).await, world.connect(None).await);
    first.is_cut().await;
    for stranger in [&mut second, &mut third] {
        assert!(stranger.ask(&["PING"]).await.starts_with("-NOAUTH "));
    }
    let mut bob = world.client("bob").await;
    assert_eq!(bob.ask(&["PING"]).await, "+PONG");
    assert_eq!(alice.ask(&["PING"]).await, "+PONG");
    world.end().await;
}

#[tokio::test]
async fn a_stranger_that_is_cut_ends_nobodys_script() {
    let limits = Limits {
        header_timeout: Duration::from_secs(1),
        ..Limits::default()
    };
    let Some(world) = World::with(limits).await else { return };
    world
        .change(|database| database.tls.enforce_client_authentication = false)
        .await;
    let mut alice = world.client("alice").await;
    let mut stranger = world.connect(None).await;
    // Longer than an engine waits before it calls a script slow, and than a cut waits before it ends scripts.
    let script = "redis.call('SET', 'kept', 1) local t = tonumber(redis.call('TIME')[1]) + 8 \
                  while tonumber(redis.call('TIME')[1]) < t do end return 1";
    alice.send(&encode(&["EVAL", script, "0"])).await;
    stranger.rest().await;
    alice.expect(":1\r\n").await;
    assert_eq!(alice.ask(&["GET", "kept"]).await, "1");
    world.end().await;
}
