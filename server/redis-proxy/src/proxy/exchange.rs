//! Identity changes by `AUTH`, `HELLO` or `RESET`, enclosed in two markers.
//!
//! Nothing from the client is forwarded before the second marker is answered, and the replies between the two show
//! whether the engine has changed the identity. In a transaction the markers also make `EXEC` fail: a queued `AUTH` is
//! never executed.
//!
//! `CLIENT REPLY OFF` and `SKIP` would suppress the replies. After one of them, an exchange turns replies on first,
//! unless it is a `RESET`, which does that by itself. Two markers before that, the *probes*, show whether replies were
//! off, in which case they are turned off again afterwards. If replies are off although the client's commands did not
//! show it, the first marker stays unanswered, and the connection ends.

use zeroize::Zeroizing;

use super::markers::{LoginState, Marker, position};
use crate::resp::arguments::encode;

/// The exchange in progress.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) kind: Kind,
    /// Markers that show whether replies are off: none is answered while they are off, and only the last one after
    /// `SKIP`. A login has two, before replies are turned on. A reset has one.
    pub(super) probes: Vec<Marker>,
    pub(super) start: Marker,
    pub(super) end: Marker,
    pub(super) stage: Stage,
    /// Mode of replies to the client when the exchange began, as far as known.
    pub(super) silence: Silence,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `AUTH`, or `HELLO` with it.
    Login,
    /// `RESET`, with or without a subsequent login, and the login state afterwards.
    Reset { logs_in: bool, after: LoginState },
}

/// Progress of reading the replies of an exchange.
#[derive(Debug)]
pub(super) enum Stage {
    /// No reply has been read.
    Before,
    /// Up to the second probe: the reply to `CLIENT REPLY ON` comes next.
    Probed,
    /// Up to the first marker: the replies follow, including these.
    Started(Vec<Answer>),
}

/// Mode of replies to the client before the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    None,
    /// Off for one command.
    Skip,
    Off,
}

/// A reply between the markers, as far as it shows the effect of the command.
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
    /// The engine has executed it; otherwise the connection keeps its identity.
    pub(super) is_done: bool,
    /// It was a login of the client, not a reset.
    pub(super) is_login: bool,
    /// Replies were off before, and have to be turned off again: [`silence_command`]. Otherwise they are on.
    pub(super) was_silent: bool,
}

/// The engine's replies do not show the identity of the connection, or whether replies are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the engine does not say who the connection is")]
pub(super) struct Undecided;

impl Exchange {
    /// An exchange on a connection in this state. Replies may be off, or are known to be on.
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

    /// Returns the text that may precede a marker's reply and does not belong to the client. Nothing is withheld where
    /// replies are known to be on.
    pub(super) fn hidden(&self) -> &'static [u8] {
        match self.kind {
            _ if self.probes.is_empty() => b"",
            Kind::Login => OK,
            Kind::Reset { logs_in: true, .. } => LOGGED_IN,
            Kind::Reset { logs_in: false, .. } => RESET,
        }
    }

    /// Handles the reply to a marker, before any other reply of the exchange was read. Returns how many of the bytes
    /// `before` it are the client's, and whether the exchange is over: a reset that began with replies off.
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
    /// The settled state of every reset.
    pub(super) const RESET: Self = Self {
        is_done: true,
        is_login: false,
        was_silent: false,
    };
}

impl Answer {
    /// None for a message to a subscriber, which is not a reply to a command of the exchange.
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

/// The command that turns replies off again.
pub(super) fn silence_command() -> Zeroizing<Vec<u8>> {
    encode(&[b"CLIENT", b"REPLY", b"OFF"])
}

const OK: &[u8] = b"+OK\r\n";
const RESET: &[u8] = b"+RESET\r\n";
/// The replies to `RESET` and to the login after it.
const LOGGED_IN: &[u8] = b"+RESET\r\n+OK\r\n";
