//! Crashes of the engine, of the server, and of both.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use certward_acceptance_tests::programs::{installed, long_tests};
use certward_acceptance_tests::redis_database::{RedisDatabase, Session, request};
use serde_json::json;

#[derive(Debug, Clone, Copy)]
enum Crash {
    Engine,
    Server,
    Both,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_write_is_lost_when_the_engine_is_killed() {
    survive(Crash::Engine).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_write_is_lost_when_the_server_is_killed() {
    survive(Crash::Server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_write_is_lost_when_both_are_killed() {
    survive(Crash::Both).await;
}

/// Writes through the front to a database that appends each write to the disk, crash after crash.
async fn survive(crash: Crash) {
    if !installed("redis-server") {
        return;
    }
    let crashes = if long_tests() { 50 } else { 4 };
    let always = json!({ "data_persistence": "aof", "aof_policy": "appendfsync-always" });
    let mut database = RedisDatabase::start_with(&always).await;
    let mut admin = database.admin().await;
    database.create_user(&mut admin, "writer").await;
    let identity = database.team.ca.issue("writer");
    let mut acknowledged: HashMap<String, u64> = HashMap::new();
    let mut recoveries = Vec::new();
    for round in 0..crashes {
        let mut writers = Vec::new();
        for writer in 0..4 {
            let session = database.connect(&identity).await.unwrap();
            writers.push(tokio::spawn(write(session, format!("{round}:{writer}"))));
        }
        // A different moment of the stream each time.
        tokio::time::sleep(Duration::from_millis(30 + round * 7 % 40)).await;
        if !matches!(crash, Crash::Server) {
            database.team.server.kill_engines();
        }
        if !matches!(crash, Crash::Engine) {
            database.team.server.kill();
        }
        let crashed = Instant::now();
        for writer in writers {
            let (key, last) = writer.await.unwrap();
            acknowledged.insert(key, last);
        }
        if !matches!(crash, Crash::Engine) {
            database.team.server.run();
        }
        let mut session = database.answering(&identity).await;
        recoveries.push(crashed.elapsed());
        for (key, last) in &acknowledged {
            let kept = session.command(&["GET", key]).await.unwrap();
            let kept: u64 = kept
                .split("\r\n")
                .nth(1)
                .and_then(|number| number.parse().ok())
                .unwrap_or(0);
            assert!(
                kept >= *last,
                "{crash:?} {round}: {key} was acknowledged at {last} and is {kept}"
            );
        }
    }
    recoveries.sort();
    let total: u64 = acknowledged.values().sum();
    println!("{crashes} crashes ({crash:?}), {total} acknowledged writes, recoveries {recoveries:?}");
    // The middle one: a single slow start is the machine's, when it is busy with other tests.
    assert!(
        recoveries[recoveries.len() / 2] < Duration::from_secs(5),
        "recoveries {recoveries:?}"
    );
}

/// Counts a key up until the connection ends. Gives the last number that was acknowledged.
async fn write(mut session: Session, key: String) -> (String, u64) {
    let increment = request(&["INCR", &key]);
    let mut last = 0;
    loop {
        if session.send(&increment).await.is_err() {
            return (key, last);
        }
        match session.reply().await {
            Ok(reply) if reply.starts_with(b":") => {
                let number = String::from_utf8_lossy(&reply[1..reply.len() - 2]).into_owned();
                last = number.parse().expect("INCR answers a number");
            }
            // The crash came while it was asked.
            _ => return (key, last),
        }
    }
}
