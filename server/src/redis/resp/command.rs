//! Commands of clients, read as far as it takes to find those that change who the connection is.
//!
//! The stream goes on to the engine as it is, so it must be cut into commands exactly where the engine cuts it
//! (`processInlineBuffer` and `processMultibulkBuffer` of Redis's networking.c): a command taken for the inside of a
//! value here, and for a command there, would slip by. Names and option words end at their first NUL, as in C. Input that
//! is not the protocol ends the connection, and nothing behind it goes on. Values are skipped by their length.

use zeroize::Zeroizing;

use super::watched::{LONGEST, SHORTEST, c_string, is_read};
use super::{inline, plain};

/// Finds `AUTH`, `HELLO` with `AUTH`, and `RESET` in a stream of commands, however it is split.
#[derive(Debug, Default)]
pub(crate) struct CommandScanner {
    state: State,
    fate: Fate,
    /// Arguments of the present command that have not ended, the present one included.
    arguments: u64,
    name: Name,
    /// Bytes of the present command from earlier input, which go on once it is known to be none of these.
    held: Zeroizing<Vec<u8>>,
}

/// What is to be done with the bytes that were scanned.
#[derive(Debug)]
pub(crate) enum Scanned {
    /// What was held goes on ([`CommandScanner::take_held`]), and then this many bytes of the input.
    Pass(usize),
    /// This many bytes of the input are held; none goes on before more has come.
    Hold(usize),
    /// A command of one line ends after this many bytes of the input. What was held belongs to it. The engine gets it as this
    /// array, since engines read lines differently: Valkey drops 0xFF from them, Valkey 9.1 goes on in a word behind a
    /// quotation mark, and Valkey 8.1 reads what follows a line of blanks as a line. Empty for a line without a word.
    Line(usize, Zeroizing<Vec<u8>>),
    /// A command that changes who the connection is ends after this many bytes of the input. What was held belongs to it.
    Identity(usize, IdentityCommand),
    /// The input is not the protocol. Nothing more goes on; the client gets this error, and the connection ends.
    Refused(String),
    /// The same, inside a command whose start the engine has already. This many bytes of the input still go on, after what
    /// was held, and then CR LF: the engine refuses them with its own error and ends the connection.
    Garbage(usize),
}

/// A command that changes who the connection is.
#[derive(Debug)]
pub(crate) enum IdentityCommand {
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
        /// After `SETNAME`; the engine accepts it.
        connection_name: Option<Vec<u8>>,
    },
    /// `RESET`.
    Reset,
    /// One of these in a form that no engine carries out, or that engines read differently. It is answered with this error.
    Refused(String),
    /// One that nobody may send, whoever the connection is: `CLIENT TRACKING` that pushes into another connection, or tells
    /// keys that the user may not read. It is answered with this error.
    Forbidden(&'static str),
}

/// The user that a client says it is.
pub(crate) struct Credentials {
    /// As given.
    pub(crate) name: Vec<u8>,
    /// In the clear.
    pub(crate) password: Zeroizing<Vec<u8>>,
}

/// Shows nothing of the password.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy, Default)]
enum State {
    /// At the first byte of a command.
    #[default]
    Start,
    /// In a command of one line.
    Inline,
    /// In the number after `*`.
    Count(Number),
    /// At the `$` of an argument.
    Mark,
    /// In the number after `$`.
    Length(Number),
    /// In an argument, which ends after this many bytes, the two after it included.
    Body(u64),
    /// After input that is not the protocol.
    Ended,
}

/// What becomes of the present command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Fate {
    #[default]
    Unknown,
    GoesOn,
    /// It is held until it ends.
    IsHeld,
}

impl CommandScanner {
    /// Scans what comes next. At least one byte of a non-empty input is accounted for, unless it is [`Scanned::Refused`].
    pub(crate) fn scan(&mut self, input: &[u8]) -> Scanned {
        let mut at = 0;
        // All before it goes on, and with it what was held, unless it is 0 and something is held.
        let mut commands_end = 0;
        while at < input.len() {
            match self.state {
                State::Start => {
                    at += plain::commands(&input[at..]);
                    commands_end = at;
                    if at == input.len() {
                        break;
                    }
                    self.fate = Fate::Unknown;
                    self.name = Name::default();
                    self.state = State::Inline;
                    if input[at] == b'*' {
                        self.state = State::Count(Number::default());
                        at += 1;
                    }
                }
                State::Inline => match position(&input[at..], |byte| byte == b'\n' || byte == 0) {
                    // A NUL hides the end of the line from the engine, which waits until the line is too long.
                    Some(end) if input[at + end] == 0 => {
                        return self.refuse(commands_end, at, TOO_LONG_A_LINE.to_owned());
                    }
                    Some(end) => {
                        at += end + 1;
                        let Some(arguments) = inline::arguments(&self.present(input, commands_end, at)) else {
                            return self.refuse(commands_end, at, UNBALANCED.to_owned());
                        };
                        if let Some(command) = IdentityCommand::of(&arguments) {
                            return self.end_with(commands_end, at, command);
                        }
                        return self.end_line(commands_end, at, &arguments);
                    }
                    None => at = input.len(),
                },
                State::Count(mut number) => {
                    let step = number.push(input[at]);
                    at += 1;
                    match step {
                        NumberStep::More => self.state = State::Count(number),
                        NumberStep::Is(count) if count <= 0 => self.go_on(),
                        NumberStep::Is(count) if count <= MAX_ARGUMENTS => {
                            self.arguments = count.unsigned_abs();
                            self.state = State::Mark;
                        }
                        NumberStep::Is(_) | NumberStep::None => {
                            return self.refuse(commands_end, at, INVALID_COUNT.to_owned());
                        }
                    }
                }
                State::Mark => {
                    if input[at] != b'$' {
                        return self.refuse(commands_end, at + 1, no_mark(input[at]));
                    }
                    self.state = State::Length(Number::default());
                    at += 1;
                }
                State::Length(mut number) => {
                    let step = number.push(input[at]);
                    at += 1;
                    match step {
                        NumberStep::More => self.state = State::Length(number),
                        NumberStep::Is(length) if length >= 0 => {
                            let length = length.unsigned_abs();
                            if self.fate == Fate::Unknown {
                                self.name = Name::of_length(length);
                                if length < SHORTEST as u64 {
                                    self.fate = Fate::GoesOn;
                                }
                            }
                            self.state = State::Body(length.saturating_add(2));
                        }
                        NumberStep::Is(_) | NumberStep::None => {
                            return self.refuse(commands_end, at, INVALID_LENGTH.to_owned());
                        }
                    }
                }
                State::Body(left) => {
                    let there = usize::try_from(left).unwrap_or(usize::MAX).min(input.len() - at);
                    if self.fate == Fate::Unknown {
                        self.name.push(&input[at..at + there]);
                        if self.name.is_known() {
                            let is_read = is_read(self.name.as_slice());
                            self.fate = if is_read { Fate::IsHeld } else { Fate::GoesOn };
                        }
                    }
                    at += there;
                    let left = left - there as u64;
                    self.state = State::Body(left);
                    if left > 0 {
                        continue;
                    }
                    self.state = State::Mark;
                    self.arguments -= 1;
                    if self.arguments > 0 {
                        continue;
                    }
                    if self.fate == Fate::IsHeld
                        && let Some(command) =
                            IdentityCommand::of(&arguments_of(&self.present(input, commands_end, at)))
                    {
                        // Valkey 9.1 ends the connection for other bytes than CR LF; older engines take any two.
                        return if is_terminated(&self.present(input, commands_end, at)) {
                            self.end_with(commands_end, at, command)
                        } else {
                            self.refuse(commands_end, at, INVALID_END.to_owned())
                        };
                    }
                    self.go_on();
                }
                State::Ended => return Scanned::Refused(ENDED.to_owned()),
            }
        }
        self.end_of_input(input, commands_end)
    }

    /// What goes on before the bytes of [`Scanned::Pass`] and [`Scanned::Garbage`].
    pub(crate) fn take_held(&mut self) -> Zeroizing<Vec<u8>> {
        std::mem::take(&mut self.held)
    }

    /// Whether something is held.
    pub(crate) fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// The present command has ended and changes nothing of who the connection is.
    fn go_on(&mut self) {
        self.fate = Fate::GoesOn;
        self.state = State::Start;
    }

    fn end_of_input(&mut self, input: &[u8], commands_end: usize) -> Scanned {
        if matches!(self.state, State::Start) || self.fate == Fate::GoesOn {
            return Scanned::Pass(input.len());
        }
        if commands_end > 0 {
            // The command that has begun is scanned anew when the others are gone.
            self.state = State::Start;
            return Scanned::Pass(commands_end);
        }
        if self.held.len() + input.len() > MAX_HELD {
            let is_line = matches!(self.state, State::Inline);
            return self.end(if is_line { TOO_LONG_A_LINE } else { TOO_LONG_A_LOGIN }.to_owned());
        }
        self.held.extend_from_slice(input);
        Scanned::Hold(input.len())
    }

    /// The present command, which changes who the connection is, ends at `at`. Those before it go first.
    fn end_with(&mut self, commands_end: usize, at: usize, command: IdentityCommand) -> Scanned {
        self.state = State::Start;
        if commands_end > 0 {
            return Scanned::Pass(commands_end);
        }
        if self.held.len() + at > MAX_HELD {
            return self.end(TOO_LONG_A_LOGIN.to_owned());
        }
        self.held = Zeroizing::default();
        Scanned::Identity(at, command)
    }

    /// The present line, which changes nothing of who the connection is, ends at `at`. Commands before it go first.
    fn end_line(&mut self, commands_end: usize, at: usize, arguments: &[Zeroizing<Vec<u8>>]) -> Scanned {
        self.state = State::Start;
        if commands_end > 0 {
            return Scanned::Pass(commands_end);
        }
        if self.held.len() + at > MAX_HELD {
            return self.end(TOO_LONG_A_LINE.to_owned());
        }
        self.held = Zeroizing::default();
        let arguments: Vec<_> = arguments.iter().map(|argument| argument.as_slice()).collect();
        Scanned::Line(
            at,
            if arguments.is_empty() {
                Zeroizing::default()
            } else {
                encode(&arguments)
            },
        )
    }

    /// The present command is not the protocol, as the byte before `at` shows. Those before it go first.
    fn refuse(&mut self, commands_end: usize, at: usize, error: String) -> Scanned {
        if commands_end > 0 && self.fate != Fate::GoesOn {
            self.state = State::Start;
            return Scanned::Pass(commands_end);
        }
        if self.fate == Fate::GoesOn {
            self.state = State::Ended;
            return Scanned::Garbage(at);
        }
        self.end(error)
    }

    fn end(&mut self, error: String) -> Scanned {
        self.state = State::Ended;
        self.held = Zeroizing::default();
        Scanned::Refused(error)
    }

    /// The present command, which ends at `at`. What is held belongs to the first command of the input, and to no other.
    fn present(&self, input: &[u8], commands_end: usize, at: usize) -> Zeroizing<Vec<u8>> {
        let held: &[u8] = if commands_end == 0 { &self.held } else { &[] };
        joined(held, &input[commands_end..at])
    }
}

impl IdentityCommand {
    /// None when the command changes nothing of who the connection is.
    fn of(arguments: &[Zeroizing<Vec<u8>>]) -> Option<Self> {
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

/// As `clientCommand` reads the options of `TRACKING`.
fn tracks_others(arguments: &[Zeroizing<Vec<u8>>]) -> bool {
    let is = |argument: &[u8], known: &str| c_string(argument).eq_ignore_ascii_case(known.as_bytes());
    let reaches = |option: &Zeroizing<Vec<u8>>| ["REDIRECT", "BCAST", "PREFIX"].iter().any(|known| is(option, known));
    match arguments {
        [subcommand, options @ ..] => is(subcommand, "TRACKING") && options.iter().any(reaches),
        [] => false,
    }
}

/// As `helloCommand` reads its options. None without `AUTH`.
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

/// A number and the two bytes after it, as `string2ll` takes it: no sign but one minus, no zero before other digits.
#[derive(Debug, Clone, Copy, Default)]
struct Number {
    value: u64,
    digits: u8,
    is_negative: bool,
    has_ended: bool,
}

enum NumberStep {
    More,
    Is(i64),
    /// It is none.
    None,
}

impl Number {
    fn push(&mut self, byte: u8) -> NumberStep {
        if self.has_ended {
            // The engine looks for the CR, and takes any byte after it for the LF.
            return NumberStep::Is(if self.is_negative {
                0_i64.wrapping_sub_unsigned(self.value)
            } else {
                0_i64.wrapping_add_unsigned(self.value)
            });
        }
        match byte {
            b'0'..=b'9' => {
                let is_second_after_zero = self.value == 0 && self.digits > 0;
                let is_negative_zero = self.is_negative && self.digits == 0 && byte == b'0';
                let largest = i64::MAX.unsigned_abs() + u64::from(self.is_negative);
                let next = self
                    .value
                    .checked_mul(10)
                    .and_then(|value| value.checked_add((byte - b'0').into()))
                    .filter(|next| *next <= largest);
                match next {
                    Some(next) if !is_second_after_zero && !is_negative_zero => {
                        self.value = next;
                        self.digits += 1;
                        NumberStep::More
                    }
                    _ => NumberStep::None,
                }
            }
            b'-' if self.digits == 0 && !self.is_negative => {
                self.is_negative = true;
                NumberStep::More
            }
            b'\r' if self.digits > 0 => {
                self.has_ended = true;
                NumberStep::More
            }
            _ => NumberStep::None,
        }
    }
}

/// The name of a command, as far as it can be one that changes who the connection is.
#[derive(Debug, Clone, Copy, Default)]
struct Name {
    bytes: [u8; LONGEST + 1],
    length: usize,
    /// Of the bytes that are kept.
    wanted: usize,
}

impl Name {
    fn of_length(length: u64) -> Self {
        Self {
            wanted: usize::try_from(length).unwrap_or(usize::MAX).min(LONGEST + 1),
            ..Self::default()
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        let count = bytes.len().min(self.wanted - self.length);
        self.bytes[self.length..self.length + count].copy_from_slice(&bytes[..count]);
        self.length += count;
    }

    fn is_known(&self) -> bool {
        self.length == self.wanted
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// The arguments of a whole command, `*` first, whose form has been checked.
pub(crate) fn arguments_of(command: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut arguments = Vec::new();
    let Some((_, mut rest)) = number_line(command) else {
        return arguments;
    };
    while let Some((length, body)) = number_line(rest) {
        let Some((argument, after)) = body.split_at_checked(length) else {
            break;
        };
        arguments.push(Zeroizing::new(argument.to_vec()));
        rest = after.get(2..).unwrap_or_default();
    }
    arguments
}

/// Whether every number and argument of a whole command is followed by CR LF.
fn is_terminated(command: &[u8]) -> bool {
    let is_at = |text: &[u8], at: usize| text.get(at..at + 2) == Some(b"\r\n");
    let mut rest = command;
    while let Some((length, body)) = number_line(rest) {
        let is_count = rest[0] == b'*';
        let end = if is_count { 0 } else { length };
        if !is_at(rest, rest.len() - body.len() - 2) || !(is_count || is_at(body, end)) {
            return false;
        }
        rest = body.get(if is_count { 0 } else { end + 2 }..).unwrap_or_default();
    }
    true
}

/// The number after the first byte, and what follows its line.
fn number_line(text: &[u8]) -> Option<(usize, &[u8])> {
    let end = position(text, |byte| byte == b'\r')?;
    let number = std::str::from_utf8(text.get(1..end)?).ok()?.parse().ok()?;
    Some((number, text.get(end + 2..)?))
}

/// A command in the form in which clients send it.
pub(crate) fn encode(arguments: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let length = arguments.iter().map(|argument| argument.len() + 32).sum::<usize>() + 32;
    // At once as long as it may get, so that no part of a secret is left behind when it grows.
    let mut command = Zeroizing::new(Vec::with_capacity(length));
    command.extend_from_slice(format!("*{}\r\n", arguments.len()).as_bytes());
    for argument in arguments {
        command.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
        command.extend_from_slice(argument);
        command.extend_from_slice(b"\r\n");
    }
    command
}

fn joined(held: &[u8], end: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut all = Zeroizing::new(Vec::with_capacity(held.len() + end.len()));
    all.extend_from_slice(held);
    all.extend_from_slice(end);
    all
}

fn position(bytes: &[u8], is_it: impl Fn(u8) -> bool) -> Option<usize> {
    bytes.iter().position(|byte| is_it(*byte))
}

fn no_mark(byte: u8) -> String {
    let byte = if matches!(byte, b'\r' | b'\n' | 0) { b' ' } else { byte };
    format!("-ERR Protocol error: expected '$', got '{}'", char::from(byte))
}

// The engines' own words (`setProtocolError` of networking.c).
const INVALID_COUNT: &str = "-ERR Protocol error: invalid multibulk length";
const INVALID_LENGTH: &str = "-ERR Protocol error: invalid bulk length";
const INVALID_END: &str = "-ERR Protocol error: invalid CRLF in request";
const TOO_LONG_A_LINE: &str = "-ERR Protocol error: too big inline request";
const UNBALANCED: &str = "-ERR Protocol error: unbalanced quotes in request";
const UNFIT_NAME: &str = "-ERR Client names cannot contain spaces, newlines or special characters.";
const TOO_LONG_A_LOGIN: &str = "-ERR AUTH, HELLO and CLIENT take at most 64 KiB";
const TRACKS_OTHERS: &str = "-NOPERM CLIENT TRACKING with REDIRECT, BCAST or PREFIX is refused: it reaches other users";
const ENDED: &str = "-ERR Protocol error: the connection has ended";
/// Redis's own limit since 7.0; older versions refuse less.
const MAX_ARGUMENTS: i64 = i32::MAX as i64;
/// Redis's own limit for a line (`PROTO_INLINE_MAX_SIZE`); no name and password are as long.
const MAX_HELD: usize = 64 * 1024;

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
