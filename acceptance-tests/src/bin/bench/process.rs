//! Programs under measurement: started, watched through `/proc`, ended.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Failure;

/// A running program, ended on drop.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it, with its standard error in the file `log`.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Self, Failure> {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(log)?)
            .spawn()
            .map_err(|error| format!("{:?} does not start: {error}", command.get_program()))?;
        Ok(Self {
            child,
            log: log.to_owned(),
        })
    }

    /// Its standard output, once.
    pub(crate) fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// User and system time of the process and of its living descendants (nginx serves from one).
    pub(crate) fn cpu(&self) -> Result<Duration, Failure> {
        let mut ticks = 0;
        for (pid, parents) in family(self.child.id())? {
            let stat =
                Stat::of(pid).ok_or_else(|| format!("process {pid} of {parents} is gone{}", self.last_words()))?;
            ticks += stat.ticks;
        }
        Ok(from_ticks(ticks))
    }

    /// User and system time of the process alone: what it has started counts for itself.
    pub(crate) fn own_cpu(&self) -> Result<Duration, Failure> {
        let stat = Stat::of(self.child.id()).ok_or_else(|| format!("the process is gone{}", self.last_words()))?;
        Ok(from_ticks(stat.ticks))
    }

    /// Resident memory of the process now, in KiB.
    pub(crate) fn resident_kib(&self) -> Result<u64, Failure> {
        self.status("VmRSS:")
    }

    /// The most that it was, in KiB.
    pub(crate) fn peak_resident_kib(&self) -> Result<u64, Failure> {
        self.status("VmHWM:")
    }

    /// Fails with the end of its log when the process has ended.
    pub(crate) fn check(&mut self) -> Result<(), Failure> {
        match self.child.try_wait()? {
            Some(status) => Err(format!("the program ended with {status}{}", self.last_words()).into()),
            None => Ok(()),
        }
    }

    /// Waits until the process has used no CPU for a second: until its key pool is full.
    pub(crate) async fn wait_until_quiet(&mut self, at_most: Duration) -> Result<(), Failure> {
        let deadline = Instant::now() + at_most;
        let mut before = self.cpu()?;
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            self.check()?;
            let now = self.cpu()?;
            if now == before {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("the program was still busy after {at_most:?}").into());
            }
            before = now;
        }
    }

    /// The end of its log, as the rest of a sentence.
    pub(crate) fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        if lines.is_empty() {
            String::new()
        } else {
            format!("; it said: {}", lines[lines.len().saturating_sub(5)..].join("\n"))
        }
    }

    fn status(&self, field: &str) -> Result<u64, Failure> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        status
            .lines()
            .find_map(|line| line.strip_prefix(field)?.trim().strip_suffix(" kB")?.parse().ok())
            .ok_or_else(|| format!("no {field} in /proc{}", self.last_words()).into())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // It may have ended by itself.
            let _ = kill_process(pid, Signal::TERM);
        }
        let deadline = Instant::now() + GRACE;
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// User and system time of all children of this process that have ended and were waited for.
pub(crate) fn cpu_of_ended_children() -> Result<Duration, Failure> {
    let stat = Stat::of(std::process::id()).ok_or("/proc/self/stat cannot be read")?;
    Ok(from_ticks(stat.ticks_of_ended_children))
}

struct Stat {
    parent: u32,
    ticks: u64,
    ticks_of_ended_children: u64,
}

impl Stat {
    /// proc(5): after the name in parentheses come the state, the parent, and from the 12th on the times.
    fn of(pid: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |place: usize| fields.get(place)?.parse::<u64>().ok();
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            ticks: number(11)? + number(12)?,
            ticks_of_ended_children: number(13)? + number(14)?,
        })
    }
}

/// The process and its descendants.
fn family(root: u32) -> Result<Vec<(u32, u32)>, Failure> {
    let mut others: Vec<(u32, u32)> = fs::read_dir("/proc")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, Stat::of(pid)?.parent)))
        .collect();
    let mut family = vec![(root, root)];
    let mut next = 0;
    while next < family.len() {
        let (parent, _) = family[next];
        family.extend(others.extract_if(.., |(_, parent_of_it)| *parent_of_it == parent));
        next += 1;
    }
    Ok(family)
}

fn from_ticks(ticks: u64) -> Duration {
    Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
}

/// USER_HZ, which is 100 on every Linux that Rust runs on. The kernel sums up nanoseconds and only shows ticks.
const TICKS_PER_SECOND: u64 = 100;
/// For a program to end in after SIGTERM.
const GRACE: Duration = Duration::from_secs(15);
