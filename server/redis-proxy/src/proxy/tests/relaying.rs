use std::time::Duration;

use super::world::{PATIENCE, World, encode};

#[tokio::test]
async fn a_hundred_megabytes_go_both_ways() {
    let Some(world) = World::new().await else { return };
    let mut client = world.client("alice").await;
    let value: Vec<u8> = (0..100_000_000_u32).map(|number| (number % 251) as u8).collect();
    client
        .send(format!("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n${}\r\n", value.len()).as_bytes())
        .await;
    client.send(&value).await;
    client.send(b"\r\n").await;
    client.expect("+OK\r\n").await;
    client.send(&encode(&["GET", "key"])).await;
    client.expect(&format!("${}\r\n", value.len())).await;
    let mut received = vec![0; value.len()];
    client.read(&mut received).await;
    assert!(received == value);
    client.expect("\r\n").await;
    assert_eq!(client.ask(&["PING"]).await, "+PONG");
    world.end().await;
}

#[tokio::test]
async fn ten_thousand_commands_at_once_are_answered_in_order() {
    let Some(world) = World::new().await else { return };
    let mut client = world.client("alice").await;
    let commands: Vec<u8> = (0..10_000)
        .flat_map(|number| encode(&["ECHO", &format!("{number:05}")]))
        .collect();
    client.send(&commands).await;
    for number in 0..10_000 {
        client.expect(&format!("$5\r\n{number:05}\r\n")).await;
    }
    world.end().await;
}

#[tokio::test]
async fn a_client_that_says_that_it_has_ended_gets_the_answers_to_what_it_sent() {
    let Some(world) = World::new().await else { return };
    let mut client = world.client("alice").await;
    client
        .send(&[encode(&["SET", "key", "value"]), encode(&["GET", "key"])].concat())
        .await;
    client.finish().await;
    assert_eq!(client.rest().await, "+OK\r\n$5\r\nvalue\r\n");
    world.end().await;
}

#[tokio::test]
async fn the_last_answer_of_redis_arrives_before_the_end() {
    let Some(world) = World::new().await else { return };
    let mut client = world.client("alice").await;
    client
        .send(&[encode(&["PING"]), encode(&["QUIT"]), encode(&["PING"])].concat())
        .await;
    assert_eq!(client.rest().await, "+PONG\r\n+OK\r\n");
    world.end().await;
}

#[tokio::test]
async fn connections_end_when_the_server_stops() {
    let Some(world) = World::new().await else { return };
    let mut idle = world.client("alice").await;
    assert_eq!(idle.ask(&["PING"]).await, "+PONG");
    let mut blocked = world.client("alice").await;
    blocked.send(&encode(&["BLPOP", "list", "0"])).await;
    world.stop.cancel();
    assert_eq!(idle.rest().await, "");
    assert_eq!(blocked.rest().await, "");
    world.end().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_costs_no_memory_here() {
    let Some(world) = World::new().await else { return };
    let mut client = world.client("alice").await;
    let value = "x".repeat(1_000_000);
    assert_eq!(client.ask(&["SET", "key", &value]).await, "+OK");
    let before = resident();
    client.send(&encode(&["GET", "key"]).repeat(200)).await;
    // As long as it takes to read what would be too much.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let grown = resident().saturating_sub(before);
    assert!(grown < 50_000_000, "{grown} bytes more");
    let mut received = vec![0; (1_000_000 + "$1000000\r\n\r\n".len()) * 200];
    tokio::time::timeout(PATIENCE, client.read(&mut received))
        .await
        .unwrap();
    world.end().await;
}

/// Bytes of this process that are in memory.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    let kilobytes: usize = line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1024
}
