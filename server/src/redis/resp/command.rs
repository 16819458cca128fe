//! Commands of clients, read as far as it takes to find those that say who the client is.
//!
//! The stream goes on to Redis as it is, so that it must be cut into commands exactly where Redis cuts it
//! (`processInlineBuffer` and `processMultibulkBuffer` of networking.c, Redis 7.0): a command that is seen here as the
//! inside of a value, and by Redis as a command, would get past. What Redis refuses as no protocol ends the connection
//! there, and ends it here too, whatever Redis makes of it. Values are skipped by their length.

use zeroize::Zeroizing;

use super::watched::Watched;
use super::{inline, plain};

/// Finds `AUTH`, `HELLO` with `AUTH`, and `RESET` in a stream of commands, however it is split.
#[derive(Debug, Default)]
pub(crate) struct CommandScanner {
    state: State,
    fate: Fate,
    /// Arguments of the command that have not ended, the present one too.
    arguments: u64,
    /// The octets of the present command's first argument, as far as they may be a name that is looked for.
    name: Name,
    /// Octets of the present command from earlier input, which go on once it is known to be none of these.
    held: Zeroizing<Vec<u8>>,
    mode: Mode,
}

/// What is to become of the octets that were looked at.
#[derive(Debug)]
pub(crate) enum Scanned {
    /// What was held goes on ([`CommandScanner::take_held`]), and then so many octets of the input.
    Pass(usize),
    /// So many octets of the input are held; none goes on before more has come.
    Hold(usize),
    /// A command that says who the client is ends after so many octets of the input. What was held belongs to it.
    Identity(usize, IdentityCommand),
    /// Redis refuses what ends after so many octets, and closes the connection. It goes on after what was held; whatever
    /// follows does not.
    Garbage(usize),
    /// A command that says who the client is, with more octets than are held. Nothing of it goes on.
    TooLong,
}

/// A command that says who the client is.
#[derive(Debug)]
pub(crate) enum IdentityCommand {
    /// `AUTH password` or `AUTH name password`.
    Auth(Credentials),
    /// `HELLO version AUTH name password`, with `SETNAME` or without.
    Hello {
        /// As given.
        version: Vec<u8>,
        /// Who.
        credentials: Credentials,
        /// After `SETNAME`.
        connection_name: Option<Vec<u8>>,
    },
    /// `RESET`.
    Reset,
    /// `AUTH` or `HELLO` with `AUTH`, in a form that Redis refuses or that says two names.
    Malformed,
    /// `CLIENT TRACKING` that pushes into another connection, or tells keys that the user may not read.
    TrackingOfOthers,
}

/// Who a client says it is.
pub(crate) struct Credentials {
    /// `default` when none was given.
    pub(crate) name: Vec<u8>,
    /// In the clear.
    pub(crate) password: Zeroizing<Vec<u8>>,
}

/// Nothing of the password is shown.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// What earlier commands have brought the connection into, as far as they were carried out. In both modes Redis may answer
/// to `AUTH` otherwise than by carrying it out at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Mode {
    /// Between `MULTI` and `EXEC` or `DISCARD`.
    pub(crate) in_transaction: bool,
    /// After `SUBSCRIBE` or one of its kind.
    pub(crate) subscribed: bool,
}

#[derive(Debug, Clone, Copy, Default)]
enum State {
    /// At the first octet of a command.
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
    /// In an argument, which ends after so many octets, the two after it too.
    Body(u64),
    /// After what is no protocol.
    Garbage,
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
    /// Looks at what comes next. At least one octet of a non-empty input is accounted for, or it is [`Scanned::TooLong`].
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
                State::Inline => match memchr(&input[at..], |octet| octet == b'\n' || octet == 0) {
                    // In Redis a NUL hides the line's end until the line is too long.
                    Some(end) if input[at + end] == 0 => return self.garbage(at + end),
                    Some(end) => {
                        at += end + 1;
                        let Some(arguments) = inline::arguments(&self.present(input, commands_end, at)) else {
                            return self.garbage(at);
                        };
                        self.note_name(arguments.first().map_or(&[], |name| name.as_slice()));
                        if self.fate == Fate::IsHeld
                            && let Some(command) = IdentityCommand::of(&arguments)
                        {
                            return self.end_with(commands_end, at, command);
                        }
                        self.go_on();
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
                        NumberStep::Is(_) | NumberStep::None => return self.garbage(at),
                    }
                }
                State::Mark => {
                    if input[at] != b'$' {
                        return self.garbage(at + 1);
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
                            if self.fate == Fate::Unknown && !Watched::may_have(length) {
                                self.fate = Fate::GoesOn;
                            }
                            self.state = State::Body(length.saturating_add(2));
                        }
                        NumberStep::Is(_) | NumberStep::None => return self.garbage(at),
                    }
                }
                State::Body(left) => {
                    let there = usize::try_from(left).unwrap_or(usize::MAX).min(input.len() - at);
                    if self.fate == Fate::Unknown {
                        self.name.push(&input[at..at + there]);
                    }
                    at += there;
                    let left = left - there as u64;
                    self.state = State::Body(left);
                    if left > 0 {
                        continue;
                    }
                    self.state = State::Mark;
                    self.arguments -= 1;
                    if self.fate == Fate::Unknown {
                        let name = self.name;
                        self.note_name(name.as_slice());
                    }
                    if self.arguments > 0 {
                        continue;
                    }
                    if self.fate == Fate::IsHeld
                        && let Some(command) =
                            IdentityCommand::of(&arguments_of(&self.present(input, commands_end, at)))
                    {
                        return self.end_with(commands_end, at, command);
                    }
                    self.go_on();
                }
                State::Garbage => return Scanned::Garbage(0),
            }
        }
        self.end_of_input(input, commands_end)
    }

    /// What goes on before the octets of [`Scanned::Pass`] and [`Scanned::Garbage`].
    pub(crate) fn take_held(&mut self) -> Zeroizing<Vec<u8>> {
        std::mem::take(&mut self.held)
    }

    /// Whether something is held.
    pub(crate) fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// What the commands so far have brought the connection into.
    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    /// The present command has ended and is none of those that are looked for.
    fn go_on(&mut self) {
        self.fate = Fate::GoesOn;
        self.state = State::Start;
    }

    fn end_of_input(&mut self, input: &[u8], commands_end: usize) -> Scanned {
        if matches!(self.state, State::Start) || self.fate == Fate::GoesOn {
            return Scanned::Pass(input.len());
        }
        if commands_end > 0 {
            // The command that has begun is looked at anew when the others are gone.
            self.state = State::Start;
            return Scanned::Pass(commands_end);
        }
        if self.held.len() + input.len() > MAX_HELD {
            let is_line = matches!(self.state, State::Inline);
            self.state = State::Garbage;
            // A line that is too long is Redis's to refuse.
            return if is_line {
                Scanned::Garbage(input.len())
            } else {
                Scanned::TooLong
            };
        }
        self.held.extend_from_slice(input);
        Scanned::Hold(input.len())
    }

    /// The present command, one of those that are looked for, ends at `at`. Those before it go first.
    fn end_with(&mut self, commands_end: usize, at: usize, command: IdentityCommand) -> Scanned {
        self.state = State::Start;
        if commands_end > 0 {
            return Scanned::Pass(commands_end);
        }
        if self.held.len() + at > MAX_HELD {
            self.state = State::Garbage;
            return Scanned::TooLong;
        }
        self.held = Zeroizing::default();
        if matches!(command, IdentityCommand::Reset) {
            self.mode = Mode::default();
        }
        Scanned::Identity(at, command)
    }

    fn garbage(&mut self, at: usize) -> Scanned {
        self.state = State::Garbage;
        Scanned::Garbage(at)
    }

    /// Decides by the name of the command, in any case of its letters.
    fn note_name(&mut self, name: &[u8]) {
        self.fate = Fate::GoesOn;
        match Watched::of(name) {
            Some(Watched::Identity | Watched::Client) => self.fate = Fate::IsHeld,
            Some(Watched::BeginsTransaction) => self.mode.in_transaction = true,
            Some(Watched::EndsTransaction) => self.mode.in_transaction = false,
            Some(Watched::Subscribes) => self.mode.subscribed = true,
            None => {}
        }
    }

    /// The present command, which ends at `at`. What is held belongs to the first command of the input, and to no other.
    fn present(&self, input: &[u8], commands_end: usize, at: usize) -> Zeroizing<Vec<u8>> {
        let held: &[u8] = if commands_end == 0 { &self.held } else { &[] };
        joined(held, &input[commands_end..at])
    }
}

impl IdentityCommand {
    /// None when the command says nothing of who the client is.
    fn of(arguments: &[Zeroizing<Vec<u8>>]) -> Option<Self> {
        let (name, rest) = arguments.split_first()?;
        if name.eq_ignore_ascii_case(b"RESET") {
            // With arguments, Redis refuses it.
            return rest.is_empty().then_some(Self::Reset);
        }
        if name.eq_ignore_ascii_case(b"AUTH") {
            return Some(match rest {
                [password] => Self::Auth(Credentials::new(b"default", password)),
                [name, password] => Self::Auth(Credentials::new(name, password)),
                _ => Self::Malformed,
            });
        }
        if name.eq_ignore_ascii_case(b"CLIENT") {
            return tracks_others(rest).then_some(Self::TrackingOfOthers);
        }
        if name.eq_ignore_ascii_case(b"HELLO") {
            hello(rest)
        } else {
            None
        }
    }
}

/// As `clientCommand` reads the options of `TRACKING`, which end at a NUL.
fn tracks_others(arguments: &[Zeroizing<Vec<u8>>]) -> bool {
    let is = |argument: &Zeroizing<Vec<u8>>, known: &[u8]| {
        let text = argument.split(|octet| *octet == 0).next().unwrap_or_default();
        text.eq_ignore_ascii_case(known)
    };
    let reaches = |option| {
        [b"REDIRECT".as_slice(), b"BCAST", b"PREFIX"]
            .iter()
            .any(|known| is(option, known))
    };
    match arguments {
        [subcommand, options @ ..] => is(subcommand, b"TRACKING") && options.iter().any(reaches),
        [] => false,
    }
}

/// As `helloCommand` reads its options: it carries out one `AUTH` after the other, until one is wrong.
fn hello(arguments: &[Zeroizing<Vec<u8>>]) -> Option<IdentityCommand> {
    let (version, mut options) = arguments.split_first()?;
    let (mut logins, mut is_right) = (Vec::new(), true);
    let mut connection_name = None;
    loop {
        match options {
            [] => break,
            [option, name, password, rest @ ..] if option.eq_ignore_ascii_case(b"AUTH") => {
                logins.push(Credentials::new(name, password));
                options = rest;
            }
            [option, name, rest @ ..] if option.eq_ignore_ascii_case(b"SETNAME") => {
                connection_name = Some(name.to_vec());
                options = rest;
            }
            _ => {
                is_right = false;
                break;
            }
        }
    }
    let credentials = logins.pop()?;
    Some(if is_right && logins.is_empty() {
        IdentityCommand::Hello {
            version: version.to_vec(),
            credentials,
            connection_name,
        }
    } else {
        IdentityCommand::Malformed
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

/// A number and the two octets after it, as `string2ll` takes it: no sign but one minus, no zero before other digits.
#[derive(Debug, Clone, Copy, Default)]
struct Number {
    value: i64,
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
    fn push(&mut self, octet: u8) -> NumberStep {
        if self.has_ended {
            // Redis looks for the CR, and takes whatever comes after it for the LF.
            return NumberStep::Is(if self.is_negative { -self.value } else { self.value });
        }
        match octet {
            b'0'..=b'9' => {
                let is_second_after_zero = self.value == 0 && self.digits > 0;
                let is_negative_zero = self.is_negative && self.digits == 0 && octet == b'0';
                let next = self
                    .value
                    .checked_mul(10)
                    .and_then(|value| value.checked_add((octet - b'0').into()));
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

/// The first argument of a command, as long as one of the names that matter.
#[derive(Debug, Clone, Copy, Default)]
struct Name {
    octets: [u8; LONGEST_NAME],
    length: usize,
}

impl Name {
    fn push(&mut self, octets: &[u8]) {
        for octet in octets {
            if let Some(place) = self.octets.get_mut(self.length) {
                *place = *octet;
                self.length += 1;
            }
        }
    }

    /// Without the two octets after it.
    fn as_slice(&self) -> &[u8] {
        &self.octets[..self.length.saturating_sub(2)]
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

/// The number after the first octet, and what follows its line.
fn number_line(text: &[u8]) -> Option<(usize, &[u8])> {
    let end = memchr(text, |octet| octet == b'\r')?;
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

fn memchr(octets: &[u8], is_it: impl Fn(u8) -> bool) -> Option<usize> {
    octets.iter().position(|octet| is_it(*octet))
}

/// With the two octets after it: of `PSUBSCRIBE`.
const LONGEST_NAME: usize = 12;
/// Redis's own limit since 7.0; older ones refuse less.
const MAX_ARGUMENTS: i64 = i32::MAX as i64;
/// Redis's own limit for a line (`PROTO_INLINE_MAX_SIZE`); no name and password are as long.
const MAX_HELD: usize = 64 * 1024;

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
