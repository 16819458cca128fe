//! Answers that a client does not read.

use std::time::{Duration, Instant};

use super::world::{World, encode};

const VALUE: usize = 5 * 1024 * 1024;
/// The memory limit of the database, which also limits the engine's buffers for clients.
const MEMORY: u64 = 100 * 1024 * 1024;

/// The memory of this process, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[tokio::test]
async fn answers_that_nobody_reads_stay_bounded_in_the_engine_and_in_the_proxy() {
    let Some(world) = World::new().await else { return };
    world.change(|database| database.memory_size = MEMORY).await;
    let mut writer = world.client("alice").await;
    let value = "v".repeat(VALUE);
    assert_eq!(writer.ask(&["SET", "large", &value]).await, "+OK");
    drop(value);
    let connected = || async { world.info("connected_clients").await.parse::<u64>().unwrap() };
    let (others, before) = (connected().await, resident());
    let mut silent = Vec::new();
    for _ in 0..3 {
        let mut client = world.client("alice").await;
        let _ = client.try_send(&encode(&["GET", "large"]).repeat(300)).await;
        silent.push(client);
    }
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        // At its peak: a client that takes too much is gone before anybody else is answered.
        let peak: u64 = world.info("used_memory_peak").await.parse().unwrap();
        assert!(peak < 3 * MEMORY, "the engine has used {peak} bytes");
        let present = connected().await;
        if peak > MEMORY && present <= others {
            break;
        }
        assert!(
            Instant::now() < until,
            "{present} connections; at most {peak} bytes used"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 32 * 1024 * 1024, "the proxy keeps {grown} bytes");
    // Whoever reads is served as before.
    assert_eq!(writer.ask(&["STRLEN", "large"]).await, format!(":{VALUE}"));
    assert_eq!(writer.ask(&["GET", "large"]).await.len(), VALUE);
    drop(silent);
    world.end().await;
}
