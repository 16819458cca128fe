//! CPU time of one request in three servers that take turns: ours, nginx, and the bare rustls server.

use std::time::Duration;

use super::generate::POOL_SIZE;
use crate::client::{Client, KeyExchange, get};
use crate::report::{Outcome, median, readable};
use crate::servers::{Answer, LOG_LEVEL, Server, WHOAMI, certward, floor, nginx, register};
use crate::site::{Identity, Key, Site};
use crate::{Bench, Failure};

/// The servers with one client that all of them know, and what it asks of them.
pub(super) struct Servers<'a> {
    site: &'a Site,
    identity: Identity,
    path: &'static str,
    pub(super) certward: Server,
    pub(super) nginx: Server,
    pub(super) floor: Server,
}

/// The unit of a throughput: connections or requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    New,
    /// Requests on this many open connections.
    KeepAlive {
        connections: usize,
    },
}

/// CPU time of one request in each round.
pub(super) struct Series {
    name: &'static str,
    rounds: Vec<Duration>,
}

impl<'a> Servers<'a> {
    pub(super) async fn start(bench: &Bench, site: &'a Site, key: Key, name: &str) -> Result<Self, Failure> {
        Self::start_with(bench, site, key, name, "warn").await
    }

    pub(super) async fn start_with(
        bench: &Bench,
        site: &'a Site,
        key: Key,
        name: &str,
        log_level: &str,
    ) -> Result<Self, Failure> {
        let identity = site.client("bench", key)?;
        let data = bench.work.path().join(name);
        let (certward, _) = certward(bench, site, &data, &[(POOL_SIZE, "0"), (LOG_LEVEL, log_level)]).await?;
        register(&site.administrator(certward.address)?, "bench", &identity).await?;
        Self::beside(bench, site, identity, WHOAMI, certward).await
    }

    /// Ours with its peers, which answer `path` with the same bytes to the same client.
    pub(super) async fn beside(
        bench: &Bench,
        site: &'a Site,
        identity: Identity,
        path: &'static str,
        certward: Server,
    ) -> Result<Self, Failure> {
        let client = certward.client(site, &identity, KeyExchange::X25519)?;
        let body = client.once(&get(path)).await?.expect_ok()?.body;
        Ok(Self {
            nginx: nginx(bench, site, &body, Answer::Configuration).await?,
            floor: floor(bench, site, &body)?,
            site,
            identity,
            path,
            certward,
        })
    }

    /// The response body of this project's server.
    pub(super) async fn body(&self, key_exchange: KeyExchange) -> Result<Vec<u8>, Failure> {
        let client = self.certward.client(self.site, &self.identity, key_exchange)?;
        Ok(client.once(&get(self.path)).await?.expect_ok()?.body)
    }

    /// Compares the server with nginx and with bare rustls, with a goal for each, and reports the spread between
    /// rounds.
    pub(super) async fn compare(
        &self,
        outcome: &mut Outcome,
        what: &str,
        kind: Kind,
        goals: (Option<f64>, Option<f64>),
    ) -> Result<String, Failure> {
        let servers = [&self.certward, &self.nginx, &self.floor];
        let series = self.measure(servers, KeyExchange::X25519, kind).await?;
        let [ours, nginx, floor] = &series;
        ours.against(nginx, outcome, what, goals.0);
        ours.against(floor, outcome, what, goals.1);
        Ok(spread(&series))
    }

    /// Rounds in which the servers take turns; the first is not counted.
    pub(super) async fn measure<const N: usize>(
        &self,
        servers: [&Server; N],
        key_exchange: KeyExchange,
        kind: Kind,
    ) -> Result<[Series; N], Failure> {
        let question = get(self.path);
        let mut series = servers.map(|server| Series {
            name: server.name,
            rounds: Vec::new(),
        });
        for round in 0..=ROUNDS {
            for (server, series) in servers.iter().zip(&mut series) {
                let client = server.client(self.site, &self.identity, key_exchange)?;
                let count = if round == 0 { WARM_UP } else { kind.count() };
                let (before, after) = match kind {
                    Kind::New => {
                        let before = server.process.cpu()?;
                        client.new_connections(&question, count, AT_ONCE).await?;
                        (before, server.process.cpu()?)
                    }
                    Kind::KeepAlive { connections } => {
                        let mut connections = client.open(&question, connections).await?;
                        let before = server.process.cpu()?;
                        connections = Client::keep_alive(connections, &question, count).await?;
                        let after = server.process.cpu()?;
                        drop(connections);
                        (before, after)
                    }
                };
                if round > 0 {
                    series.rounds.push((after - before).div_f64(count as f64));
                }
            }
        }
        Ok(series)
    }
}

impl Kind {
    fn count(self) -> usize {
        match self {
            Self::New => CONNECTIONS,
            Self::KeepAlive { .. } => REQUESTS,
        }
    }
}

impl Series {
    fn cost(&self) -> Duration {
        median(&self.rounds)
    }

    pub(super) fn against(&self, peer: &Self, outcome: &mut Outcome, what: &str, goal: Option<f64>) {
        outcome.measured_ratio(what, self.cost(), (peer.name, peer.cost()), self.ratio(peer), goal);
    }

    /// The median of the ratios of each round, in which both met the same machine.
    fn ratio(&self, peer: &Self) -> f64 {
        let ratios: Vec<f64> = self
            .rounds
            .iter()
            .zip(&peer.rounds)
            .map(|(ours, theirs)| ours.as_secs_f64() / theirs.as_secs_f64())
            .collect();
        median(&ratios)
    }
}

/// From the cheapest to the dearest round of each.
fn spread(series: &[Series]) -> String {
    let ranges: Vec<String> = series
        .iter()
        .map(|Series { name, rounds }| {
            let least = rounds.iter().min().copied().unwrap_or_default();
            let most = rounds.iter().max().copied().unwrap_or_default();
            format!("{name} {} to {}", readable(least), readable(most))
        })
        .collect();
    format!("The rounds ran from: {}.", ranges.join(", "))
}

/// Connections under way at one time; the counts below are multiples of it.
pub(super) const AT_ONCE: usize = 8;
pub(super) const ROUNDS: usize = 7;
const WARM_UP: usize = 200;
/// New connections a round.
pub(super) const CONNECTIONS: usize = 600;
/// Requests a round on open connections.
pub(super) const REQUESTS: usize = 40_000;
