//! Figures, kept as JSON from run to run, and the page made of them.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use certward_server::clock::{Clock as _, SystemClock};
use serde::{Deserialize, Serialize};

use crate::Failure;

/// Result of one benchmark.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// The day of the measurement and the version measured.
    pub(crate) when: String,
    pub(crate) rows: Vec<Row>,
    /// Method of the measurement and further observations, one paragraph each.
    pub(crate) notes: Vec<String>,
}

/// A line of the table.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    what: String,
    ours: String,
    peer: String,
    ratio: String,
    goal: String,
    /// None for a figure without a goal.
    met: Option<bool>,
}

impl Outcome {
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// A figure that must stay under `goal`.
    pub(crate) fn limit(&mut self, what: &str, ours: String, goal: &str, met: bool) {
        self.rows.push(Row {
            what: what.to_owned(),
            ours,
            peer: "–".to_owned(),
            ratio: "–".to_owned(),
            goal: goal.to_owned(),
            met: Some(met),
        });
    }

    /// A figure that is only told.
    pub(crate) fn told(&mut self, what: &str, ours: String) {
        let none = || "–".to_owned();
        self.rows.push(Row {
            what: what.to_owned(),
            ours,
            peer: none(),
            ratio: none(),
            goal: none(),
            met: None,
        });
    }

    /// Ours against a peer's; the ratio must be at most `goal`, where there is one.
    pub(crate) fn ratio(&mut self, what: &str, ours: Duration, peer: (&str, Duration), goal: Option<f64>) {
        self.measured_ratio(what, ours, peer, ours.as_secs_f64() / peer.1.as_secs_f64(), goal);
    }

    /// The same, with a ratio that was not made of these two figures but of each round's.
    pub(crate) fn measured_ratio(
        &mut self,
        what: &str,
        ours: Duration,
        peer: (&str, Duration),
        ratio: f64,
        goal: Option<f64>,
    ) {
        self.rows.push(Row {
            what: what.to_owned(),
            ours: readable(ours),
            peer: format!("{} ({})", readable(peer.1), peer.0),
            ratio: format!("{ratio:.2}"),
            goal: goal.map_or_else(|| "–".to_owned(), |goal| format!("≤ {goal}")),
            met: goal.map(|goal| ratio <= goal),
        });
    }

    /// Adds a rate per second, of this project and of a peer. The ratio, the median of the rounds, must be at least
    /// `goal`.
    pub(crate) fn rate(&mut self, what: &str, ours: f64, peer: (&str, f64), ratio: f64, goal: f64) {
        self.rows.push(Row {
            what: what.to_owned(),
            ours: format!("{ours:.0}/s"),
            peer: format!("{:.0}/s ({})", peer.1, peer.0),
            ratio: format!("{ratio:.2}"),
            goal: format!("≥ {goal}"),
            met: Some(ratio >= goal),
        });
    }

    pub(crate) fn print(&self, out: &mut impl std::io::Write) -> std::io::Result<()> {
        for row in &self.rows {
            writeln!(
                out,
                "    {}: {} | {} | {} | goal {} | {}",
                row.what,
                row.ours,
                row.peer,
                row.ratio,
                row.goal,
                row.verdict()
            )?;
        }
        Ok(())
    }

    /// Keeps it for the page.
    pub(crate) fn save(mut self, directory: &Path, name: &str) -> Result<(), Failure> {
        self.when = format!(
            "{}, {}",
            SystemClock.now().date(),
            first_line("git", &["rev-parse", "--short", "HEAD"])
        );
        fs::create_dir_all(directory)?;
        Ok(fs::write(
            directory.join(format!("{name}.json")),
            serde_json::to_vec_pretty(&self)?,
        )?)
    }
}

impl Row {
    fn verdict(&self) -> &'static str {
        match self.met {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "–",
        }
    }
}

/// Writes the page from what the benchmarks of these names and titles have kept.
pub(crate) fn write_page(page: &Path, kept: &Path, benchmarks: &[(&str, &str)]) -> Result<(), Failure> {
    let mut table =
        String::from("| what | Certward | peer | ratio | goal | met |\n| --- | --- | --- | --- | --- | --- |\n");
    let mut sections = String::new();
    for (name, title) in benchmarks {
        let Ok(text) = fs::read(kept.join(format!("{name}.json"))) else {
            continue;
        };
        let outcome: Outcome = serde_json::from_slice(&text)?;
        for row in &outcome.rows {
            let Row {
                what,
                ours,
                peer,
                ratio,
                goal,
                ..
            } = row;
            table.push_str(&format!(
                "| {what} | {ours} | {peer} | {ratio} | {goal} | {} |\n",
                row.verdict()
            ));
        }
        sections.push_str(&format!(
            "\n### {title}\n\n`tools/bench {name}`; measured {}.\n",
            outcome.when
        ));
        for note in &outcome.notes {
            sections.push_str(&format!("\n{note}\n"));
        }
    }
    let machine = machine();
    let text = format!(
        "# Benchmarks

`make bench` measures all of this and writes this page; `tools/bench NAME` measures one part again. Times of servers are
**CPU time** (user and system, of the process and its workers, from `/proc`), not waiting time, so that other work on the
machine disturbs them less; where two programs are compared they take turns (ours, peer, ours, peer …), and the figure is
the median of the rounds. Trust the ratios; the absolute figures belong to the machine. Everything runs on loopback with
release builds.

{table}
## The machine

{machine}
## How
{sections}"
    );
    Ok(fs::write(page, text)?)
}

/// The middle one; of an even number, the upper of the two.
pub(crate) fn median<T: PartialOrd + Copy>(values: &[T]) -> T {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    sorted[sorted.len() / 2]
}

/// Three digits and a unit.
pub(crate) fn readable(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let (value, unit) = match seconds {
        _ if seconds >= 1.0 => (seconds, "s"),
        _ if seconds >= 1e-3 => (seconds * 1e3, "ms"),
        _ => (seconds * 1e6, "µs"),
    };
    let decimals = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.decimals$} {unit}")
}

/// KiB as MiB.
pub(crate) fn mebibytes(kib: u64) -> String {
    format!("{:.1} MiB", kib as f64 / 1024.0)
}

fn machine() -> String {
    let value = |path: &str, field: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(field)).unwrap_or_default();
        line.split_once(':')
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = value("/proc/meminfo", "MemTotal")
        .trim_end_matches(" kB")
        .parse()
        .map_or_else(|_| String::new(), mebibytes);
    format!(
        "* {cores} cores ({model}), {memory}, Linux {kernel}; load average when this was written: {load}
* {rustc}; {nginx}; {openssl}; {terraform}
",
        model = value("/proc/cpuinfo", "model name"),
        kernel = fs::read_to_string("/proc/sys/kernel/osrelease")
            .unwrap_or_default()
            .trim(),
        load = fs::read_to_string("/proc/loadavg")
            .unwrap_or_default()
            .split(' ')
            .take(3)
            .collect::<Vec<_>>()
            .join(" "),
        rustc = first_line("rustc", &["--version"]),
        nginx = first_line("nginx", &["-v"]),
        openssl = first_line("openssl", &["version"]),
        terraform = first_line("terraform", &["version"]),
    )
}

/// The first line of a program's output about itself.
fn first_line(program: &str, arguments: &[&str]) -> String {
    let Ok(output) = Command::new(program)
        .args(arguments)
        .env("TF_CLI_CONFIG_FILE", "/dev/null")
        .output()
    else {
        return format!("no {program}");
    };
    let text = if output.stdout.is_empty() {
        output.stderr
    } else {
        output.stdout
    };
    String::from_utf8_lossy(&text)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}
