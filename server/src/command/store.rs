//! `certward-server store`: backup, restore and check.

use std::future::Future;
use std::path::PathBuf;

use super::signals::finish_or_stop;
use super::{Failure, output};
use crate::audit;
use crate::clock::{Clock as _, SystemClock};
use crate::config::{CommandLine, Sources};
use crate::store::backup::{self, Accepted, Comparison, Manifest, Restored};

/// The commands about the store.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Copy the store into one file, also while the server runs.
    ///
    /// The file holds certificates, users, settings, audit records and the private keys of the cluster: keep it as safe as
    /// the store. The data of Redis databases is not in it; docs/operations.md says how to copy that.
    Backup {
        /// The file to make (0600). Its directory must be one that nobody else can write.
        file: PathBuf,
        /// Replace the file if there is one.
        #[arg(long)]
        overwrite: bool,
        #[command(flatten)]
        location: Location,
    },
    /// Put a backup in the place of the store, while the server is stopped.
    ///
    /// The present store is moved aside and never deleted. What was deleted or lowered after the backup is listed, and the
    /// restore refused (exit code 1), unless one of the options says what to do with it.
    Restore {
        /// A file that `store backup` has made.
        file: PathBuf,
        /// Certificates and users that were deleted after the backup stay deleted. Recommended.
        #[arg(long)]
        keep_deleted: bool,
        /// Let come back what was deleted, lowered or changed after the backup, also when that cannot be known.
        #[arg(long)]
        accept_revived: bool,
        #[command(flatten)]
        location: Location,
    },
    /// Check the store, also while the server runs: a line for each fault, and exit code 1 if there is one.
    Check {
        #[command(flatten)]
        location: Location,
    },
}

/// Where the store is.
#[derive(Debug, clap::Args)]
pub(super) struct Location {
    /// Settings of the server; default: settings.json, if there is one.
    #[arg(long, value_name = "FILE")]
    settings: Option<String>,
    /// Folder of the store, instead of the one that the settings name.
    #[arg(long = "DataDir", value_name = "DIR")]
    data_dir: Option<String>,
}

impl Location {
    fn sources(&self) -> Result<Sources, Failure> {
        let options = [("--settings", &self.settings), ("--DataDir", &self.data_dir)];
        let arguments = options
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?)));
        Sources::of_process(&CommandLine::parse(arguments)).map_err(usage)
    }

    fn data_dir(&self) -> Result<PathBuf, Failure> {
        self.sources()?.data_dir().map_err(usage)
    }
}

fn usage(error: impl std::fmt::Display) -> Failure {
    Failure::Usage(error.to_string())
}

/// Runs one of the commands.
pub(super) fn perform(command: Command) -> Result<(), Failure> {
    match command {
        Command::Backup {
            file,
            overwrite,
            location,
        } => {
            let data_dir = location.data_dir()?;
            let target = file.clone();
            let now = SystemClock.now();
            let manifest = run(async move { backup::make(&data_dir, &target, overwrite, now).await })?;
            output::print(&format!("{}: {}", file.display(), describe(&manifest)))
        }
        Command::Restore {
            file,
            keep_deleted,
            accept_revived,
            location,
        } => restore(
            file,
            Accepted {
                revived: accept_revived,
                keep_deleted,
            },
            &location,
        ),
        Command::Check { location } => {
            let data_dir = location.data_dir()?;
            let checked = run(async move { backup::check(&data_dir).await })?;
            if checked.findings.is_empty() {
                return output::print(&format!("{}: no fault found", checked.summary));
            }
            output::print(&format!("{}\n{}", checked.summary, checked.findings.join("\n")))?;
            Err(Failure::Reported)
        }
    }
}

fn restore(file: PathBuf, accepted: Accepted, location: &Location) -> Result<(), Failure> {
    let sources = location.sources()?;
    let data_dir = sources.data_dir().map_err(usage)?;
    let audit_folder = sources.audit_log_folder().map_err(usage)?;
    let now = SystemClock.now();
    let (manifest, comparison, mut aside, suffix) =
        match run(async move { backup::restore(&data_dir, &file, accepted, now).await })? {
            Restored::Refused { manifest, comparison } => {
                output::print_error(&refusal(&manifest, &comparison, accepted));
                return Err(Failure::Reported);
            }
            Restored::Done {
                manifest,
                comparison,
                aside,
                suffix,
            } => (manifest, comparison, aside, suffix),
        };
    if let Some(folder) = audit_folder {
        let last = manifest.audit_sequence;
        aside.extend(run(async move { audit::move_aside(&folder, last, &suffix).await })?);
    }
    let mut lines = vec![format!("restored: {}", describe(&manifest))];
    lines.extend(aside.iter().map(|path| format!("moved aside: {}", path.display())));
    let remaining: Vec<&str> = comparison
        .remaining(accepted.keep_deleted)
        .map(|difference| &*difference.text)
        .collect();
    let deleted_again = comparison.differences.len() - remaining.len();
    if deleted_again > 0 {
        lines.push(format!("deleted again: {deleted_again} certificates and users"));
    }
    lines.extend(remaining.into_iter().map(|text| format!("came back: {text}")));
    lines.extend(
        comparison
            .unknown
            .map(|reason| format!("not compared in full: {reason}")),
    );
    output::print(&lines.join("\n"))
}

/// Why a restore was refused, and how to go on.
fn refusal(manifest: &Manifest, comparison: &Comparison, accepted: Accepted) -> String {
    let mut lines = vec![format!(
        "certward-server: nothing was restored. What was deleted or lowered after the backup, made at {}, would come back:",
        manifest.created_at
    )];
    let remaining = comparison.remaining(accepted.keep_deleted);
    lines.extend(remaining.map(|difference| format!("  {}", difference.text)));
    lines.extend(
        comparison
            .unknown
            .as_ref()
            .map(|reason| format!("  it cannot be known in full: {reason}")),
    );
    if !accepted.keep_deleted && comparison.remaining(false).count() > comparison.remaining(true).count() {
        lines.push(
            "Recommended: --keep-deleted, which leaves certificates and users deleted that were deleted after the backup."
                .to_owned(),
        );
    }
    if comparison.unknown.is_some() || comparison.remaining(true).next().is_some() {
        lines.push(
            "To let come back what --keep-deleted does not cover, add --accept-revived; then remove or lower it again."
                .to_owned(),
        );
    }
    lines.join("\n")
}

fn describe(manifest: &Manifest) -> String {
    format!(
        "store {}, write {}, audit record {}, {} certificates, {} users, {} databases, {} bytes, made at {}",
        manifest.store_id,
        manifest.generation,
        manifest.audit_sequence,
        manifest.certificates,
        manifest.users,
        manifest.databases,
        manifest.size,
        manifest.created_at
    )
}

/// Runs to the end, or until a signal asks to stop: then what was begun is removed.
fn run<T, E>(work: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, Failure>
where
    T: Send + 'static,
    E: std::error::Error + Send + Sync + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::failed)?;
    runtime.block_on(finish_or_stop(work, "nothing was made or restored"))
}
