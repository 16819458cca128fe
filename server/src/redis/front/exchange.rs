//! Changes of who a connection is, by `AUTH`, `HELLO` or `RESET`, between two markers.
//!
//! Nothing of the client goes on before the second marker is answered, and what stands between the two says whether the
//! engine has done it. In a transaction the markers also see to it that `EXEC` refuses: an `AUTH` that was queued is never
//! carried out.
//!
//! `CLIENT REPLY OFF` and `SKIP` would hide the answers. After one of them, an exchange that is no `RESET`, which ends
//! them, turns answers on first. Two more markers before that, the *probes*, show whether answers were off, and they are
//! turned off again afterwards. A silence that the client's commands did not show leaves the first marker unanswered, and
//! the connection ends.

use zeroize::Zeroizing;

use super::markers::{LoginState, Marker, position};
use crate::redis::resp::arguments::encode;

/// The change that is under way.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) kind: Kind,
    /// Markers that show whether answers are off: none is answered while they are off, and only the last one after
    /// `SKIP`. A login has two, before answers are turned on. A reset has one.
    pub(super) probes: Vec<Marker>,
    pub(super) start: Marker,
    pub(super) end: Marker,
    pub(super) stage: Stage,
    /// Answers to the client as they were when the exchange began, as far as that is known.
    pub(super) silence: Silence,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `AUTH`, or `HELLO` with it.
    Login,
    /// `RESET`, a login behind it or not, and what the connection is then.
    Reset { logs_in: bool, after: LoginState },
}

/// The progress of reading the answers of an exchange.
#[derive(Debug)]
pub(super) enum Stage {
    /// No answer has been read.
    Before,
    /// To the second probe: the answer to `CLIENT REPLY ON` comes next.
    Probed,
    /// To the first marker: the answers follow, these among them.
    Started(Vec<Answer>),
}

/// The mode of answers to the client before the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    None,
    /// For one command.
    Skip,
    Off,
}

/// An answer between the markers, as far as it says what the engine has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Done,
    Reset,
    Queued,
    Error,
}

/// The markers of an exchange.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mark {
    Probe { is_last: bool },
    Start,
    End,
}

/// The result of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settled {
    /// The engine carried it out; otherwise the connection keeps its identity.
    pub(super) is_done: bool,
    /// It was a login of the client's, and no reset.
    pub(super) is_login: bool,
    /// Answers were off before, and have to be turned off again: [`silence_command`]. Otherwise they are on.
    pub(super) was_silent: bool,
}

/// The engine has answered in a way that leaves open who the connection is, or whether it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the engine does not say who the connection is")]
pub(super) struct Undecided;

impl Exchange {
    /// Of a connection in this state. Answers may be off, or are known to be on.
    pub(super) fn new(kind: Kind, state: LoginState, may_be_silent: bool) -> Self {
        let (after, probes) = match kind {
            // Until it is logged in: both forms are answered alike then, outside of transactions.
            Kind::Login => (state, 2),
            Kind::Reset { after, .. } => (after, 1),
        };
        let probes = if may_be_silent { probes } else { 0 };
        Self {
            kind,
            probes: (0..probes).map(|_| Marker::new(state)).collect(),
            start: Marker::new(state),
            end: Marker::new(after),
            stage: Stage::Before,
            silence: if may_be_silent { Silence::Off } else { Silence::None },
        }
    }

    /// Returns the commands to send, including the one that logs in, if there is one.
    pub(super) fn commands(&self, login: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut parts: Vec<_> = self.probes.iter().map(Marker::command).collect();
        if self.kind == Kind::Login && !self.probes.is_empty() {
            parts.push(encode(&[b"CLIENT", b"REPLY", b"ON"]));
        }
        parts.push(self.start.command());
        if self.kind != Kind::Login {
            parts.push(encode(&[b"RESET"]));
        }
        let end = self.end.command();
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_slice()).chain([login, &end]).collect();
        let mut all = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
        parts.iter().for_each(|part| all.extend_from_slice(part));
        all
    }

    /// The marker that `line` is the answer to.
    pub(super) fn mark(&self, line: &[u8]) -> Option<Mark> {
        if let Some(number) = self.probes.iter().position(|probe| probe.is_answered_by(line)) {
            let is_last = number + 1 == self.probes.len();
            return Some(Mark::Probe { is_last });
        }
        [(&self.start, Mark::Start), (&self.end, Mark::End)]
            .into_iter()
            .find(|(marker, _)| marker.is_answered_by(line))
            .map(|(_, mark)| mark)
    }

    /// Returns the text that may precede a marker's answer and does not belong to the client. Nothing is held back for
    /// it where answers are known to be on.
    pub(super) fn hidden(&self) -> &'static [u8] {
        match self.kind {
            _ if self.probes.is_empty() => b"",
            Kind::Login => OK,
            Kind::Reset { logs_in: true, .. } => LOGGED_IN,
            Kind::Reset { logs_in: false, .. } => RESET,
        }
    }

    /// A marker is answered, before any other answer of the exchange was read. Returns how many of the bytes `before` it
    /// are the client's, and whether the exchange is over: a reset that began without answers.
    pub(super) fn reach(&mut self, mark: Mark, before: &[u8]) -> Result<(usize, bool), Undecided> {
        match (mark, self.kind) {
            (Mark::Probe { is_last }, kind) => {
                if is_last && kind == Kind::Login {
                    if self.silence == Silence::Off {
                        self.silence = Silence::Skip;
                    }
                    self.stage = Stage::Probed;
                } else {
                    self.silence = Silence::None;
                }
                Ok((before.len(), false))
            }
            (Mark::Start, kind) => {
                self.stage = Stage::Started(Vec::new());
                if kind == Kind::Login && !self.probes.is_empty() {
                    let rest = before.strip_suffix(OK).ok_or(Undecided)?;
                    return Ok((rest.len(), false));
                }
                if self.silence == Silence::Off {
                    self.silence = Silence::Skip;
                }
                Ok((before.len(), false))
            }
            // Answers were off until RESET. Its answer is the client's, that of the login is not.
            (Mark::End, Kind::Reset { .. }) if !self.probes.is_empty() => {
                let rest = before.strip_suffix(self.hidden()).ok_or(Undecided)?;
                Ok((rest.len() + RESET.len(), true))
            }
            (Mark::End, _) => Err(Undecided),
        }
    }

    /// Returns the result after the last marker has been answered.
    pub(super) fn settled(&self, answers: &[Answer]) -> Result<Settled, Undecided> {
        let is_done = match (self.kind, answers) {
            (Kind::Login, [answer]) => *answer == Answer::Done,
            // Redis 8.0 and Valkey 8.1 do not answer a wrong password while other answers are unsent.
            (Kind::Login, []) => false,
            (Kind::Reset { logs_in: false, .. }, [Answer::Reset])
            | (Kind::Reset { logs_in: true, .. }, [Answer::Reset, Answer::Done]) => true,
            _ => return Err(Undecided),
        };
        Ok(Settled {
            is_done,
            is_login: self.kind == Kind::Login,
            was_silent: self.silence == Silence::Off && self.kind == Kind::Login,
        })
    }
}

impl Settled {
    /// A reset always is.
    pub(super) const RESET: Self = Self {
        is_done: true,
        is_login: false,
        was_silent: false,
    };
}

impl Answer {
    /// None when it is no answer to a command of the exchange, but a message to a subscriber.
    pub(super) fn of(frame: &[u8]) -> Option<Self> {
        match frame {
            OK => Some(Self::Done),
            RESET => Some(Self::Reset),
            b"+QUEUED\r\n" => Some(Self::Queued),
            [b'-', ..] => Some(Self::Error),
            // The answer to HELLO, in RESP3 and in RESP2.
            [b'%', ..] => Some(Self::Done),
            [b'*', rest @ ..] => {
                let first = position(rest, b"\r\n").map(|end| &rest[end + 2..]);
                first
                    .is_some_and(|first| first.starts_with(b"$6\r\nserver\r\n"))
                    .then_some(Self::Done)
            }
            _ => None,
        }
    }
}

/// Turns answers off again.
pub(super) fn silence_command() -> Zeroizing<Vec<u8>> {
    encode(&[b"CLIENT", b"REPLY", b"OFF"])
}

const OK: &[u8] = b"+OK\r\n";
const RESET: &[u8] = b"+RESET\r\n";
/// The answers to `RESET` and to the login behind it.
const LOGGED_IN: &[u8] = b"+RESET\r\n+OK\r\n";
