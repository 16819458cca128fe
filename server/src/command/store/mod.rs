//! `certward-server store`: backup, restore and check.

mod text;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::text::{describe, describe_cleared, describe_data, refusal};
use super::signals::finish_or_stop;
use super::{Failure, output, system_user};
use crate::config::{CommandLine, Sources};
use certward_ravendb::rows::CertificateTables;
use certward_redis_enterprise::rows::ClusterTables;
use certward_redis_proxy::DataFiles;
use certward_store::audit;
use certward_store::backup::{self, Accepted, DatabaseFiles, Done, Made, Restored, Wanted};
use certward_system::clock::{Clock as _, SystemClock};

/// The commands about the store.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Copy the store into one file, also while the server runs.
    ///
    /// The file holds certificates, users, settings, audit records and the private keys of the cluster: keep it as safe as
    /// the store. The data of Redis databases is in it with --with-data alone.
    Backup {
        /// The file to make (0600). Its directory must be one that nobody else can write.
        file: PathBuf,
        /// Replace the file if there is one.
        #[arg(long)]
        overwrite: bool,
        /// Also copy the data of the Redis databases whose engines this server runs, as it is on the disk.
        #[arg(long)]
        with_data: bool,
        #[command(flatten)]
        location: Location,
    },
    /// Put a backup in the place of the store, while the server is stopped.
    ///
    /// The present store is moved aside and never deleted, and so is the data of each database that is in the backup. What
    /// was deleted or lowered after the backup is listed, and the restore refused (exit code 1), unless one of the options
    /// says what to do with it. The restore is an audit record.
    Restore {
        /// A file that `store backup` has made.
        file: PathBuf,
        /// Certificates and users that were deleted after the backup stay deleted. Recommended.
        #[arg(long)]
        keep_deleted: bool,
        /// Let come back what was deleted, lowered or changed after the backup, also when that cannot be known.
        #[arg(long)]
        accept_revived: bool,
        /// Restore the store alone, and leave the data of the Redis databases as it is.
        #[arg(long)]
        without_data: bool,
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
            with_data,
            location,
        } => {
            let data_dir = location.data_dir()?;
            let target = file.clone();
            let now = SystemClock.now();
            let data = with_data.then(|| data_of(&data_dir));
            let made = run(async move { backup::make(&data_dir, &target, overwrite, data, now).await })?;
            let Made { manifest, cleared } = made;
            let mut lines = vec![format!("{}: {}", file.display(), describe(&manifest))];
            let (omitted, saved): (Vec<_>, Vec<_>) = manifest
                .data
                .iter()
                .flatten()
                .partition(|database| database.omitted.is_some());
            lines.extend(saved.into_iter().map(describe_data));
            lines.extend(describe_cleared(&cleared));
            output::print(&lines.join("\n"))?;
            for database in &omitted {
                output::print_error(&format!("certward-server: {}", describe_data(database)));
            }
            if omitted.is_empty() {
                Ok(())
            } else {
                Err(Failure::Reported)
            }
        }
        Command::Restore {
            file,
            keep_deleted,
            accept_revived,
            without_data,
            location,
        } => {
            let accepted = Accepted {
                revived: accept_revived,
                keep_deleted,
            };
            restore(file, accepted, without_data, &location)
        }
        Command::Check { location } => {
            let data_dir = location.data_dir()?;
            let checked = run(async move { backup::check(&data_dir, &[&CertificateTables, &ClusterTables]).await })?;
            if checked.findings.is_empty() {
                return output::print(&format!("{}: no fault found", checked.summary));
            }
            output::print(&format!("{}\n{}", checked.summary, checked.findings.join("\n")))?;
            Err(Failure::Reported)
        }
    }
}

fn data_of(data_dir: &Path) -> Arc<dyn DatabaseFiles> {
    Arc::new(DataFiles::below(data_dir))
}

fn restore(file: PathBuf, accepted: Accepted, without_data: bool, location: &Location) -> Result<(), Failure> {
    let sources = location.sources()?;
    let data_dir = sources.data_dir().map_err(usage)?;
    let audit_folder = sources.audit_log_folder().map_err(usage)?;
    let now = SystemClock.now();
    let backup_file = file.clone();
    let wanted = Wanted {
        accepted,
        data: (!without_data).then(|| data_of(&data_dir)),
        by: system_user::actor(),
    };
    let Done {
        manifest,
        comparison,
        mut aside,
        suffix,
        data,
        cleared,
        exposed,
    } = match run(async move { backup::restore(&data_dir, &file, wanted, now).await })? {
        Restored::Done(done) => done,
        Restored::Refused { manifest, comparison } => {
            output::print_error(&refusal(&manifest, &comparison, accepted));
            return Err(Failure::Reported);
        }
    };
    if let Some(folder) = audit_folder {
        let last = manifest.audit_sequence;
        aside.extend(run(async move { audit::move_aside(&folder, last, &suffix).await })?);
    }
    let mut lines = vec![format!("restored: {}", describe(&manifest))];
    let saved = manifest.data.iter().flatten();
    lines.extend(
        saved
            .filter(|database| data.contains(&database.uid) || (!without_data && database.omitted.is_some()))
            .map(|database| match database.omitted {
                Some(_) => format!("not restored: {}", describe_data(database)),
                None => format!("restored: {}", describe_data(database)),
            }),
    );
    lines.extend(aside.iter().map(|path| format!("moved aside: {}", path.display())));
    lines.extend(describe_cleared(&cleared));
    let deleted_again = comparison.deleted_again(accepted.keep_deleted);
    lines.extend(deleted_again.map(|difference| format!("deleted again: {}", difference.text)));
    let remaining = comparison.remaining(accepted.keep_deleted);
    lines.extend(remaining.map(|difference| format!("came back: {}", difference.text)));
    lines.extend(
        comparison
            .unknown
            .map(|reason| format!("not compared in full: {reason}")),
    );
    output::print(&lines.join("\n"))?;
    if let Some(mode) = exposed {
        output::print_error(&format!(
            "certward-server: warning: {} has mode {mode:04o}, so that others can read the private keys in it; chmod 600 it",
            backup_file.display()
        ));
    }
    Ok(())
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
