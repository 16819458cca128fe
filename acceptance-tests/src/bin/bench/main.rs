//! Measures Certward against its peers and writes `docs/benchmarks.md`. `tools/bench` starts it, from the repository's
//! root, on release builds.
//!
//! Everything runs on loopback and is bounded in count and time; every program that is started here is ended here.

mod benchmarks;
mod client;
mod process;
mod report;
mod servers;
mod site;

use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

use crate::site::Site;

/// A benchmark failed.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// Environment of every benchmark.
pub(crate) struct Bench {
    /// Directory of the release programs, this one included.
    programs: PathBuf,
    /// Removed at the end.
    pub(crate) work: TempDir,
    pub(crate) site: Site,
}

impl Bench {
    fn new() -> Result<Self, Failure> {
        let programs = std::env::current_exe()?
            .parent()
            .ok_or("this program lies nowhere")?
            .to_owned();
        let work = tempfile::Builder::new().prefix("certward-bench-").tempdir()?;
        let site = Site::set_up(&programs.join("certward-server"), &work.path().join("server"))?;
        Ok(Self { programs, work, site })
    }

    /// A release program of this workspace.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// Path of the log of a program with this name.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.work.path().join(format!("{name}.log"))
    }
}

/// One thread: the client must not crowd the servers out.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let outcome = tokio::select! {
        done = measure() => done,
        // What has been started ends with the futures that hold it.
        signal = stop_signal() => signal.and_then(|()| Err("stopped".into())),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn stop_signal() -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

async fn measure() -> Result<(), Failure> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let known: Vec<&str> = benchmarks::ALL.iter().map(|(name, _)| *name).collect();
    if let Some(unknown) = wanted.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("no benchmark {unknown}; there are: {}", known.join(", ")).into());
    }
    allow_many_files()?;

    let kept = Path::new("target/benchmarks");
    let mut out = std::io::stdout();
    let mut failed = Vec::new();
    let bench = Bench::new()?;
    for (name, title) in benchmarks::ALL {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == name) {
            continue;
        }
        writeln!(out, "==> {name}: {title}")?;
        let started = Instant::now();
        match benchmarks::run(name, &bench).await {
            Ok(outcome) => {
                outcome.print(&mut out)?;
                outcome.save(kept, name)?;
                writeln!(out, "    ({} s)", started.elapsed().as_secs())?;
            }
            Err(failure) => {
                writeln!(out, "    failed: {failure}")?;
                failed.push(*name);
            }
        }
    }
    report::write_page(Path::new("docs/benchmarks.md"), kept, benchmarks::ALL)?;
    writeln!(out, "==> Written: docs/benchmarks.md")?;
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("without a figure: {}", failed.join(", ")).into())
    }
}

/// Maximum number of files that a process may open.
pub(crate) fn open_files() -> usize {
    let limit = getrlimit(Resource::Nofile).maximum;
    limit
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(usize::MAX)
}

/// Thousands of connections need as many descriptors, here and in the servers, which inherit the limit.
fn allow_many_files() -> Result<(), Failure> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    Ok(setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    )?)
}
