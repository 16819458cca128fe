//! Answers that are not for the client, found among those that are, and what they say of who the connection is.
//!
//! Engines answer in the order of the commands, and nobody here reads answers otherwise. To find a place among them, the
//! proxy sends a *marker*: a command that no engine has, whose name is a random number. An engine answers that it does not
//! know it, in any state of a connection that is logged in (`processCommand` of Redis's server.c looks a command up first).
//! Before a login Valkey 9.1 answers `-NOAUTH` to whatever it does not know. There the marker is a `HELLO` with the number as
//! an option, which every engine names as wrong; a connection that is not logged in is in no transaction or subscription,
//! where `HELLO` would be answered otherwise.
//! Only this connection knows the number, and it is used once, so that no value can look like the answer.
//!
//! * A *refusal* is a marker in place of a command; an error of the proxy's own takes the place of its answer.
//! * An *exchange* changes who the connection is, by `AUTH`, `HELLO` or `RESET`, between two markers. Nothing of the client
//!   goes on before the second one is answered, and what stands between says whether the engine has done it. In a
//!   transaction the markers also see to it that `EXEC` refuses: an `AUTH` that was queued is never carried out.
//!
//! `CLIENT REPLY OFF` and `SKIP` would hide the answer: an exchange that is no `RESET`, which ends them, turns answers on
//! first. Two markers before that show whether they were off, and they are turned off again afterwards.

use std::collections::VecDeque;
use std::ops::Range;

use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

use crate::redis::resp::{command, frame};

/// Takes out the answers that are expected, and puts others in their place.
#[derive(Debug)]
pub(super) struct ReplyRewriter {
    /// Whether the connection is logged in to the engine.
    login: LoginState,
    refusals: VecDeque<Refusal>,
    /// The one that is under way. Its markers come after those of all refusals.
    exchange: Option<Exchange>,
    settled: Option<Settled>,
    /// The end of what was received, which may be the start of an answer that is expected.
    held: Vec<u8>,
}

#[derive(Debug)]
struct Refusal {
    marker: Marker,
    /// The error, without the end of its line.
    error: String,
}

#[derive(Debug)]
struct Exchange {
    kind: Kind,
    /// Before answers are turned on: none is answered while they are off, the second alone after `SKIP`.
    probes: [Marker; 2],
    start: Marker,
    end: Marker,
    stage: Stage,
    /// Answers to the client as they were when the exchange began, as far as that is known.
    silence: Silence,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `AUTH`, or `HELLO` with it.
    Login,
    /// `RESET`, a login behind it or not, and what the connection is then.
    Reset { logs_in: bool, after: LoginState },
}

/// How far the answers of an exchange have been read.
#[derive(Debug)]
enum Stage {
    /// None of them.
    Before,
    /// To the second probe: the answer to `CLIENT REPLY ON` comes next.
    Probed,
    /// To the first marker: the answers follow, these among them.
    Started(Vec<Answer>),
}

/// Whether a connection is logged in to its engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoginState {
    LoggedIn,
    /// Only commands that log in are carried out.
    LoggedOut,
}

/// Whether answers to the client were off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Silence {
    None,
    /// For one command.
    Skip,
    Off,
}

/// What was done with a part of the input.
enum Step {
    /// This many bytes of it have been taken.
    Taken(usize),
    /// All but this many bytes at its start is held until more has come. Those go to the client.
    Held(usize),
}

/// An answer between the markers, as far as it says what the engine has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Done,
    Reset,
    Queued,
    Error,
}

/// What came of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settled {
    /// The engine has done it; otherwise the connection is who it was.
    pub(super) is_done: bool,
    /// It was a login of the client's, and no reset.
    pub(super) is_login: bool,
    /// Answers were off before, and have to be turned off again: [`silence_command`].
    pub(super) was_silent: bool,
}

/// A command that says where its answer stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Marker {
    number: String,
    state: LoginState,
}

/// The engine has answered in a way that leaves open who the connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the engine does not say who the connection is")]
pub(super) struct Undecided;

impl Marker {
    /// For a connection in this state when the engine carries it out.
    fn new(state: LoginState) -> Self {
        let mut number = [0; 16];
        aws_lc_rs::rand::fill(&mut number).expect("the system gives random bytes");
        let number = HEXLOWER.encode(&number);
        Self { number, state }
    }

    fn command(&self) -> Zeroizing<Vec<u8>> {
        match self.state {
            LoginState::LoggedIn => command::encode(&[self.number.as_bytes()]),
            LoginState::LoggedOut => command::encode(&[b"HELLO", b"2", self.number.as_bytes()]),
        }
    }

    /// Whether `line` is the answer to it.
    fn is_answered_by(&self, line: &[u8]) -> bool {
        let start = match self.state {
            LoginState::LoggedIn => UNKNOWN_COMMAND,
            LoginState::LoggedOut => WRONG_OPTION,
        };
        // The number stands in quotation marks of the version's own.
        let number = line.strip_prefix(start).and_then(|rest| rest.get(1..));
        number.is_some_and(|number| number.starts_with(self.number.as_bytes()))
    }
}

impl ReplyRewriter {
    pub(super) fn new(login: LoginState) -> Self {
        Self {
            login,
            refusals: VecDeque::new(),
            exchange: None,
            settled: None,
            held: Vec::new(),
        }
    }

    /// What is sent in place of a command, so that the client gets this error in the place of its answer.
    pub(super) fn refuse(&mut self, error: String) -> Zeroizing<Vec<u8>> {
        if self.refusals.len() >= MAX_REFUSALS {
            // After CLIENT REPLY OFF none is answered; the client sees the rest as the engine says it.
            self.refusals.pop_front();
        }
        let marker = Marker::new(self.login);
        let command = marker.command();
        self.refusals.push_back(Refusal { marker, error });
        command
    }

    /// What is sent for an `AUTH`, or a `HELLO` with it. Only when no exchange is under way.
    pub(super) fn log_in(&mut self, login: &[u8]) -> Zeroizing<Vec<u8>> {
        let exchange = self.begin(Kind::Login);
        let [first, second] = exchange.probes.each_ref().map(Marker::command);
        let turn_on = command::encode(&[b"CLIENT", b"REPLY", b"ON"]);
        let (start, end) = (exchange.start.command(), exchange.end.command());
        joined(&[&first, &second, &turn_on, &start, login, &end])
    }

    /// What is sent for a `RESET`, with the login that follows it, and what the connection is then. Only when no exchange is
    /// under way.
    pub(super) fn reset(&mut self, login: Option<&[u8]>, after: LoginState) -> Zeroizing<Vec<u8>> {
        let logs_in = login.is_some();
        let exchange = self.begin(Kind::Reset { logs_in, after });
        let (probe, start) = (exchange.probes[0].command(), exchange.start.command());
        let (reset, end) = (command::encode(&[b"RESET"]), exchange.end.command());
        joined(&[&probe, &start, &reset, login.unwrap_or_default(), &end])
    }

    fn begin(&mut self, kind: Kind) -> &Exchange {
        let state = self.login;
        let after = match kind {
            // Until it is logged in: both forms are answered alike then, outside of transactions.
            Kind::Login => state,
            Kind::Reset { after, .. } => after,
        };
        self.exchange.insert(Exchange {
            kind,
            probes: [Marker::new(state), Marker::new(state)],
            start: Marker::new(state),
            end: Marker::new(after),
            stage: Stage::Before,
            silence: Silence::Off,
        })
    }

    /// Whether no answer has to be looked at.
    pub(super) fn is_idle(&self) -> bool {
        self.refusals.is_empty() && self.exchange.is_none() && self.held.is_empty()
    }

    /// Whether an exchange is under way: nothing of the client may go on.
    pub(super) fn is_exchanging(&self) -> bool {
        self.exchange.is_some()
    }

    /// What came of the last exchange, once.
    pub(super) fn take_settled(&mut self) -> Option<Settled> {
        self.settled.take()
    }

    /// What of the received bytes goes to the client, with what was held before. Something may be held back until more has
    /// come.
    ///
    /// # Errors
    ///
    /// [`Undecided`]: the connection must end.
    pub(super) fn rewrite(&mut self, received: &[u8]) -> Result<Vec<u8>, Undecided> {
        let mut input = std::mem::take(&mut self.held);
        input.extend_from_slice(received);
        let mut out = Vec::with_capacity(input.len());
        let mut rest = input.as_slice();
        loop {
            let step = match &self.exchange {
                Some(exchange) if !matches!(exchange.stage, Stage::Before) => self.take_frame(rest, &mut out)?,
                _ => self.take_line(rest, &mut out)?,
            };
            match step {
                Step::Taken(taken) => rest = &rest[taken..],
                Step::Held(from) => {
                    out.extend_from_slice(&rest[..from]);
                    self.held = rest[from..].to_vec();
                    return Ok(out);
                }
            }
        }
    }

    /// What is held, at the end of the connection.
    pub(super) fn take_held(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }

    /// Takes the bytes to the end of the next answer to a marker, wherever it stands.
    fn take_line(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<Step, Undecided> {
        let Some((line, found)) = self.find(text) else {
            return Ok(Step::Held(self.start_of_held(text)));
        };
        let before = &text[..line.start];
        match found {
            Found::Refusal(number) => {
                out.extend_from_slice(before);
                // Answers come in order: those before it were not answered.
                if let Some(Refusal { error, .. }) = self.refusals.drain(..=number).next_back() {
                    out.extend_from_slice(error.as_bytes());
                    out.extend_from_slice(b"\r\n");
                }
            }
            Found::Exchange(mark) => {
                self.refusals.clear();
                out.extend_from_slice(self.reach(&mark, before)?);
            }
        }
        Ok(Step::Taken(line.end))
    }

    /// A marker of the exchange is answered, before any other answer of it was read. Returns what of the bytes `before` it
    /// is the client's.
    fn reach<'a>(&mut self, mark: &Mark, before: &'a [u8]) -> Result<&'a [u8], Undecided> {
        let exchange = self.exchange.as_mut().ok_or(Undecided)?;
        match (mark, exchange.kind) {
            (Mark::FirstProbe, _) => {
                exchange.silence = Silence::None;
                Ok(before)
            }
            (Mark::SecondProbe, Kind::Login) => {
                if exchange.silence != Silence::None {
                    exchange.silence = Silence::Skip;
                }
                exchange.stage = Stage::Probed;
                Ok(before)
            }
            (Mark::Start, Kind::Login) => {
                exchange.stage = Stage::Started(Vec::new());
                before.strip_suffix(OK).ok_or(Undecided)
            }
            (Mark::Start, Kind::Reset { .. }) => {
                if exchange.silence != Silence::None {
                    exchange.silence = Silence::Skip;
                }
                exchange.stage = Stage::Started(Vec::new());
                Ok(before)
            }
            // Answers were off until RESET.
            (Mark::End, Kind::Reset { logs_in, after }) => {
                let rest = before
                    .strip_suffix(if logs_in { LOGGED_IN } else { RESET })
                    .ok_or(Undecided)?;
                self.exchange = None;
                self.login = after;
                self.settled = Some(Settled {
                    is_done: true,
                    is_login: false,
                    was_silent: false,
                });
                // The answer to RESET is the client's.
                Ok(&before[..rest.len() + RESET.len()])
            }
            _ => Err(Undecided),
        }
    }

    /// Takes the next answer of an exchange.
    fn take_frame(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<Step, Undecided> {
        let Some(length) = frame::length(text).map_err(|_| Undecided)? else {
            return if text.len() > MAX_FRAME {
                Err(Undecided)
            } else {
                Ok(Step::Held(0))
            };
        };
        let frame = &text[..length];
        let exchange = self.exchange.as_mut().ok_or(Undecided)?;
        match &mut exchange.stage {
            Stage::Before => return Err(Undecided),
            Stage::Probed if exchange.start.is_answered_by(frame) => exchange.stage = Stage::Started(Vec::new()),
            // The answer to CLIENT REPLY ON, whatever it is.
            Stage::Probed if matches!(frame[0], b'+' | b'-') => {}
            Stage::Probed => out.extend_from_slice(frame),
            Stage::Started(answers) if exchange.end.is_answered_by(frame) => {
                let settled = settled(exchange.kind, exchange.silence, answers)?;
                if answers.is_empty() && exchange.silence == Silence::None {
                    out.extend_from_slice(WRONG_PASSWORD);
                }
                match exchange.kind {
                    Kind::Reset { after, .. } => self.login = after,
                    Kind::Login if settled.is_done => self.login = LoginState::LoggedIn,
                    Kind::Login => {}
                }
                self.settled = Some(settled);
                self.exchange = None;
            }
            Stage::Started(answers) => match answer(frame) {
                // A message to a subscriber, which may come between any two answers.
                None => out.extend_from_slice(frame),
                Some(answer) => {
                    answers.push(answer);
                    // The second is that of the login behind RESET.
                    let is_shown = exchange.silence == Silence::None && answers.len() == 1;
                    match answer {
                        _ if !is_shown => {}
                        Answer::Queued => out.extend_from_slice(IN_TRANSACTION),
                        _ => out.extend_from_slice(frame),
                    }
                }
            },
        }
        Ok(Step::Taken(length))
    }

    /// The first whole answer to a marker in `text`, and which one it is.
    fn find(&self, text: &[u8]) -> Option<(Range<usize>, Found)> {
        let mut from = 0;
        while let Some(start) = position(&text[from..], ERROR).map(|at| from + at) {
            from = start + 1;
            if let Some(found) = self.found(&text[start..]) {
                let end = position(&text[start..], b"\r\n")?;
                return Some((start..start + end + 2, found));
            }
        }
        None
    }

    fn found(&self, line: &[u8]) -> Option<Found> {
        let answered = |refusal: &Refusal| refusal.marker.is_answered_by(line);
        if let Some(number) = self.refusals.iter().position(answered) {
            return Some(Found::Refusal(number));
        }
        let exchange = self.exchange.as_ref()?;
        [
            (&exchange.probes[0], Mark::FirstProbe),
            (&exchange.probes[1], Mark::SecondProbe),
            (&exchange.start, Mark::Start),
            (&exchange.end, Mark::End),
        ]
        .into_iter()
        .find(|(marker, _)| marker.is_answered_by(line))
        .map(|(_, mark)| Found::Exchange(mark))
    }

    /// From where on the text may be the start of something that is expected. An answer to a marker is found whole or not
    /// at all, so that it is enough to look at the last bytes.
    fn start_of_held(&self, text: &[u8]) -> usize {
        if self.refusals.is_empty() && self.exchange.is_none() {
            return text.len();
        }
        let hidden: &[u8] = match self.exchange.as_ref().map(|exchange| exchange.kind) {
            None => b"",
            Some(Kind::Login) => OK,
            Some(Kind::Reset { logs_in: true, .. }) => LOGGED_IN,
            Some(Kind::Reset { logs_in: false, .. }) => RESET,
        };
        let may_be_line = |rest: &[u8]| {
            let begins = |text: &[u8]| {
                let known = rest.len().min(text.len());
                rest[..known] == text[..known]
            };
            (begins(UNKNOWN_COMMAND) || begins(WRONG_OPTION)) && position(rest, b"\r\n").is_none()
        };
        let may_be_hidden = |rest: &[u8]| {
            let known = rest.len().min(hidden.len());
            known > 0 && rest[..known] == hidden[..known] && may_be_line(&rest[known..])
        };
        let first = text.len().saturating_sub(hidden.len() + LONGEST_LINE);
        (first..text.len())
            .find(|start| may_be_line(&text[*start..]) || may_be_hidden(&text[*start..]))
            .unwrap_or(text.len())
    }
}

/// What an answer to a marker belongs to.
enum Found {
    Refusal(usize),
    Exchange(Mark),
}

enum Mark {
    FirstProbe,
    SecondProbe,
    Start,
    End,
}

/// Turns answers off again.
pub(super) fn silence_command() -> Zeroizing<Vec<u8>> {
    command::encode(&[b"CLIENT", b"REPLY", b"OFF"])
}

fn joined(parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let mut all = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
    parts.iter().for_each(|part| all.extend_from_slice(part));
    all
}

/// None when it is no answer to a command of the exchange, but a message to a subscriber.
fn answer(frame: &[u8]) -> Option<Answer> {
    match frame {
        OK => Some(Answer::Done),
        RESET => Some(Answer::Reset),
        b"+QUEUED\r\n" => Some(Answer::Queued),
        [b'-', ..] => Some(Answer::Error),
        // The answer to HELLO, in RESP3 and in RESP2.
        [b'%', ..] => Some(Answer::Done),
        [b'*', rest @ ..] => {
            let first = position(rest, b"\r\n").map(|end| &rest[end + 2..]);
            first
                .is_some_and(|first| first.starts_with(b"$6\r\nserver\r\n"))
                .then_some(Answer::Done)
        }
        _ => None,
    }
}

fn settled(kind: Kind, silence: Silence, answers: &[Answer]) -> Result<Settled, Undecided> {
    let is_done = match (kind, answers) {
        (Kind::Login, [answer]) => *answer == Answer::Done,
        // Redis 8.0 and Valkey 8.1 do not answer a wrong password while other answers are unsent.
        (Kind::Login, []) => false,
        (Kind::Reset { logs_in: false, .. }, [Answer::Reset])
        | (Kind::Reset { logs_in: true, .. }, [Answer::Reset, Answer::Done]) => true,
        _ => return Err(Undecided),
    };
    Ok(Settled {
        is_done,
        is_login: kind == Kind::Login,
        was_silent: silence == Silence::Off && kind == Kind::Login,
    })
}

fn position(text: &[u8], part: &[u8]) -> Option<usize> {
    let first = part[0];
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.iter().position(|byte| *byte == first)?;
        if text[at..].starts_with(part) {
            return Some(at);
        }
        from = at + 1;
    }
}

const ERROR: &[u8] = b"-ERR ";
/// Before the name.
const UNKNOWN_COMMAND: &[u8] = b"-ERR unknown command ";
/// Before the option.
const WRONG_OPTION: &[u8] = b"-ERR Syntax error in HELLO option ";
const OK: &[u8] = b"+OK\r\n";
const RESET: &[u8] = b"+RESET\r\n";
/// The answers to `RESET` and to the login behind it.
const LOGGED_IN: &[u8] = b"+RESET\r\n+OK\r\n";
const WRONG_PASSWORD: &[u8] = b"-WRONGPASS invalid username-password pair or user is disabled.\r\n";
const IN_TRANSACTION: &[u8] = b"-ERR AUTH is refused in a transaction, and from a subscription on until RESET\r\n";
/// The answer to a marker has some 90 bytes.
const LONGEST_LINE: usize = 256;
/// Refusals that have not been answered. A client that has so many on their way reads no answers.
const MAX_REFUSALS: usize = 64;
/// An answer, or a message to a subscriber, between the two markers of an exchange.
const MAX_FRAME: usize = 64 * 1024 * 1024;

/// The bytes for the client, and of an exchange that was settled whether it is done and whether answers were off.
#[cfg(any(test, feature = "fuzzing"))]
type Rewritten = (Vec<u8>, Option<(bool, bool)>);

/// What the client gets of an engine's answers that come in pieces of this many bytes, behind two refusals and an exchange, and
/// what came of the exchange. Bytes from 0xF0 on stand for the answers to the markers, in order; markers that are left are
/// written by their number. None when the connection must end. For the fuzz target.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn rewritten(answers: &[u8], logs_in: bool, piece: usize) -> Option<Rewritten> {
    let mut rewriter = ReplyRewriter::new(LoginState::LoggedIn);
    let refusals = ["-ERR one", "-ERR other"].map(|error| rewriter.refuse(error.to_owned()));
    let exchange = if logs_in {
        rewriter.log_in(b"")
    } else {
        rewriter.reset(Some(b""), LoginState::LoggedIn)
    };
    let sent = [refusals[0].as_slice(), &refusals[1], &exchange].concat();
    let is_name = |word: &&[u8]| word.len() == 32;
    let names: Vec<_> = sent.split(|byte| b"\r\n".contains(byte)).filter(is_name).collect();
    let mut received = Vec::new();
    for byte in answers {
        match byte.checked_sub(0xf0).and_then(|number| names.get(usize::from(number))) {
            Some(name) => {
                received.extend([b"-ERR unknown command '", *name, b"', with args beginning with: \r\n"].concat())
            }
            None => received.push(*byte),
        }
    }
    let mut out = Vec::new();
    for piece in received.chunks(piece.max(1)) {
        out.extend(rewriter.rewrite(piece).ok()?);
    }
    out.extend(rewriter.take_held());
    let mut at = 0;
    while at < out.len() {
        if let Some(number) = names.iter().position(|name| out[at..].starts_with(name)) {
            out.splice(at..at + 32, number.to_string().into_bytes());
        }
        at += 1;
    }
    let settled = rewriter.take_settled();
    Some((out, settled.map(|settled| (settled.is_done, settled.was_silent))))
}

#[cfg(test)]
#[path = "reply_rewriter_tests.rs"]
mod tests;
