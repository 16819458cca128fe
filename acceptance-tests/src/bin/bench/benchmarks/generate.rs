//! `POST /admin/certificates` while the pool has keys: what a person or Terraform waits for.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::client::with_json;
use crate::report::{Outcome, median, readable};
use crate::servers::certward;
use crate::{Bench, Failure};

pub(crate) async fn run(bench: &Bench) -> Result<Outcome, Failure> {
    let data = bench.work.path().join("generate");
    let (mut server, _) = certward(bench, &bench.site, &data, &[(POOL_SIZE, &KEYS.to_string())]).await?;
    server.process.wait_until_quiet(FILL_DEADLINE).await?;

    let mut connection = bench.site.administrator(server.address)?.connect().await?;
    let mut times = Vec::new();
    for number in 0..KEYS {
        let definition = json!({
            "Name": format!("generated {number}"),
            "SecurityClearance": "ValidUser",
            "Permissions": {"Orders": "ReadWrite"},
            "Password": "a password for the PFX",
        });
        let request = with_json("POST", "/admin/certificates", &definition);
        let started = Instant::now();
        let answer = connection.exchange(&request).await?.expect_ok()?;
        times.push(started.elapsed());
        if !answer.body.starts_with(b"PK") {
            return Err("the answer is no zip".into());
        }
    }
    connection.close().await;

    let mut outcome = Outcome::default();
    let p50 = median(&times);
    outcome.limit(
        "generate a client certificate, RSA-4096, warm pool, p50",
        readable(p50),
        "< 10 ms",
        p50 < GOAL,
    );
    let slowest = times.iter().max().copied().unwrap_or_default();
    outcome.note(format!(
        "Waiting time of {KEYS} `POST /admin/certificates` one after the other on one connection, after the pool of {KEYS} \
         keys was full: the server signs with RSA-2048, derives the PKCS#12 keys of the given password, packs the zip, and \
         commits the entry and its audit record to disk (fsync) before it answers. Meanwhile its pool thread, of the lowest \
         priority, makes keys for those taken. Slowest: {}.",
        readable(slowest)
    ));
    Ok(outcome)
}

pub(super) const POOL_SIZE: &str = "Certward.ClientCertificate.KeyPoolSize";
pub(super) const FILL_DEADLINE: Duration = Duration::from_secs(600);
const KEYS: usize = 24;
const GOAL: Duration = Duration::from_millis(10);
