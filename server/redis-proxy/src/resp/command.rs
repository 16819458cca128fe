//! Scans clients' commands as far as necessary to find those that change the identity of the connection.
//!
//! The engine gets the stream unchanged, so it must be split into commands exactly where the engine splits it
//! (`processInlineBuffer` and `processMultibulkBuffer` of Redis's networking.c): bytes that are part of a value here,
//! and a command there, would go unnoticed. Names and option words end at their first NUL, as in C. Input that violates
//! the protocol ends the connection, and nothing after it is forwarded. Values are skipped by their length.

use zeroize::Zeroizing;

use super::answering::Answering;
use super::arguments::{arguments_of, encode, is_terminated};
use super::identity::IdentityCommand;
use super::name::Name;
use super::number::{Number, NumberStep};
use super::watched::{SHORTEST, is_read};
use super::{inline, plain};

/// Finds `AUTH`, `HELLO` with `AUTH`, and `RESET` in a stream of commands, however it is split.
#[derive(Debug, Default)]
pub struct CommandScanner {
    state: State,
    fate: Fate,
    /// Number of arguments of the current command that have not ended, including the current one.
    arguments: u64,
    name: Name,
    answering: Answering,
    /// Bytes of the current command from earlier input, which are forwarded once it is known to be none of these.
    held: Zeroizing<Vec<u8>>,
}

/// The treatment of the scanned bytes.
#[derive(Debug)]
pub enum Scanned {
    /// The held bytes are forwarded ([`CommandScanner::take_held`]), and then this many bytes of the input.
    Pass(usize),
    /// This many bytes of the input are held; nothing is forwarded before more bytes arrive.
    Hold(usize),
    /// A command of one line ends after this many bytes of the input, preceded by the held bytes. The engine gets it as
    /// this array, because engines parse lines differently: Valkey drops 0xFF from them, Valkey 9.1 continues a word
    /// after a quotation mark, and Valkey 8.1 reads the text after a line of blanks as a line. Empty for a line without
    /// a word.
    Line(usize, Zeroizing<Vec<u8>>),
    /// A login or reset command ends after this many bytes of the input, preceded by the held bytes.
    Identity(usize, IdentityCommand),
    /// The input violates the protocol. Nothing more is forwarded; the client gets this error, and the connection ends.
    Refused(String),
    /// The same, inside a command whose start the engine already has. This many bytes of the input are still forwarded,
    /// after the held ones, followed by CR LF: the engine rejects them with its own error and ends the connection.
    Garbage(usize),
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
    /// In an argument that ends after this many bytes, including its CR LF.
    Body(u64),
    /// After input that violates the protocol.
    Ended,
}

/// The treatment of the current command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Fate {
    #[default]
    Unknown,
    GoesOn,
    /// It is held until it ends.
    IsHeld,
}

impl CommandScanner {
    /// Scans the next input. Accounts for at least one byte of non-empty input, unless it returns [`Scanned::Refused`].
    pub fn scan(&mut self, input: &[u8]) -> Scanned {
        let mut at = 0;
        // All before it goes on, and with it what was held, unless it is 0 and something is held.
        let mut commands_end = 0;
        while at < input.len() {
            match self.state {
                State::Start => {
                    at += plain::commands(&input[at..], |name| self.answering.is_of_interest(name));
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
                State::Inline => match input[at..].iter().position(|byte| matches!(byte, b'\n' | 0)) {
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
                        self.answering.note(&arguments);
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
                            self.answering.note_name(self.name.as_slice());
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
                    if self.fate == Fate::IsHeld {
                        let present = self.present(input, commands_end, at);
                        let arguments = arguments_of(&present);
                        if let Some(command) = IdentityCommand::of(&arguments) {
                            // Valkey 9.1 ends the connection for other bytes than CR LF; older engines take any two.
                            return if is_terminated(&present) {
                                self.end_with(commands_end, at, command)
                            } else {
                                self.refuse(commands_end, at, INVALID_END.to_owned())
                            };
                        }
                        self.answering.note(&arguments);
                    }
                    self.go_on();
                }
                State::Ended => return Scanned::Refused(ENDED.to_owned()),
            }
        }
        self.end_of_input(input, commands_end)
    }

    /// Takes the bytes to forward before those of [`Scanned::Pass`] and [`Scanned::Garbage`].
    pub fn take_held(&mut self) -> Zeroizing<Vec<u8>> {
        std::mem::take(&mut self.held)
    }

    /// Returns `true` when bytes are held.
    pub fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// The mode of the engine's replies after the scanned bytes.
    pub fn answering(&self) -> Answering {
        self.answering
    }

    /// Records that the engine sends replies.
    pub fn is_answered(&mut self) {
        self.answering = Answering::On;
    }

    /// Ends the current command, which does not change the identity of the connection.
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

    /// Ends the current command at `at`, which changes the identity of the connection. Earlier commands are forwarded
    /// first.
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

    /// Ends the current line at `at`, which does not change the identity of the connection. Earlier commands are
    /// forwarded first.
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

    /// Rejects the current command, which violates the protocol at the byte before `at`. Earlier commands are forwarded
    /// first.
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

    /// The current command, which ends at `at`. The held bytes belong to the first command of the input only.
    fn present(&self, input: &[u8], commands_end: usize, at: usize) -> Zeroizing<Vec<u8>> {
        let held: &[u8] = if commands_end == 0 { &self.held } else { &[] };
        joined(held, &input[commands_end..at])
    }
}

fn joined(held: &[u8], end: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut all = Zeroizing::new(Vec::with_capacity(held.len() + end.len()));
    all.extend_from_slice(held);
    all.extend_from_slice(end);
    all
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
const TOO_LONG_A_LOGIN: &str = "-ERR AUTH, HELLO and CLIENT take at most 64 KiB";
const ENDED: &str = "-ERR Protocol error: the connection has ended";
/// Redis's own limit since 7.0; older versions refuse less.
const MAX_ARGUMENTS: i64 = i32::MAX as i64;
/// Redis's own limit for a line (`PROTO_INLINE_MAX_SIZE`); no name and password are as long.
const MAX_HELD: usize = 64 * 1024;

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
