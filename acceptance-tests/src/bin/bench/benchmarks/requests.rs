//! CPU time of `whoami` in three servers: on a connection of its own, and on an open one.

use super::comparison::{AT_ONCE, CONNECTIONS, Kind, REQUESTS, ROUNDS, Servers};
use crate::client::KeyExchange;
use crate::report::Outcome;
use crate::servers::{Answer, nginx};
use crate::site::Key;
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
         the same on it: it alone is more than a quarter of nginx's whole, and what 0.35 would leave for everything else is \
         less than the kernel's part. The bare rustls server is at 0.55 there. A server certificate with an ECDSA key makes new \
         connections less than half as dear.",
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
