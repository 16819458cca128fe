//! Commands that change the identity of a connection, or that no client may send, parsed as engines do.

use zeroize::Zeroizing;

use super::watched::{c_string, is_read};

/// A command that changes the identity of the connection, or is forbidden.
#[derive(Debug)]
pub enum IdentityCommand {
    /// `AUTH password`.
    Password(Zeroizing<Vec<u8>>),
    /// `AUTH name password`.
    Auth(Credentials),
    /// `HELLO version AUTH name password`, with `SETNAME` or without.
    Hello {
        /// As given.
        version: Vec<u8>,
        /// The user.
        credentials: Credentials,
        /// The argument of `SETNAME`; the engine accepts it.
        connection_name: Option<Vec<u8>>,
    },
    /// `RESET`.
    Reset,
    /// One of these in a form that no engine executes, or that engines parse differently. The client gets this error.
    Refused(String),
    /// A command that no client may send: `CLIENT TRACKING` that pushes into another connection, or reveals keys that
    /// the user may not read. The client gets this error.
    Forbidden(&'static str),
}

/// A user name and password from a client.
pub struct Credentials {
    /// As given.
    pub name: Vec<u8>,
    /// The password in plain text.
    pub password: Zeroizing<Vec<u8>>,
}

/// Omits the password.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

impl IdentityCommand {
    /// Returns `true` for a login in a form that engines execute.
    pub fn logs_in(&self) -> bool {
        matches!(self, Self::Password(_) | Self::Auth(_) | Self::Hello { .. })
    }

    /// None if the command does not change the identity of the connection.
    pub(super) fn of(arguments: &[Zeroizing<Vec<u8>>]) -> Option<Self> {
        let (name, rest) = arguments.split_first()?;
        if !is_read(name) {
            return None;
        }
        let word = c_string(name);
        if word.len() < name.len() {
            // Whether it is the command of the word differs between engines, and from name to name.
            let word = String::from_utf8_lossy(word);
            return Some(Self::Refused(format!(
                "-ERR unknown command '{word}', with args beginning with: "
            )));
        }
        if name.eq_ignore_ascii_case(b"RESET") {
            // Engines refuse arguments.
            return rest.is_empty().then_some(Self::Reset);
        }
        if name.eq_ignore_ascii_case(b"AUTH") {
            return Some(match rest {
                [] => Self::Refused("-ERR wrong number of arguments for 'auth' command".to_owned()),
                [password] => Self::Password(password.clone()),
                [name, password] => Self::Auth(Credentials::new(name, password)),
                _ => Self::Refused("-ERR syntax error".to_owned()),
            });
        }
        if name.eq_ignore_ascii_case(b"CLIENT") {
            return tracks_others(rest).then_some(Self::Forbidden(TRACKS_OTHERS));
        }
        hello(rest)
    }
}

/// Parses the options of `TRACKING` as `clientCommand` does.
fn tracks_others(arguments: &[Zeroizing<Vec<u8>>]) -> bool {
    let is = |argument: &[u8], known: &str| c_string(argument).eq_ignore_ascii_case(known.as_bytes());
    let reaches = |option: &Zeroizing<Vec<u8>>| ["REDIRECT", "BCAST", "PREFIX"].iter().any(|known| is(option, known));
    match arguments {
        [subcommand, options @ ..] => is(subcommand, "TRACKING") && options.iter().any(reaches),
        [] => false,
    }
}

/// Parses the options of `HELLO` as `helloCommand` does. None without `AUTH`.
fn hello(arguments: &[Zeroizing<Vec<u8>>]) -> Option<IdentityCommand> {
    let (version, mut options) = arguments.split_first()?;
    let (mut logins, mut connection_name, mut error) = (Vec::new(), None, None);
    while let [option, values @ ..] = options {
        let is = |word: &str| c_string(option).eq_ignore_ascii_case(word.as_bytes());
        options = match values {
            [name, password, rest @ ..] if is("AUTH") => {
                logins.push(Credentials::new(name, password));
                rest
            }
            [name, rest @ ..] if is("SETNAME") => {
                // `validateClientName`. Redis 7.0 would log in first and refuse the name then.
                if !name.iter().all(|byte| (b'!'..=b'~').contains(byte)) {
                    error.get_or_insert_with(|| UNFIT_NAME.to_owned());
                }
                connection_name = Some(name.to_vec());
                rest
            }
            _ => {
                let option: String = String::from_utf8_lossy(c_string(option)).chars().take(128).collect();
                let option = option.replace(['\r', '\n'], " ");
                error.get_or_insert_with(|| format!("-ERR Syntax error in HELLO option '{option}'"));
                break;
            }
        };
    }
    let credentials = logins.pop()?;
    if !logins.is_empty() {
        error.get_or_insert_with(|| "-ERR HELLO takes AUTH once".to_owned());
    }
    Some(match error {
        Some(error) => IdentityCommand::Refused(error),
        None => IdentityCommand::Hello {
            version: version.to_vec(),
            credentials,
            connection_name,
        },
    })
}

impl Credentials {
    fn new(name: &[u8], password: &[u8]) -> Self {
        Self {
            name: name.to_vec(),
            password: Zeroizing::new(password.to_vec()),
        }
    }
}

const UNFIT_NAME: &str = "-ERR Client names cannot contain spaces, newlines or special characters.";
const TRACKS_OTHERS: &str = "-NOPERM CLIENT TRACKING with REDIRECT, BCAST or PREFIX is refused: it reaches other users";
