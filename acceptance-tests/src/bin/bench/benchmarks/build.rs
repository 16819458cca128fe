//! CPU time of `make quickstart` from an empty target directory.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::process::cpu_of_ended_children;
use crate::report::{Outcome, readable};
use crate::{Bench, Failure};

pub(crate) fn run(bench: &Bench) -> Result<Outcome, Failure> {
    let mut build = Command::new("cargo");
    build
        .args([
            "build",
            "--offline",
            "--package=certward-server",
            "--package=terraform-provider-certward",
            "--bins",
        ])
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_TARGET_DIR", bench.work.path().join("first-build"))
        .stderr(Stdio::null());
    let (before, started) = (cpu_of_ended_children()?, Instant::now());
    let status = build.status()?;
    if !status.success() {
        return Err("cargo build failed".into());
    }
    let cpu = cpu_of_ended_children()? - before;
    let mut outcome = Outcome::default();
    outcome.limit(
        "CPU of the first build of `make quickstart`",
        readable(cpu),
        "≤ 10 min",
        cpu <= GOAL,
    );
    outcome.note(format!(
        "`cargo build` of the server and the provider, unoptimised, with every dependency compiled and none downloaded: user and \
         system time of all compilers; {} on the clock.",
        readable(started.elapsed())
    ));
    Ok(outcome)
}

const GOAL: Duration = Duration::from_secs(600);
