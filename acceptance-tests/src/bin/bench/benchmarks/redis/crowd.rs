//! Many connections to a database at once: idle ones, and such as hold up what they can.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::fronts::{Front, Fronts};
use super::load::PING;
use super::{middle, ratio};
use crate::client::{Client, Connection, KeyExchange};
use crate::report::{Outcome, mebibytes};
use crate::{Bench, Failure, open_files};

/// Memory of the front under connections that do nothing.
pub(crate) async fn idle(bench: &Bench) -> Result<Outcome, Failure> {
    let fronts = Fronts::start(bench).await?;
    let front = &fronts.certward;
    let before = front.process.resident_kib()?;
    let client = client(&fronts, front)?;
    // Each takes two descriptors of the server's.
    let each = IDLE.min((open_files() - SPARE_FILES) / 2) / TASKS;
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let client = client.clone();
        let source = Ipv4Addr::new(127, 0, 0, 2 + u8::try_from(task % 4)?);
        tasks.spawn(async move {
            let mut connections = Vec::new();
            for _ in 0..each {
                let mut connection = client.connect_from(source).await?;
                connection.expect(PING, PONG).await?;
                connections.push(connection);
            }
            Ok::<_, Failure>(connections)
        });
    }
    let mut connections = Vec::new();
    while let Some(opened) = tasks.join_next().await {
        connections.extend(opened??);
    }
    tokio::time::sleep(SETTLE).await;
    let after = front.process.resident_kib()?;
    // All of them must still be there.
    for connection in connections.iter_mut().step_by(100) {
        connection.expect(PING, PONG).await?;
    }
    let one = after.saturating_sub(before) as f64 / connections.len() as f64;
    let all = before + (one * IDLE as f64) as u64;
    let mut outcome = Outcome::default();
    let what = "resident memory with 10,000 idle connections to a Redis database";
    outcome.limit(what, mebibytes(all), "≤ 640 MiB", all <= IDLE_GOAL_KIB);
    outcome.note(format!(
        "Every connection makes a full handshake with a client certificate, is logged in, sends one `PING`, and stays open; the \
         memory is VmRSS of the server {} s later, the engine's not counted. Without a connection it is {}; with {} of them, as \
         many as the machine's limit on open files allows, {}: {one:.1} KiB each, from which the figure for 10,000 is made.",
        SETTLE.as_secs(),
        mebibytes(before),
        connections.len(),
        mebibytes(after),
    ));
    Ok(outcome)
}

/// Latency of a client beside others that never finish their handshake, and others that hardly read.
pub(crate) async fn disturbance(bench: &Bench) -> Result<Outcome, Failure> {
    let fronts = Fronts::start(bench).await?;
    let client = client(&fronts, &fronts.certward)?;
    let mut good = client.connect().await?;
    let value = "v".repeat(LARGE);
    let set = format!("*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n${LARGE}\r\n{value}\r\n");
    good.expect(set.as_bytes(), b"+OK\r\n").await?;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let quiet = p99(&mut good).await?;
        let mut crowd = crowd(&client, &fronts.certward).await?;
        tokio::time::sleep(SETTLE).await;
        let disturbed = p99(&mut good).await?;
        if crowd.try_join_next().is_some() {
            return Err("some of the crowd have failed".into());
        }
        drop(crowd);
        // The first round warms them up.
        if round > 0 {
            alone.push(quiet);
            beside.push(disturbed);
        }
    }
    let ratio = ratio(&beside, &alone);
    let time = |seconds| Duration::from_secs_f64(middle(seconds));
    let mut outcome = Outcome::default();
    outcome.measured_ratio(
        "p99 of a `PING` beside 200 stalled handshakes and slow readers",
        time(beside),
        ("alone", time(alone)),
        ratio,
        Some(2.0),
    );
    outcome.note(format!(
        "One connection sends {REQUESTS} `PING`s, each when the last is answered, first alone and then beside {OF_EACH} \
         connections that have sent the first byte of a handshake and come back whenever they are closed, and {OF_EACH} that \
         ask for a value of {} and read {PIECE} bytes of it every {} ms. Median of {ROUNDS} rounds, and of their ratios. All of \
         these clients are one process, on the two cores that the server has too.",
        mebibytes(LARGE as u64 / 1024),
        PAUSE.as_millis(),
    ));
    Ok(outcome)
}

fn client(fronts: &Fronts, front: &Front) -> Result<Client, Failure> {
    Client::new(
        front.address,
        &fronts.ca_certificate,
        &fronts.identity,
        KeyExchange::X25519,
    )
}

/// Seconds of a `PING`.
async fn p99(connection: &mut Connection) -> Result<f64, Failure> {
    let mut times = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        let started = Instant::now();
        connection.expect(PING, PONG).await?;
        times.push(started.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(times[REQUESTS * 99 / 100])
}

/// Connections that hold up what they can, until this is dropped. A task ends only when its connection fails.
async fn crowd(client: &Client, front: &Front) -> Result<JoinSet<()>, Failure> {
    let mut crowd = JoinSet::new();
    let address = front.address;
    for _ in 0..OF_EACH {
        crowd.spawn(async move {
            loop {
                let Ok(mut stalled) = TcpStream::connect(address).await else {
                    break;
                };
                // The type of a record with a handshake, and no more.
                let _ = stalled.write_all(&[0x16]).await;
                let _ = stalled.read(&mut [0; 64]).await;
            }
        });
        let mut slow = client.connect().await?;
        crowd.spawn(async move {
            while slow.send(GET_LARGE).await.is_ok() {
                let mut left = LARGE;
                while left > 0 {
                    match slow.receive(PIECE).await {
                        Ok(count) if count > 0 => left = left.saturating_sub(count),
                        _ => return,
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        });
    }
    Ok(crowd)
}

const IDLE: usize = 10_000;
const TASKS: usize = 16;
const SETTLE: Duration = Duration::from_secs(3);
const IDLE_GOAL_KIB: u64 = 640 * 1024;
/// Open files of the server other than its connections.
const SPARE_FILES: usize = 200;
const ROUNDS: usize = 5;
const REQUESTS: usize = 10_000;
const OF_EACH: usize = 100;
/// Larger than all socket buffers on the path together.
const LARGE: usize = 16 * 1024 * 1024;
const PIECE: usize = 4096;
const PAUSE: Duration = Duration::from_millis(100);
const GET_LARGE: &[u8] = b"*2\r\n$3\r\nGET\r\n$5\r\nlarge\r\n";
const PONG: &[u8] = b"+PONG\r\n";
