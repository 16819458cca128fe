//! The persistence of data.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rustix::process::Signal;

use super::super::{Engine, EngineLogin};
use super::world::{ALWAYS, World, administer, ask, bulk, configuration, down, log_in, ready, refusal, root, signal};
use crate::resp::reply::Reply;
use certward_redis_model::database::{AofPolicy, EvictionPolicy, Persistence, SnapshotPolicy};

fn snapshot() -> Persistence {
    Persistence::Snapshot(vec![SnapshotPolicy {
        seconds: 3600.try_into().unwrap(),
        writes: 1.try_into().unwrap(),
    }])
}

async fn set(engine: &Engine, key: &str, value: &str) {
    let mut connection = log_in(engine, &EngineLogin::DefaultUser).await;
    ask(&mut connection, "SET", [key, value]).await.unwrap();
}

async fn get(engine: &Engine, key: &str) -> Reply {
    let mut connection = log_in(engine, &EngineLogin::DefaultUser).await;
    ask(&mut connection, "GET", [key]).await.unwrap()
}

async fn kept_over_a_stop(persistence: Persistence, expected: Reply) {
    let Some(world) = World::new().await else { return };
    let engine = world.engine(configuration(persistence.clone())).await;
    set(&engine, "a", "1").await;
    engine.stop().await;
    let engine = world.engine(configuration(persistence)).await;
    assert_eq!(get(&engine, "a").await, expected);
    engine.stop().await;
}

#[tokio::test]
async fn data_of_an_append_only_file_outlasts_a_stop() {
    kept_over_a_stop(ALWAYS, bulk("1")).await;
    kept_over_a_stop(Persistence::Aof(AofPolicy::EverySecond), bulk("1")).await;
}

#[tokio::test]
async fn data_of_a_snapshot_outlasts_a_stop() {
    kept_over_a_stop(snapshot(), bulk("1")).await;
}

#[tokio::test]
async fn data_without_persistence_ends_with_its_engine() {
    kept_over_a_stop(Persistence::Disabled, Reply::Nil).await;
}

#[tokio::test]
async fn no_acknowledged_write_is_lost_when_an_engine_that_always_appends_is_killed() {
    let Some(world) = World::new().await else { return };
    let rounds = if std::env::var_os("CERTWARD_LONG_TESTS").is_some() {
        50
    } else {
        3
    };
    let engine = world.engine(configuration(ALWAYS)).await;
    let acknowledged = Arc::new(AtomicI64::new(0));
    for round in 0..rounds {
        let mut connection = log_in(&engine, &EngineLogin::DefaultUser).await;
        let (counter, before) = (Arc::clone(&acknowledged), acknowledged.load(Ordering::SeqCst));
        let writer = tokio::spawn(async move {
            while let Ok(Reply::Integer(count)) = ask(&mut connection, "INCR", ["count"]).await {
                counter.store(count, Ordering::SeqCst);
            }
        });
        while acknowledged.load(Ordering::SeqCst) < before + 20 {
            tokio::task::yield_now().await;
        }
        signal(&engine, Signal::KILL).await;
        writer.await.unwrap();
        down(&engine).await;
        ready(&engine).await;
        let mut connection = log_in(&engine, &EngineLogin::DefaultUser).await;
        let Reply::Bulk(count) = ask(&mut connection, "GET", ["count"]).await.unwrap() else {
            panic!("round {round}: the count is gone");
        };
        let count: i64 = String::from_utf8(count).unwrap().parse().unwrap();
        let acknowledged = acknowledged.load(Ordering::SeqCst);
        assert!(count >= acknowledged, "round {round}: {count} of {acknowledged}");
    }
    engine.stop().await;
}

#[tokio::test]
async fn a_change_of_persistence_keeps_the_data_through_a_crash_right_after_it() {
    let Some(world) = World::new().await else { return };
    let engine = world.engine(configuration(snapshot())).await;
    set(&engine, "a", "1").await;
    for persistence in [ALWAYS, snapshot(), Persistence::Aof(AofPolicy::EverySecond), ALWAYS] {
        engine.configure(configuration(persistence.clone())).await.unwrap();
        signal(&engine, Signal::KILL).await;
        down(&engine).await;
        ready(&engine).await;
        assert_eq!(get(&engine, "a").await, bulk("1"), "{persistence:?}");
    }
    engine.configure(configuration(Persistence::Disabled)).await.unwrap();
    assert_eq!(
        get(&engine, "a").await,
        bulk("1"),
        "it is only its copy on the disk that goes"
    );
    engine.stop().await;
    let engine = world.engine(configuration(ALWAYS)).await;
    assert_eq!(get(&engine, "a").await, Reply::Nil, "nothing old comes back");
    engine.stop().await;
}

#[tokio::test]
async fn a_change_of_persistence_while_the_engine_is_down_keeps_the_data() {
    let Some(world) = World::new().await else { return };
    let engine = world.engine(configuration(snapshot())).await;
    set(&engine, "a", "1").await;
    engine.stop().await;
    for persistence in [ALWAYS, snapshot(), ALWAYS] {
        let engine = world.engine(configuration(persistence.clone())).await;
        assert_eq!(get(&engine, "a").await, bulk("1"), "{persistence:?}");
        signal(&engine, Signal::KILL).await;
        down(&engine).await;
        ready(&engine).await;
        assert_eq!(get(&engine, "a").await, bulk("1"), "{persistence:?}, after a crash");
        engine.stop().await;
    }
}

#[tokio::test]
async fn memory_and_eviction_are_as_configured_at_the_start_and_later() {
    let Some(world) = World::new().await else { return };
    let mut configuration = configuration(Persistence::Disabled);
    configuration.memory = 1;
    let engine = world.engine(configuration.clone()).await;
    let mut connection = log_in(&engine, &root()).await;
    assert!(refusal(ask(&mut connection, "SET", ["a", "1"]).await).starts_with("OOM"));
    configuration.memory = 64 * 1024 * 1024;
    configuration.eviction = EvictionPolicy::AllkeysLfu;
    engine.configure(configuration).await.unwrap();
    ask(&mut connection, "SET", ["a", "1"]).await.unwrap();
    let policy = administer(&engine, "CONFIG GET", ["maxmemory-policy"]).await.unwrap();
    assert_eq!(
        policy,
        Reply::Array(vec![bulk("maxmemory-policy"), bulk("allkeys-lfu")])
    );
    engine.flush().await.unwrap();
    assert_eq!(ask(&mut connection, "DBSIZE", []).await.unwrap(), Reply::Integer(0));
    engine.stop().await;
}
