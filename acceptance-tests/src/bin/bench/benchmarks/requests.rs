//! CPU time of `whoami` in three servers: on a connection of its own, and on an open one.

use std::time::Duration;

use super::generate::POOL_SIZE;
use crate::client::{Client, KeyExchange, get};
use crate::report::{Outcome, median, readable};
use crate::servers::{Answer, LOG_LEVEL, Server, WHOAMI, certward, floor, nginx, register};
use crate::site::{Identity, Key, Site};
use crate::{Bench, Failure};

/// New connections.
pub(crate) async fn handshake(bench: &Bench) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    let site = bench
        .site
        .with_server_key(Key::EcdsaP256, &bench.work.path().join("site ECDSA"))?;
    let servers = Servers::start(bench, &site, Key::EcdsaP256, "handshake").await?;
    let what = "CPU of a new mTLS connection with `whoami`";
    let spread = servers
        .compare(&mut outcome, what, Kind::New, (Some(0.35), Some(1.6)))
        .await?;
    let pair = [&servers.certward, &servers.floor];
    let [ours, floor] = servers.measure(pair, KeyExchange::X25519MlKem768, Kind::New).await?;
    ours.against(
        &floor,
        &mut outcome,
        "the same with the hybrid key exchange X25519MLKEM768",
        None,
    );
    drop(servers);

    let servers = Servers::start(bench, &site, Key::Rsa2048, "handshake RSA client").await?;
    let what = "the same with an RSA-2048 client";
    servers
        .compare(&mut outcome, what, Kind::New, (Some(0.35), Some(1.6)))
        .await?;
    drop(servers);

    let rsa_4096 = bench
        .site
        .with_server_key(Key::Rsa4096, &bench.work.path().join("site RSA-4096"))?;
    for (site, name) in [(&bench.site, "RSA-2048"), (&rsa_4096, "RSA-4096")] {
        let servers = Servers::start(bench, site, Key::EcdsaP256, &format!("handshake {name}")).await?;
        let what = format!("the same with an {name} server certificate");
        servers
            .compare(&mut outcome, &what, Kind::New, (None, Some(1.6)))
            .await?;
    }
    outcome.note(format!(
        "TLS 1.3, full handshakes, {AT_ONCE} connections at a time, {ROUNDS} rounds of {CONNECTIONS} connections for each \
         server in turn; everywhere the same server certificate, CA and client (ECDSA P-256), where nothing else is said. \
         The key exchange is X25519, the best that OpenSSL 3.0 shares with rustls. nginx: one worker, `ssl_verify_client \
         on`, neither session cache nor tickets, `return 200` with the bytes of our answer. Bare rustls: \
         `acceptance-tests/src/bin/bench_floor.rs`, which checks the client's chain and answers those bytes without reading \
         the request. {spread}"
    ));
    outcome.note(
        "`certward-server setup` makes an RSA-2048 server certificate, because RavenDB's generation of client certificates \
         wants an RSA key. There the signature with that key is more than half of a handshake, and OpenSSL and AWS-LC spend \
         the same on it: it alone is about 0.35 of nginx's whole, so that no server can keep the goal of the lines above, as \
         the bare rustls server shows. A server certificate with an ECDSA key makes new connections three times as cheap.",
    );
    Ok(outcome)
}

/// Open connections.
pub(crate) async fn keep_alive(bench: &Bench) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    let servers = Servers::start(bench, &bench.site, Key::EcdsaP256, "keep-alive").await?;
    let body = servers.body(KeyExchange::X25519).await?;
    let from_file = nginx(bench, &bench.site, &body, Answer::File).await?;
    let mut spreads = String::new();
    for connections in [1, AT_ONCE] {
        let kind = Kind::KeepAlive { connections };
        let what = format!("CPU of a keep-alive `whoami`, connections: {connections}");
        let spread = servers
            .compare(&mut outcome, &what, kind, (Some(1.0), Some(3.0)))
            .await?;
        spreads.push_str(&format!("Connections: {connections}. {spread} "));
        let pair = [&servers.certward, &from_file];
        let [ours, theirs] = servers.measure(pair, KeyExchange::X25519, kind).await?;
        ours.against(&theirs, &mut outcome, &what, Some(1.0));
    }
    drop(servers);

    let kind = Kind::KeepAlive { connections: AT_ONCE };
    let servers = Servers::start_with(bench, &bench.site, Key::EcdsaP256, "keep-alive-log", "info").await?;
    let pair = [&servers.certward, &servers.floor];
    let [ours, floor] = servers.measure(pair, KeyExchange::X25519, kind).await?;
    ours.against(
        &floor,
        &mut outcome,
        &format!("the same with a log line each, connections: {AT_ONCE}"),
        None,
    );
    outcome.note(format!(
        "One request at a time on each connection, {ROUNDS} rounds of {REQUESTS} requests for each server in turn; servers \
         and certificates as for new connections; \"nginx, a file\" serves its answer as a static file, \"nginx\" has it in its \
         configuration (`return 200`) and reads nothing. With one connection every \
         request wakes the server up; with more, it often finds several at once. No server logs requests, but in the last \
         line ours does, as by default (`Certward.Log.Level=info`, to a file). {spreads}"
    ));
    Ok(outcome)
}

/// The servers with one client that all of them know.
struct Servers<'a> {
    site: &'a Site,
    identity: Identity,
    certward: Server,
    nginx: Server,
    floor: Server,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    New,
    /// On this many open connections.
    KeepAlive {
        connections: usize,
    },
}

/// CPU time of one request in each round.
struct Series {
    name: &'static str,
    rounds: Vec<Duration>,
}

impl<'a> Servers<'a> {
    async fn start(bench: &Bench, site: &'a Site, key: Key, name: &str) -> Result<Self, Failure> {
        Self::start_with(bench, site, key, name, "warn").await
    }

    async fn start_with(bench: &Bench, site: &'a Site, key: Key, name: &str, log_level: &str) -> Result<Self, Failure> {
        let identity = site.client("bench", key)?;
        let data = bench.work.path().join(name);
        let (certward, _) = certward(bench, site, &data, &[(POOL_SIZE, "0"), (LOG_LEVEL, log_level)]).await?;
        register(&site.administrator(certward.address)?, "bench", &identity).await?;
        let client = certward.client(site, &identity, KeyExchange::X25519)?;
        let body = client.once(&get(WHOAMI)).await?.expect_ok()?.body;
        Ok(Self {
            nginx: nginx(bench, site, &body, Answer::Configuration).await?,
            floor: floor(bench, site, &body)?,
            site,
            identity,
            certward,
        })
    }

    /// What our server answers.
    async fn body(&self, key_exchange: KeyExchange) -> Result<Vec<u8>, Failure> {
        let client = self.certward.client(self.site, &self.identity, key_exchange)?;
        Ok(client.once(&get(WHOAMI)).await?.expect_ok()?.body)
    }

    /// Ours against nginx and against bare rustls, with a goal for each; tells how far the rounds were apart.
    async fn compare(
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
    async fn measure<const N: usize>(
        &self,
        servers: [&Server; N],
        key_exchange: KeyExchange,
        kind: Kind,
    ) -> Result<[Series; N], Failure> {
        let whoami = get(WHOAMI);
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
                        client.new_connections(&whoami, count, AT_ONCE).await?;
                        (before, server.process.cpu()?)
                    }
                    Kind::KeepAlive { connections } => {
                        let mut connections = client.open(&whoami, connections).await?;
                        let before = server.process.cpu()?;
                        connections = Client::keep_alive(connections, &whoami, count).await?;
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

    fn against(&self, peer: &Self, outcome: &mut Outcome, what: &str, goal: Option<f64>) {
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
const AT_ONCE: usize = 8;
const ROUNDS: usize = 7;
const WARM_UP: usize = 200;
/// New connections a round.
const CONNECTIONS: usize = 600;
/// Requests a round on open connections.
const REQUESTS: usize = 40_000;
