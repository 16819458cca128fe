//! Load generators for the fronts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::process::Command;
use tokio::task::JoinSet;

use super::fronts::{Front, Fronts};
use crate::Failure;
use crate::client::{Client, KeyExchange};

/// Result of one run of `redis-benchmark`.
pub(super) struct Measured {
    /// Commands per second.
    pub(super) rate: f64,
    /// CPU time of the front per command.
    pub(super) cpu: Duration,
    /// Median latency of a GET.
    pub(super) p50: Duration,
}

/// SET and GET over so many connections with pipelines of that length.
pub(super) async fn get_and_set(
    fronts: &Fronts,
    front: &Front,
    connections: usize,
    pipeline: usize,
) -> Result<Measured, Failure> {
    let requests = match (connections, pipeline) {
        (1, 1) => 10_000,
        (_, 1) => 30_000,
        (1, _) => 80_000,
        _ => 240_000,
    };
    let before = front.process.own_cpu()?;
    let mut command = Command::new("redis-benchmark");
    command.args(["-h", "127.0.0.1", "-p", &front.address.port().to_string(), "--tls"]);
    command.arg("--cacert").arg(&fronts.ca);
    command.arg("--cert").arg(&fronts.certificate);
    command.arg("--key").arg(&fronts.key);
    command.args(["-c", &connections.to_string(), "-P", &pipeline.to_string()]);
    command.args(["-n", &requests.to_string(), "-t", "set,get", "--csv"]);
    let output = command.kill_on_drop(true).output().await?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let cpu = front.process.own_cpu()?.saturating_sub(before);
    let (set, get) = (row(&printed, "SET"), row(&printed, "GET"));
    let (Some(set), Some(get)) = (set, get) else {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("redis-benchmark through {}: {printed}{said}", front.name).into());
    };
    Ok(Measured {
        rate: 2.0 / (1.0 / set.rate + 1.0 / get.rate),
        cpu: cpu / (2 * requests),
        p50: get.p50,
    })
}

struct Row {
    rate: f64,
    p50: Duration,
}

/// A line of the table: name, rate, average, least, p50 and more, each in quotes; times in milliseconds.
fn row(printed: &str, name: &str) -> Option<Row> {
    let fields: Vec<&str> = printed
        .lines()
        .map(|line| line.split(',').map(|field| field.trim_matches('"')).collect::<Vec<_>>())
        .find(|fields| fields.first() == Some(&name))?;
    Some(Row {
        rate: fields.get(1)?.parse().ok()?,
        p50: Duration::from_secs_f64(fields.get(4)?.parse::<f64>().ok()? / 1000.0),
    })
}

/// New connections per second, with a login and a command each.
pub(super) async fn new_connections(fronts: &Fronts, front: &Front) -> Result<f64, Failure> {
    let client = Client::new(
        front.address,
        &fronts.ca_certificate,
        &fronts.identity,
        KeyExchange::X25519,
    )?;
    let (question, expected): (Arc<[u8]>, Arc<[u8]>) = match &front.password {
        None => (PING.into(), b"+PONG\r\n".as_slice().into()),
        Some(password) => {
            let login = format!(
                "*3\r\n$4\r\nAUTH\r\n$7\r\ndefault\r\n${}\r\n{password}\r\n",
                password.len()
            );
            let question = [login.as_bytes(), PING].concat();
            (question.into(), b"+OK\r\n+PONG\r\n".as_slice().into())
        }
    };
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (client, question, expected) = (client.clone(), Arc::clone(&question), Arc::clone(&expected));
        tasks.spawn(async move {
            for _ in 0..CONNECTIONS / AT_ONCE {
                let mut connection = client.connect().await?;
                connection.expect(&question, &expected).await?;
                connection.close().await;
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(CONNECTIONS as f64 / started.elapsed().as_secs_f64())
}

/// Connections that are opened at the same time.
pub(super) const AT_ONCE: usize = 8;
const CONNECTIONS: usize = 2400;
/// A command.
pub(super) const PING: &[u8] = b"*1\r\n$4\r\nPING\r\n";
