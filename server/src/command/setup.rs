//! `certward-server setup`.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;

use super::signals::finish_or_stop;
use super::{Failure, output};
use crate::setup::{self, Host, Outcome, Plan};
use certward_certificates::issuer::KeyAlgorithm;
use certward_system::clock::SystemClock;
use certward_system::shell::ShellWord;

/// The flags of `setup`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Folder to write to; made when it is missing.
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Name or address by which clients reach the server, beside localhost; may be given several times. With one, the
    /// server listens on every address of the machine.
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<Host>,
    /// Port of RavenDB's API. Redis Enterprise's gets 9443, or 8443 when this is 9443.
    #[arg(long, value_name = "PORT", default_value_t = DEFAULT_PORT, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// Key of the administrator's certificate, and of those that the server generates: RSA_4096, RSA_3072, RSA_2048 or
    /// ECDSA_P256.
    #[arg(long, value_name = "ALGORITHM", default_value_t = KeyAlgorithm::default())]
    key_algorithm: KeyAlgorithm,
    /// Ask nothing, also on a terminal.
    #[arg(long)]
    non_interactive: bool,
}

/// Makes a new server in a folder. On a terminal it asks for the host names that no flag gave.
pub(super) fn setup(arguments: Arguments) -> Result<(), Failure> {
    let mut plan = Plan {
        folder: arguments.dir,
        hosts: arguments.hosts,
        port: arguments.port,
        key_algorithm: arguments.key_algorithm,
    };
    let may_ask = !arguments.non_interactive && std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if may_ask {
        ask(&mut plan)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::failed)?;
    let outcome = runtime.block_on(make(plan.clone()));
    // A key that is still being made is of no use to anybody.
    runtime.shutdown_background();
    output::print(&report(&plan, &outcome?))
}

/// Makes everything, or nothing when a signal asks to end: a setup that is stopped leaves no keys behind.
async fn make(plan: Plan) -> Result<Outcome, Failure> {
    let work = async move { setup::run(&plan, Arc::new(SystemClock)).await };
    finish_or_stop(work, "nothing was made").await
}

fn ask(plan: &mut Plan) -> Result<(), Failure> {
    while plan.hosts.is_empty() {
        let answer = question(
            "Names or addresses by which clients reach the server, separated by commas\n(empty: this machine only)",
        )?;
        let names = answer.split(',').map(str::trim).filter(|name| !name.is_empty());
        match names.map(str::parse).collect::<Result<Vec<Host>, _>>() {
            Ok(hosts) if hosts.is_empty() => break,
            Ok(hosts) => plan.hosts = hosts,
            Err(error) => output::print_error(&error.to_string()),
        }
    }
    loop {
        let answer = question(&format!("Port (empty: {})", plan.port))?;
        match answer.parse() {
            _ if answer.is_empty() => return Ok(()),
            Ok(0) | Err(_) => output::print_error("a port is a number from 1 to 65535"),
            Ok(port) => {
                plan.port = port;
                return Ok(());
            }
        }
    }
}

fn question(text: &str) -> Result<String, Failure> {
    let mut stderr = std::io::stderr();
    write!(stderr, "{text}: ")
        .and_then(|()| stderr.flush())
        .map_err(Failure::failed)?;
    let mut answer = String::new();
    match std::io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(Failure::failed)?
    {
        0 => Err(Failure::Usage(
            "the input ended before every question was answered; nothing was made".to_owned(),
        )),
        _ => Ok(answer.trim().to_owned()),
    }
}

fn report(plan: &Plan, outcome: &Outcome) -> String {
    let mut lines = vec![format!("Made for {}:", outcome.url)];
    lines.extend(outcome.files.iter().map(|file| format!("  {}", file.display())));
    lines.push(format!(
        "{} ({}) is registered as ClusterAdmin.",
        outcome.administrator, outcome.thumbprint
    ));
    if plan.redis_enterprise_port() != setup::REDIS_ENTERPRISE_PORT {
        lines.push(format!(
            "Redis Enterprise's API listens on port {} here, because RavenDB's has its usual port, {}.",
            plan.redis_enterprise_port(),
            plan.port
        ));
    }
    lines.push("ca.key signs server certificates and is not needed to run: keep it elsewhere.".to_owned());
    let settings = plan.folder.join(setup::SETTINGS_FILE);
    lines.push(format!(
        "Next: certward-server run --settings {}",
        ShellWord::of(&settings)
    ));
    lines.join("\n")
}

const DEFAULT_PORT: u16 = 8443;
