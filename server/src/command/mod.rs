//! The program: its commands, and what each exit code means.
//!
//! | code | meaning |
//! | --- | --- |
//! | 0 | done; for `run`, stopped by SIGTERM or SIGINT |
//! | 1 | what was asked for failed, and standard error says why |
//! | 2 | the command line or the settings are wrong; nothing was opened, written or sent |
//! | 141 | whoever read standard output has gone (`\| head -1`), as for a program that SIGPIPE ends |

mod channel;
mod console;
mod hardening;
mod openapi;
mod output;
mod run;
mod setup;
mod signals;
mod store;
mod system_user;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use certward_pki::ErrorChain;
use clap::{Parser, Subcommand};

use certward_system::telemetry;

/// Runs the command that the arguments name, the program's own name first.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    hardening::harden();
    // An error means that a provider is installed already: the one of whoever embeds this.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let outcome = match CommandLine::try_parse_from(arguments) {
        Ok(CommandLine { command }) => perform(command),
        // Help and version are no faults; clap says which stream and exit code a message has.
        Err(message) => match message.print() {
            Ok(()) => return ExitCode::from(u8::try_from(message.exit_code()).unwrap_or(2)),
            Err(error) if !message.use_stderr() => Err(output::failed(error)),
            // Standard error takes nothing.
            Err(_) => Err(Failure::Usage(String::new())),
        },
    };
    let code = match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    };
    telemetry::flush_log(LOG_END);
    code
}

fn perform(command: Command) -> Result<(), Failure> {
    match command {
        Command::Setup(arguments) => setup::setup(arguments),
        Command::Run { arguments } => run::run(arguments),
        Command::Cli(server) => console::interactive(&server),
        Command::Admin { server, command } => console::one_shot(&server, &command),
        Command::Store { command } => store::perform(command),
        Command::Openapi { api } => openapi::print(api),
    }
}

/// Reference mTLS server for tests, CI and small installations: the certificate APIs of RavenDB and Redis Enterprise, and
/// Redis databases behind mutual TLS.
#[derive(Debug, Parser)]
#[command(name = "certward-server", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a CA, the server certificate, the first administrator's certificate and settings.json.
    Setup(setup::Arguments),
    /// Serve until SIGTERM or SIGINT.
    #[command(override_usage = "certward-server run [--settings FILE] [--Key=value]...")]
    Run {
        /// --settings FILE (default: settings.json, if there is one) and --Key=value for each setting; docs/settings.md
        /// lists the keys.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "SETTING")]
        arguments: Vec<String>,
    },
    /// Open the console of a running server.
    Cli(console::Server),
    /// Run one command of the console, such as: admin generateClientCert NAME FOLDER [PASSWORD].
    Admin {
        #[command(flatten)]
        server: console::Server,
        /// The command and its arguments; `help` lists them.
        #[arg(
            trailing_var_arg = true,
            allow_hyphen_values = true,
            required = true,
            value_name = "COMMAND"
        )]
        command: Vec<String>,
    },
    /// Back up, restore or check the store.
    Store {
        #[command(subcommand)]
        command: store::Command,
    },
    /// Print the OpenAPI document of an API that the server serves.
    Openapi {
        /// Which one.
        #[arg(value_enum, default_value = "ravendb")]
        api: openapi::Api,
    },
}

/// The reason that a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line or the settings are wrong.
    Usage(String),
    /// Something failed; the error's chain says what.
    Failed(Box<dyn std::error::Error + Send + Sync>),
    /// Something failed, and that has been said already.
    Reported,
    /// Whoever read standard output has gone.
    OutputClosed,
}

impl Failure {
    fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed(error.into())
    }

    fn report(self) -> ExitCode {
        match self {
            Self::Usage(problem) => {
                output::print_error(&format!("certward-server: {problem}"));
                ExitCode::from(2)
            }
            Self::Failed(error) => {
                output::print_error(&format!("certward-server: {}", ErrorChain::new(error.as_ref())));
                ExitCode::FAILURE
            }
            Self::Reported => ExitCode::FAILURE,
            Self::OutputClosed => ExitCode::from(SIGPIPE),
        }
    }
}

/// For a reader of the log who has fallen behind. One who has stopped reading is not waited for longer.
const LOG_END: Duration = Duration::from_millis(500);

/// The exit code of a program that SIGPIPE ended, as shells show it.
const SIGPIPE: u8 = 128 + 13;

/// An error of reading or writing `path`.
#[derive(Debug, thiserror::Error)]
#[error("{} could not be {done}", path.display())]
pub(crate) struct FileError {
    /// The file or folder.
    pub(crate) path: PathBuf,
    /// The operation that failed, as a participle: `written`.
    pub(crate) done: &'static str,
    /// The cause.
    #[source]
    pub(crate) source: std::io::Error,
}
