//! Memory of the server under many connections that do nothing.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::task::JoinSet;

use super::generate::POOL_SIZE;
use crate::client::{Client, Connection, KeyExchange, get};
use crate::report::{Outcome, mebibytes};
use crate::servers::{WHOAMI, certward, register};
use crate::site::Key;
use crate::{Bench, Failure};

pub(crate) async fn run(bench: &Bench) -> Result<Outcome, Failure> {
    let (fresh, silent) = measure(bench, "idle-silent", false).await?;
    let (_, used) = measure(bench, "idle", true).await?;
    let mut outcome = Outcome::default();
    let what = "resident memory with 10,000 idle mTLS connections";
    outcome.limit(what, mebibytes(used), "≤ 400 MiB", used <= GOAL_KIB);
    outcome.told("the same, had none of them made a request", mebibytes(silent));
    outcome.note(format!(
        "Every connection presents a registered certificate, makes one `whoami` over HTTP/1.1, and stays open; the memory is \
         VmRSS of the server {} s later. Without a connection it is {}: {:.1} KiB a connection after a request, {:.1} KiB \
         after the handshake alone.",
        SETTLE.as_secs(),
        mebibytes(fresh),
        used.saturating_sub(fresh) as f64 / CONNECTIONS as f64,
        silent.saturating_sub(fresh) as f64 / CONNECTIONS as f64,
    ));
    Ok(outcome)
}

/// Memory before and with the connections, in KiB.
async fn measure(bench: &Bench, name: &str, with_request: bool) -> Result<(u64, u64), Failure> {
    let (mut server, _) = certward(bench, &bench.site, &bench.work.path().join(name), &[(POOL_SIZE, "0")]).await?;
    let identity = bench.site.client("idle", Key::EcdsaP256)?;
    register(&bench.site.administrator(server.address)?, "idle", &identity).await?;
    let before = server.process.resident_kib()?;
    let client = server.client(&bench.site, &identity, KeyExchange::X25519)?;

    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let client = client.clone();
        tasks.spawn(async move { open(&client, task, with_request).await });
    }
    let mut connections = Vec::new();
    while let Some(opened) = tasks.join_next().await {
        connections.extend(opened??);
    }
    tokio::time::sleep(SETTLE).await;
    server.process.check()?;
    let with_connections = server.process.resident_kib()?;
    // All of them must still be there.
    for connection in connections.iter_mut().step_by(100) {
        connection.exchange(&get(WHOAMI)).await?.expect_ok()?;
    }
    Ok((before, with_connections))
}

async fn open(client: &Client, task: u8, with_request: bool) -> Result<Vec<Connection>, Failure> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS / usize::from(TASKS) {
        let mut connection = client.connect_from(Ipv4Addr::new(127, 0, 0, 2 + task % 4)).await?;
        if with_request {
            connection.exchange(&get(WHOAMI)).await?.expect_ok()?;
        }
        connections.push(connection);
    }
    Ok(connections)
}

const CONNECTIONS: usize = 10_000;
const TASKS: u8 = 16;
const SETTLE: Duration = Duration::from_secs(3);
const GOAL_KIB: u64 = 400 * 1024;
