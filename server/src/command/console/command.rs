//! The commands of the console and their arguments (`docs/contracts/ravendb.md#console`).

use std::path::PathBuf;

use crate::command::channel::Secret;
use certward_system::suggestion;

/// A line that was understood.
#[derive(Debug)]
pub(super) enum Command {
    /// List the commands.
    Help,
    /// Leave.
    Quit,
    /// Something for the server.
    Ask(Task),
}

/// A task for the server.
#[derive(Debug)]
pub(super) enum Task {
    /// `generateClientCert`.
    Generate {
        name: String,
        folder: PathBuf,
        months: Option<u32>,
        password: Option<Secret>,
    },
    /// `trustClientCert`.
    TrustClient {
        name: String,
        pfx: PathBuf,
        password: Option<Secret>,
    },
    /// `trustServerCert`.
    TrustServer {
        name: String,
        pfx: PathBuf,
        password: Option<Secret>,
    },
    /// `replaceClusterCert`.
    Replace {
        pfx: PathBuf,
        password: Option<Secret>,
        immediately: bool,
    },
    /// `triggerCertificateRefresh`.
    Refresh,
}

impl Task {
    /// Returns `true` when the line has a password and must not be kept in the history.
    pub(super) fn has_password(&self) -> bool {
        match self {
            Self::Generate { password, .. }
            | Self::TrustClient { password, .. }
            | Self::TrustServer { password, .. }
            | Self::Replace { password, .. } => password.is_some(),
            Self::Refresh => false,
        }
    }
}

/// A line that was not understood.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum UsageError {
    /// No command has this name.
    #[error("{name:?} is no command{}; help lists them", suggestion::did_you_mean(*near))]
    UnknownCommand { name: String, near: Option<&'static str> },
    /// The arguments are wrong.
    #[error("{command}: {problem}\nusage: {usage}")]
    Arguments {
        command: &'static str,
        problem: String,
        usage: &'static str,
    },
}

impl Command {
    /// Reads a command's name, in any case, and its arguments.
    ///
    /// # Errors
    ///
    /// [`UsageError`] names the argument that is wrong, and says how the command is used. It shows no password.
    pub(super) fn parse(words: &[String]) -> Result<Self, UsageError> {
        let Some((name, arguments)) = words.split_first() else {
            return Ok(Self::Help);
        };
        let Some(definition) = COMMANDS
            .iter()
            .find(|definition| definition.name.eq_ignore_ascii_case(name))
        else {
            return Err(UsageError::UnknownCommand {
                name: name.clone(),
                near: suggestion::near(name, COMMANDS.iter().map(|definition| definition.name)),
            });
        };
        (definition.parse)(Arguments {
            words: arguments.to_vec(),
        })
        .map_err(|problem| UsageError::Arguments {
            command: definition.name,
            problem,
            usage: definition.usage,
        })
    }
}

/// The list of commands.
pub(super) fn help() -> String {
    let mut text = String::from("Commands:");
    for Definition { usage, meaning, .. } in COMMANDS {
        text.push_str(&format!("\n  {usage}\n      {meaning}"));
    }
    text.push_str("\nA name, path or password with blanks in it stands in double or single quotes.");
    text
}

struct Definition {
    name: &'static str,
    usage: &'static str,
    meaning: &'static str,
    parse: fn(Arguments) -> Result<Command, String>,
}

/// A command's arguments, taken one by one.
struct Arguments {
    words: Vec<String>,
}

impl Arguments {
    /// Takes a flag such as `-replaceImmediately` from wherever it stands.
    fn take_flag(&mut self, flag: &str) -> bool {
        let place = self
            .words
            .iter()
            .position(|word| word.trim_start_matches('-').eq_ignore_ascii_case(flag) && word.starts_with('-'));
        place.map(|place| self.words.remove(place)).is_some()
    }

    /// Takes an option with its value, `--months 3` or `--months=3`, from wherever it stands.
    fn take_option(&mut self, option: &str) -> Result<Option<String>, String> {
        let with_value = format!("{option}=");
        if let Some(place) = self.words.iter().position(|word| word.starts_with(&with_value)) {
            return Ok(Some(self.words.remove(place)[with_value.len()..].to_owned()));
        }
        let Some(place) = self.words.iter().position(|word| word == option) else {
            return Ok(None);
        };
        self.words.remove(place);
        if place == self.words.len() {
            return Err(format!("{option} has no value"));
        }
        Ok(Some(self.words.remove(place)))
    }

    /// Takes the next argument, which must not be blank.
    fn take(&mut self, argument: &str) -> Result<String, String> {
        if self.words.is_empty() {
            return Err(format!("<{argument}> is missing"));
        }
        let word = self.words.remove(0);
        if word.trim().is_empty() {
            return Err(format!("<{argument}> is blank"));
        }
        Ok(word)
    }

    /// Takes the last argument, if there is one more.
    fn take_password(&mut self) -> Option<Secret> {
        (!self.words.is_empty()).then(|| Secret::new(self.words.remove(0)))
    }

    /// Fails if words are left. They are not shown, because they may be a password.
    fn end(self) -> Result<(), String> {
        match self.words.len() {
            0 => Ok(()),
            count => Err(format!(
                "{count} more argument(s) than it takes; put one with blanks in it in quotes"
            )),
        }
    }
}

fn generate(mut arguments: Arguments) -> Result<Command, String> {
    let mut months = arguments.take_option("--months")?;
    let name = arguments.take("name")?;
    let folder = arguments.take("path-to-output-folder")?.into();
    // Of four arguments the third is the months, as on 7.2.7; of three it is the password, as on the vendor's page.
    if months.is_none() && arguments.words.len() == 2 {
        months = Some(arguments.words.remove(0));
    }
    let password = arguments.take_password();
    arguments.end()?;
    let months = months.map(|text| parse_months(&text)).transpose()?;
    Ok(Command::Ask(Task::Generate {
        name,
        folder,
        months,
        password,
    }))
}

fn parse_months(text: &str) -> Result<u32, String> {
    text.parse()
        .ok()
        .filter(|months| (1..=MAX_MONTHS).contains(months))
        .ok_or_else(|| format!("<number-of-months-until-expiration> must be a whole number from 1 to {MAX_MONTHS}"))
}

fn trust_client(mut arguments: Arguments) -> Result<Command, String> {
    let (name, pfx) = (arguments.take("name")?, arguments.take("path-to-pfx")?.into());
    let password = arguments.take_password();
    arguments.end()?;
    Ok(Command::Ask(Task::TrustClient { name, pfx, password }))
}

fn trust_server(mut arguments: Arguments) -> Result<Command, String> {
    let (name, pfx) = (arguments.take("name")?, arguments.take("path-to-pfx")?.into());
    let password = arguments.take_password();
    arguments.end()?;
    Ok(Command::Ask(Task::TrustServer { name, pfx, password }))
}

fn replace(mut arguments: Arguments) -> Result<Command, String> {
    let immediately = arguments.take_flag("replaceImmediately");
    let pfx = arguments.take("path-to-pfx")?.into();
    let password = arguments.take_password();
    arguments.end()?;
    Ok(Command::Ask(Task::Replace {
        pfx,
        password,
        immediately,
    }))
}

fn refresh(mut arguments: Arguments) -> Result<Command, String> {
    // The flag is the real console's; a file that is read is in force at once here.
    let _ = arguments.take_flag("replaceImmediately");
    arguments.end()?;
    Ok(Command::Ask(Task::Refresh))
}

const COMMANDS: &[Definition] = &[
    Definition {
        name: "generateClientCert",
        usage: "generateClientCert <name> <path-to-output-folder> [--months N] [password]\n         or: generateClientCert <name> <path-to-output-folder> <number-of-months-until-expiration> <password>",
        meaning: "Make a ClusterAdmin certificate and save it with its key as admin.client.certificate.<name>.zip.",
        parse: generate,
    },
    Definition {
        name: "trustClientCert",
        usage: "trustClientCert <name> <path-to-pfx> [password]",
        meaning: "Register your own client certificate as ClusterAdmin.",
        parse: trust_client,
    },
    Definition {
        name: "trustServerCert",
        usage: "trustServerCert <name> <path-to-pfx> [password]",
        meaning: "Register another server's certificate as ClusterNode.",
        parse: trust_server,
    },
    Definition {
        name: "replaceClusterCert",
        usage: "replaceClusterCert [-replaceImmediately] <path-to-pfx> [password]",
        meaning: "Replace the server certificate.",
        parse: replace,
    },
    Definition {
        name: "triggerCertificateRefresh",
        usage: "triggerCertificateRefresh [-replaceImmediately]",
        meaning: "Read the server certificate's file again.",
        parse: refresh,
    },
    Definition {
        name: "help",
        usage: "help",
        meaning: "List the commands.",
        parse: |_| Ok(Command::Help),
    },
    Definition {
        name: "quit",
        usage: "quit",
        meaning: "Leave the console.",
        parse: |_| Ok(Command::Quit),
    },
    Definition {
        name: "exit",
        usage: "exit",
        meaning: "Leave the console.",
        parse: |_| Ok(Command::Quit),
    },
];

/// A hundred years.
const MAX_MONTHS: u32 = 1200;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, UsageError> {
        Command::parse(&super::super::line::split(line).unwrap())
    }

    fn generated(line: &str) -> (String, PathBuf, Option<u32>, Option<String>) {
        match parse(line) {
            Ok(Command::Ask(Task::Generate {
                name,
                folder,
                months,
                password,
            })) => (
                name,
                folder,
                months,
                password.map(|password| password.expose().to_owned()),
            ),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn a_third_argument_alone_is_the_password_and_of_four_the_third_is_the_months() {
        for (line, months, password) in [
            ("generateClientCert ops /tmp", None, None),
            ("generateClientCert ops /tmp 12", None, Some("12")),
            ("generateClientCert ops /tmp 12 secret", Some(12), Some("secret")),
            ("generateClientCert ops /tmp --months 12", Some(12), None),
            (
                "generateclientcert --months=12 ops /tmp secret",
                Some(12),
                Some("secret"),
            ),
            ("generateClientCert ops /tmp 12 ''", Some(12), Some("")),
        ] {
            assert_eq!(
                generated(line),
                ("ops".into(), "/tmp".into(), months, password.map(str::to_owned)),
                "{line}"
            );
        }
    }

    #[test]
    fn each_wrong_line_is_answered_with_the_argument_and_the_usage() {
        for (line, problem) in [
            ("generateClientCert", "<name> is missing"),
            ("generateClientCert '' /tmp", "<name> is blank"),
            ("generateClientCert ops", "<path-to-output-folder> is missing"),
            (
                "generateClientCert ops /tmp 0 secret",
                "must be a whole number from 1 to 1200",
            ),
            ("generateClientCert ops /tmp --months", "--months has no value"),
            ("generateClientCert ops /tmp --months x", "must be a whole number"),
            ("generateClientCert ops /tmp 1 2 3", "2 more argument(s)"),
            ("trustClientCert ops", "<path-to-pfx> is missing"),
            ("trustServerCert", "<name> is missing"),
            ("replaceClusterCert -replaceImmediately", "<path-to-pfx> is missing"),
            ("triggerCertificateRefresh now", "1 more argument(s)"),
        ] {
            let text = parse(line).map(|_| ()).unwrap_err().to_string();
            assert!(text.contains(problem) && text.contains("usage: "), "{line}: {text}");
        }
    }

    #[test]
    fn a_password_that_is_too_much_is_not_shown() {
        let text = parse("trustClientCert ops a.pfx s3cr7t p@$$w0rd")
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(!text.contains("s3cr7t") && !text.contains("w0rd"), "{text}");
    }

    #[test]
    fn an_unknown_command_names_the_one_that_was_meant() {
        let text = parse("generateClientCerts a b").map(|_| ()).unwrap_err().to_string();
        assert!(text.contains("did you mean 'generateClientCert'?"), "{text}");
    }

    #[test]
    fn replace_takes_its_flag_before_or_after_the_file() {
        for line in [
            "replaceClusterCert -replaceImmediately a.pfx pw",
            "replaceClusterCert a.pfx pw --replaceImmediately",
        ] {
            let Ok(Command::Ask(Task::Replace {
                immediately, password, ..
            })) = parse(line)
            else {
                panic!("{line}")
            };
            assert!(immediately && password.is_some(), "{line}");
        }
    }
}
