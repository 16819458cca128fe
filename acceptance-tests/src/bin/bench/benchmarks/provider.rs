//! The provider from its start to the line that Terraform waits for.

use std::io::{BufRead as _, BufReader};
use std::process::Command;
use std::time::{Duration, Instant};

use rcgen::{KeyPair, PKCS_ECDSA_P521_SHA512};

use crate::process::Process;
use crate::report::{Outcome, mebibytes, median, readable};
use crate::site::client_parameters;
use crate::{Bench, Failure};

pub(crate) fn run(bench: &Bench) -> Result<Outcome, Failure> {
    // As Terraform makes it.
    let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512)?;
    let certificate = client_parameters("localhost").self_signed(&key)?.pem();
    let (mut times, mut sizes) = (Vec::new(), Vec::new());
    for _ in 0..=STARTS {
        let mut command = Command::new(bench.program("terraform-provider-certward"));
        command
            .env(
                "TF_PLUGIN_MAGIC_COOKIE",
                "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
            )
            .env("PLUGIN_PROTOCOL_VERSIONS", "5,6")
            .env("PLUGIN_CLIENT_CERT", &certificate);
        let started = Instant::now();
        let mut process = Process::start(&mut command, &bench.log("provider"))?;
        let stdout = process.stdout().ok_or("the provider has no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        times.push(started.elapsed());
        if !line.starts_with("1|6|") {
            return Err(format!("the provider does not invite: {line:?}{}", process.last_words()).into());
        }
        sizes.push(process.peak_resident_kib()?);
    }
    // The first brings the file into memory.
    let (time, size) = (median(&times[1..]), median(&sizes[1..]));
    let mut outcome = Outcome::default();
    outcome.limit(
        "provider: start to handshake line",
        readable(time),
        "≤ 10 ms",
        time <= TIME_GOAL,
    );
    outcome.limit(
        "provider: resident memory at that line",
        mebibytes(size),
        "≤ 12 MB",
        size <= SIZE_GOAL_KIB,
    );
    outcome.note(format!(
        "Median of {STARTS} starts with the environment that Terraform gives (an ECDSA P-521 client certificate); waiting time \
         from before the fork to the line, {} to {}. Memory is the highest resident size up to then (VmHWM).",
        readable(times[1..].iter().min().copied().unwrap_or_default()),
        readable(times[1..].iter().max().copied().unwrap_or_default()),
    ));
    Ok(outcome)
}

const STARTS: usize = 20;
const TIME_GOAL: Duration = Duration::from_millis(10);
/// 12 MB, in KiB.
const SIZE_GOAL_KIB: u64 = 12_000_000 / 1024;
