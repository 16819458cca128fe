//! Redis Enterprise's API: a long list, and what a login by certificate costs.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::comparison::{AT_ONCE, CONNECTIONS, Kind, ROUNDS, Servers};
use super::generate::POOL_SIZE;
use crate::client::{Connection, get, with_json};
use crate::report::{Outcome, median, readable};
use crate::servers::{OWN_ROLE, redis_enterprise};
use crate::site::Key;
use crate::{Bench, Failure};

/// `GET /v1/users`.
pub(crate) async fn users(bench: &Bench) -> Result<Outcome, Failure> {
    let data = bench.work.path().join("users");
    let server = redis_enterprise(bench, &bench.site, &data, &[(POOL_SIZE, "0")]).await?;
    let mut connection = bench.site.administrator(server.address)?.connect().await?;
    let started = Instant::now();
    for number in 0..USERS {
        create_user(&mut connection, &format!("service-{number:05}")).await?;
    }
    let filling = started.elapsed();

    let question = get("/v1/users");
    let (mut times, mut bytes) = (Vec::new(), 0);
    let before = server.process.cpu()?;
    for _ in 0..LISTS {
        let started = Instant::now();
        let answer = connection.exchange(&question).await?.expect_ok()?;
        times.push(started.elapsed());
        bytes = answer.body.len();
        let listed: Vec<Value> = serde_json::from_slice(&answer.body)?;
        if listed.len() != USERS {
            return Err(format!("{} of {USERS} users are listed", listed.len()).into());
        }
    }
    let cpu = server.process.cpu()?.saturating_sub(before) / LISTS;
    connection.close().await;

    let mut outcome = Outcome::default();
    let p50 = median(&times);
    let what = "`GET /v1/users` with 10,000 users, p50";
    outcome.limit(what, readable(p50), "< 100 ms", p50 < LIST_GOAL);
    outcome.told("CPU of the server for it", readable(cpu));
    outcome.told(
        "`POST /v1/users`, mean of 10,000",
        readable(filling / u32::try_from(USERS)?),
    );
    outcome.note(format!(
        "Waiting time of {LISTS} requests one after the other on one connection, to the last byte of {bytes}; slowest {}. \
         All users are certificate users with a subject each; they are made one after the other, and each is committed to disk \
         with its audit record (fsync) before it is answered.",
        readable(times.iter().max().copied().unwrap_or_default())
    ));
    Ok(outcome)
}

/// A new connection with a certificate of the trusted CA, and its first request.
pub(crate) async fn login(bench: &Bench) -> Result<Outcome, Failure> {
    let site = bench
        .site
        .with_server_key(Key::EcdsaP256, &bench.work.path().join("site of logins"))?;
    let data = bench.work.path().join("logins");
    let server = redis_enterprise(bench, &site, &data, &[(POOL_SIZE, "0")]).await?;
    let mut administrator = site.administrator(server.address)?.connect().await?;
    let ca = std::fs::read_to_string(site.file("ca.crt"))?;
    let trusted = json!({ "name": "mtls_trusted_ca", "certificate": ca });
    change(&mut administrator, "PUT", "/v1/cluster/update_cert", &trusted).await?;
    let settings = json!({
        "mtls_certificate_authentication": true,
        "mtls_client_cert_subject_validation_type": "full_subject",
        "mtls_authorized_subjects": [{ "CN": "bench" }],
    });
    change(&mut administrator, "PUT", "/v1/cluster", &settings).await?;
    create_user(&mut administrator, "bench").await?;
    // As many others as a large team has.
    for number in 0..OTHER_USERS {
        create_user(&mut administrator, &format!("service-{number:05}")).await?;
    }
    administrator.close().await;

    let identity = site.client("bench", Key::EcdsaP256)?;
    let servers = Servers::beside(bench, &site, identity, OWN_ROLE, server).await?;
    let mut outcome = Outcome::default();
    let what = "CPU of a login by certificate on Redis Enterprise's API";
    let goals = (Some(0.4), Some(1.6));
    let spread = servers.compare(&mut outcome, what, Kind::New, goals).await?;
    outcome.note(format!(
        "A new connection each, its handshake, and one `GET {OWN_ROLE}`: our server checks the chain to `mtls_trusted_ca`, the \
         whole subject against the authorized ones, and finds the user by it among {} users. TLS 1.3, full handshakes, X25519, \
         server certificate, CA and client all ECDSA P-256, {AT_ONCE} connections at a time, {ROUNDS} rounds of {CONNECTIONS} \
         for each server in turn. The client comes back with one certificate, as a service does: ours finds its \
         chain once and remembers it with the CAs; to find it each time costs one more signature check (567 µs, 0.42 of nginx, \
         before that was remembered). nginx checks the chain (`ssl_verify_client on`) and answers the same bytes, as does bare \
         rustls. {spread}",
        OTHER_USERS + 1
    ));
    Ok(outcome)
}

/// A certificate user with the subject `CN=name` and the role Cluster Viewer.
async fn create_user(administrator: &mut Connection, name: &str) -> Result<(), Failure> {
    let user = json!({
        "name": name, "auth_method": "certificate", "certificate_subject_line": format!("CN={name}"), "role_uids": [3],
    });
    change(administrator, "POST", "/v1/users", &user).await
}

async fn change(administrator: &mut Connection, method: &str, path: &str, body: &Value) -> Result<(), Failure> {
    let answer = administrator.exchange(&with_json(method, path, body)).await?;
    answer.expect_ok().map(drop)
}

const USERS: usize = 10_000;
const LISTS: u32 = 20;
const LIST_GOAL: Duration = Duration::from_millis(100);
const OTHER_USERS: usize = 1000;
