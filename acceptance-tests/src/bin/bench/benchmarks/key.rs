//! CPU time of an RSA-4096 key: the pool of the server against `openssl genrsa`.

use std::process::{Command, Stdio};
use std::time::Duration;

use super::generate::{FILL_DEADLINE, POOL_SIZE};
use crate::process::cpu_of_ended_children;
use crate::report::{Outcome, readable};
use crate::servers::certward;
use crate::{Bench, Failure};

pub(crate) async fn run(bench: &Bench) -> Result<Outcome, Failure> {
    let data = bench.work.path().join("key");
    let without_pool = {
        let (mut server, _) = certward(bench, &bench.site, &data, &[(POOL_SIZE, "0")]).await?;
        server.process.wait_until_quiet(FILL_DEADLINE).await?;
        server.process.cpu()?
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (mut server, _) = certward(bench, &bench.site, &data, &[(POOL_SIZE, &KEYS_A_ROUND.to_string())]).await?;
        server.process.wait_until_quiet(FILL_DEADLINE).await?;
        ours.push(server.process.cpu()?.saturating_sub(without_pool) / KEYS_A_ROUND);
        drop(server);
        for _ in 0..KEYS_A_ROUND {
            theirs.push(openssl_key()?);
        }
    }
    let (our_mean, their_mean) = (mean(&ours), mean(&theirs));
    let mut outcome = Outcome::default();
    outcome.ratio(
        "CPU of an RSA-4096 key, mean",
        our_mean,
        ("openssl genrsa", their_mean),
        Some(1.2),
    );
    let keys = ROUNDS * KEYS_A_ROUND;
    let spread = deviation(&theirs, their_mean);
    let error = spread / their_mean.as_secs_f64() / f64::from(keys).sqrt();
    outcome.note(format!(
        "{keys} keys each, in {ROUNDS} rounds of {KEYS_A_ROUND} that take turns. Ours: CPU time of a server while it fills a \
         pool of {KEYS_A_ROUND}, less that of a server without a pool; theirs: one `openssl genrsa 4096` a key. How long \
         a key takes is luck (the search for two primes): `openssl` took {} to {}, standard deviation {spread:.2} s; our \
         means of {KEYS_A_ROUND} ran from {} to {}. The standard error of each mean is about {:.0} %, so that of the ratio \
         about {:.0} %.",
        readable(least(&theirs)),
        readable(most(&theirs)),
        readable(least(&ours)),
        readable(most(&ours)),
        error * 100.0,
        error * 100.0 * 2_f64.sqrt(),
    ));
    Ok(outcome)
}

fn openssl_key() -> Result<Duration, Failure> {
    let before = cpu_of_ended_children()?;
    let status = Command::new("openssl")
        .args(["genrsa", "-out", "/dev/null", "4096"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    if !status.success() {
        return Err("openssl genrsa failed".into());
    }
    Ok(cpu_of_ended_children()?.saturating_sub(before))
}

fn mean(times: &[Duration]) -> Duration {
    times.iter().sum::<Duration>().div_f64(times.len() as f64)
}

/// The standard deviation, in seconds.
fn deviation(times: &[Duration], mean: Duration) -> f64 {
    let squares: f64 = times
        .iter()
        .map(|time| (time.as_secs_f64() - mean.as_secs_f64()).powi(2))
        .sum();
    (squares / times.len() as f64).sqrt()
}

fn least(times: &[Duration]) -> Duration {
    times.iter().min().copied().unwrap_or_default()
}

fn most(times: &[Duration]) -> Duration {
    times.iter().max().copied().unwrap_or_default()
}

const ROUNDS: u32 = 4;
const KEYS_A_ROUND: u32 = 16;
