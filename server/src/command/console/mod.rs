//! The console: an interactive session, or one command.

mod command;
mod line;
mod output;
mod perform;

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use super::Failure;
use super::channel::Channel;
use super::output::{print, print_error};
use crate::config::{self, CommandLine, Sources};
use command::{Command, UsageError};

/// Which server to talk to.
#[derive(Debug, clap::Args)]
pub(super) struct Server {
    /// The settings file of the server; default: settings.json in the working directory.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// The admin socket of the server, instead of the one in its DataDir.
    #[arg(long, value_name = "PATH", conflicts_with = "settings")]
    socket: Option<PathBuf>,
}

impl Server {
    fn channel(&self) -> Result<Channel, Failure> {
        let socket = match &self.socket {
            Some(socket) => socket.clone(),
            None => {
                let command_line = CommandLine::of_settings_file(self.settings.clone());
                let data_dir = Sources::of_process(&command_line).and_then(|sources| sources.data_dir());
                config::admin_socket(&data_dir.map_err(|mistakes| Failure::Usage(mistakes.to_string()))?)
            }
        };
        Ok(Channel::new(socket))
    }
}

/// Runs one command; `words` are its name and arguments.
pub(super) fn one_shot(server: &Server, words: &[String]) -> Result<(), Failure> {
    match Command::parse(words) {
        Err(error) => Err(Failure::Usage(error.to_string())),
        Ok(Command::Help) => print(&command::help()),
        Ok(Command::Quit) => Ok(()),
        Ok(Command::Ask(task)) => perform::perform(&server.channel()?, task, &mut print),
    }
}

/// Reads commands until `quit` or the end of the input. On a terminal with a prompt and a line editor; otherwise, so
/// that scripts can pipe commands in, line by line, and then any command that failed makes the exit code 1.
pub(super) fn interactive(server: &Server) -> Result<(), Failure> {
    let channel = server.channel()?;
    if std::io::stdin().is_terminal() {
        on_terminal(&channel)
    } else {
        from_pipe(&channel)
    }
}

fn on_terminal(channel: &Channel) -> Result<(), Failure> {
    // No history is kept in a file, and lines with passwords not even in memory.
    channel.check().map_err(Failure::failed)?;
    let mut editor = rustyline::DefaultEditor::new().map_err(Failure::failed)?;
    print(&greeting(channel.path()))?;
    loop {
        let line = match editor.readline(PROMPT) {
            Ok(line) => zeroize::Zeroizing::new(line),
            Err(rustyline::error::ReadlineError::Eof | rustyline::error::ReadlineError::Interrupted) => return Ok(()),
            Err(error) => return Err(Failure::failed(error)),
        };
        let (step, may_be_kept) = run_line(channel, &line);
        if may_be_kept {
            let _ = editor.add_history_entry(line.as_str());
        }
        match step {
            Step::Done | Step::Failed => {}
            Step::Quit => return Ok(()),
            Step::OutputClosed => return Err(Failure::OutputClosed),
        }
    }
}

fn from_pipe(channel: &Channel) -> Result<(), Failure> {
    let mut failed = false;
    for line in std::io::stdin().lock().lines() {
        let line = zeroize::Zeroizing::new(line.map_err(Failure::failed)?);
        match run_line(channel, &line).0 {
            Step::Done => {}
            Step::Failed => failed = true,
            Step::Quit => break,
            Step::OutputClosed => return Err(Failure::OutputClosed),
        }
    }
    if failed { Err(Failure::Reported) } else { Ok(()) }
}

enum Step {
    Done,
    Failed,
    Quit,
    /// Nobody reads the answers any more.
    OutputClosed,
}

impl Step {
    /// Says what failed.
    fn of(outcome: Result<(), Failure>) -> Self {
        match outcome {
            Ok(()) => Self::Done,
            Err(Failure::OutputClosed) => Self::OutputClosed,
            Err(failure) => {
                failure.report();
                Self::Failed
            }
        }
    }
}

/// Runs one line; also says whether the line is free of secrets.
fn run_line(channel: &Channel, line: &str) -> (Step, bool) {
    let command = line::split(line).map_err(|error| error.to_string()).and_then(|words| {
        if words.is_empty() {
            return Ok(None);
        }
        Command::parse(&words)
            .map(Some)
            .map_err(|error: UsageError| error.to_string())
    });
    match command {
        Err(problem) => {
            print_error(&problem);
            (Step::Failed, false)
        }
        Ok(None) => (Step::Done, false),
        Ok(Some(Command::Help)) => (Step::of(print(&command::help())), true),
        Ok(Some(Command::Quit)) => (Step::Quit, true),
        Ok(Some(Command::Ask(task))) => {
            let may_be_kept = !task.has_password();
            (Step::of(perform::perform(channel, task, &mut print)), may_be_kept)
        }
    }
}

fn greeting(socket: &Path) -> String {
    format!(
        "Console of the server at {}. Type help for the commands, quit to leave.",
        socket.display()
    )
}

const PROMPT: &str = "ravendb> ";
