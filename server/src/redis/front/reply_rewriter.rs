//! Answers that are not for the client, found among those that are, and what they say of who the connection is.
//!
//! * A *refusal* is a marker in place of a command; an error of the proxy's own takes the place of its answer.
//! * An *exchange* changes who the connection is, between two markers ([`super::exchange`]).

use std::collections::VecDeque;
use std::ops::Range;

use zeroize::Zeroizing;

use super::exchange::{Answer, Exchange, Kind, Mark, Settled, Silence, Stage, Undecided};
use super::markers::{ERROR, LONGEST_LINE, LoginState, Marker, may_be_answer, position};
use crate::redis::resp::answering::Answering;
use crate::redis::resp::frame::FrameReader;

/// Takes out the answers that are expected, and puts others in their place.
#[derive(Debug)]
pub(super) struct ReplyRewriter {
    /// The state of the connection's login to the engine.
    login: LoginState,
    /// The mode of the engine's answers to the next commands.
    answering: Answering,
    refusals: VecDeque<Refusal>,
    /// The one that is under way. Its markers come after those of all refusals.
    exchange: Option<Exchange>,
    settled: Option<Settled>,
    /// Answers are being turned off again: the next one says that the engine has refused it, or that they are on again.
    is_silencing: bool,
    /// The end of what was received, which may be the start of an answer that is expected.
    held: Vec<u8>,
    /// Of the answer that `held` begins with, where answers are read one by one.
    frame: FrameReader,
    /// The start of that answer has gone to the client, and the rest follows.
    is_passing: bool,
}

#[derive(Debug)]
struct Refusal {
    marker: Marker,
    /// The error, without the end of its line.
    error: String,
    /// Answers were on when it was sent: the marker will be answered.
    is_certain: bool,
}

/// The treatment of a part of the input.
enum Step {
    /// This many bytes of it have been taken.
    Taken(usize),
    /// All but this many bytes at its start is held until more has come. Those go to the client.
    Held(usize),
}

impl ReplyRewriter {
    pub(super) fn new(login: LoginState) -> Self {
        Self {
            login,
            answering: Answering::On,
            refusals: VecDeque::new(),
            exchange: None,
            settled: None,
            is_silencing: false,
            held: Vec::new(),
            frame: FrameReader::default(),
            is_passing: false,
        }
    }

    /// Sets the mode of the engine's answers to the next commands.
    pub(super) fn expect(&mut self, answering: Answering) {
        self.answering = answering;
    }

    /// Returns the bytes to send in place of a command, so that the client gets this error in place of its answer.
    pub(super) fn refuse(&mut self, error: String) -> Zeroizing<Vec<u8>> {
        let is_certain = self.is_answering();
        if !is_certain && self.count(false) >= MAX_REFUSALS {
            // After CLIENT REPLY OFF none is answered; the client sees the rest as the engine says it.
            let oldest = self.refusals.iter().position(|refusal| !refusal.is_certain);
            if let Some(oldest) = oldest {
                self.refusals.remove(oldest);
            }
        }
        let marker = Marker::new(self.login);
        let command = marker.command();
        self.refusals.push_back(Refusal {
            marker,
            error,
            is_certain,
        });
        command
    }

    /// Returns `true` when so many refusals are unanswered that no further command may be refused before one of them is
    /// answered.
    pub(super) fn is_full(&self) -> bool {
        self.refusals.len() >= MAX_REFUSALS && self.count(true) >= MAX_REFUSALS
    }

    /// Returns the bytes to send for an `AUTH`, or a `HELLO` with it. Call it only when no exchange is in progress.
    pub(super) fn log_in(&mut self, login: &[u8]) -> Zeroizing<Vec<u8>> {
        self.begin(Kind::Login, login)
    }

    /// Returns the bytes to send for a `RESET`, with the login that follows it; `after` is the state of the login
    /// afterwards. Call it only when no exchange is in progress.
    pub(super) fn reset(&mut self, login: Option<&[u8]>, after: LoginState) -> Zeroizing<Vec<u8>> {
        let logs_in = login.is_some();
        self.begin(Kind::Reset { logs_in, after }, login.unwrap_or_default())
    }

    fn begin(&mut self, kind: Kind, login: &[u8]) -> Zeroizing<Vec<u8>> {
        let exchange = Exchange::new(kind, self.login, !self.is_answering());
        self.exchange.insert(exchange).commands(login)
    }

    /// Returns `true` when answers are known to be on.
    fn is_answering(&self) -> bool {
        matches!(self.answering, Answering::On | Answering::TurnedOn)
    }

    fn count(&self, is_certain: bool) -> usize {
        let alike = |refusal: &&Refusal| refusal.is_certain == is_certain;
        self.refusals.iter().filter(alike).count()
    }

    /// Returns `true` when no answer has to be inspected.
    pub(super) fn is_idle(&self) -> bool {
        self.refusals.is_empty() && self.exchange.is_none() && self.held.is_empty() && !self.reads_frames()
    }

    /// Returns `true` while an exchange is in progress, when nothing of the client may be forwarded.
    pub(super) fn is_exchanging(&self) -> bool {
        self.exchange.is_some()
    }

    /// Takes the result of the last exchange.
    pub(super) fn take_settled(&mut self) -> Option<Settled> {
        self.settled.take()
    }

    /// Returns the bytes for the client out of those received and those held before. Some may be held back until more
    /// arrive.
    ///
    /// # Errors
    ///
    /// [`Undecided`]: the connection must end.
    pub(super) fn rewrite(&mut self, received: &[u8]) -> Result<Vec<u8>, Undecided> {
        let mut input = std::mem::take(&mut self.held);
        input.extend_from_slice(received);
        let mut out = Vec::with_capacity(received.len());
        let mut at = 0;
        loop {
            let rest = &input[at..];
            let step = if self.reads_frames() {
                self.take_frame(rest, &mut out)?
            } else {
                self.take_line(rest, &mut out)?
            };
            match step {
                Step::Taken(taken) => at += taken,
                Step::Held(from) => {
                    out.extend_from_slice(&rest[..from]);
                    at += from;
                    break;
                }
            }
        }
        // What is left of a large answer stays where it is: pieces of it are not copied again with each that comes.
        if at == input.len() {
            input = Vec::new();
        } else if at > 0 {
            input.drain(..at);
        }
        self.held = input;
        Ok(out)
    }

    /// Takes the bytes that are held, at the end of the connection.
    pub(super) fn take_held(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }

    /// Returns `true` when answers are parsed one by one, instead of being searched for in the stream.
    fn reads_frames(&self) -> bool {
        let exchange = self.exchange.as_ref();
        self.is_passing
            || self.is_silencing
            || exchange.is_some_and(|exchange| !matches!(exchange.stage, Stage::Before))
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
                let exchange = self.exchange.as_mut().ok_or(Undecided)?;
                let (shown, is_over) = exchange.reach(mark, before)?;
                out.extend_from_slice(&before[..shown]);
                if is_over {
                    self.end(Settled::RESET);
                }
            }
        }
        Ok(Step::Taken(line.end))
    }

    /// Takes the next answer, of an exchange or while answers are turned off again.
    fn take_frame(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<Step, Undecided> {
        let Some(first) = text.first() else {
            return Ok(Step::Held(0));
        };
        if self.is_silencing && !self.is_passing {
            match first {
                // The new user may not turn answers off: the client would take this for an answer to a command of its own.
                b'-' => return Err(Undecided),
                b'>' | b'*' => {}
                // The engine has turned them off, and the client has turned them on.
                _ => {
                    self.is_silencing = false;
                    return Ok(Step::Taken(0));
                }
            }
        }
        // A message to a subscriber, which may come between any two answers, and is never held.
        if self.is_passing || self.is_silencing || *first == b'>' {
            return self.pass_frame(text, out);
        }
        let Some(length) = self.frame.length(text).map_err(|_| Undecided)? else {
            return if text.len() > MAX_FRAME {
                Err(Undecided)
            } else {
                Ok(Step::Held(0))
            };
        };
        self.frame = FrameReader::default();
        self.read(&text[..length], out)?;
        Ok(Step::Taken(length))
    }

    /// Takes what is there of an answer that is the client's.
    fn pass_frame(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<Step, Undecided> {
        if let Some(length) = self.frame.length(text).map_err(|_| Undecided)? {
            out.extend_from_slice(&text[..length]);
            self.frame = FrameReader::default();
            self.is_passing = false;
            return Ok(Step::Taken(length));
        }
        let there = self.frame.read_of(text.len());
        self.frame.forget(there);
        self.is_passing = there > 0 || self.is_passing;
        Ok(Step::Held(there))
    }

    /// Reads an answer of the exchange.
    fn read(&mut self, frame: &[u8], out: &mut Vec<u8>) -> Result<(), Undecided> {
        let exchange = self.exchange.as_mut().ok_or(Undecided)?;
        match &mut exchange.stage {
            Stage::Before => return Err(Undecided),
            Stage::Probed if exchange.start.is_answered_by(frame) => exchange.stage = Stage::Started(Vec::new()),
            // The answer to CLIENT REPLY ON, whatever it is.
            Stage::Probed if matches!(frame[0], b'+' | b'-') => {}
            Stage::Probed => out.extend_from_slice(frame),
            Stage::Started(answers) if exchange.end.is_answered_by(frame) => {
                let answers = std::mem::take(answers);
                let settled = exchange.settled(&answers)?;
                if answers.is_empty() && exchange.silence == Silence::None {
                    out.extend_from_slice(WRONG_PASSWORD);
                }
                self.end(settled);
            }
            Stage::Started(answers) => match Answer::of(frame) {
                None => out.extend_from_slice(frame),
                Some(answer) => {
                    answers.push(answer);
                    // The second is that of the login behind RESET.
                    let is_shown = exchange.silence == Silence::None && answers.len() == 1;
                    match answer {
                        _ if !is_shown => {}
                        Answer::Queued => {
                            out.extend_from_slice(IN_TRANSACTION.as_bytes());
                            out.extend_from_slice(b"\r\n");
                        }
                        _ => out.extend_from_slice(frame),
                    }
                }
            },
        }
        Ok(())
    }

    /// The exchange is over.
    fn end(&mut self, settled: Settled) {
        if let Some(exchange) = self.exchange.take() {
            match exchange.kind {
                Kind::Reset { after, .. } => self.login = after,
                Kind::Login if settled.is_done => self.login = LoginState::LoggedIn,
                Kind::Login => {}
            }
        }
        self.is_silencing = settled.was_silent;
        self.settled = Some(settled);
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
        self.exchange.as_ref()?.mark(line).map(Found::Exchange)
    }

    /// From where on the text may be the start of something that is expected. An answer to a marker is found whole or not
    /// at all, so that it is enough to look at the last bytes.
    fn start_of_held(&self, text: &[u8]) -> usize {
        if self.refusals.is_empty() && self.exchange.is_none() {
            return text.len();
        }
        let hidden = self.exchange.as_ref().map_or(&b""[..], Exchange::hidden);
        let may_be_hidden = |rest: &[u8]| {
            let known = rest.len().min(hidden.len());
            known > 0 && rest[..known] == hidden[..known] && may_be_answer(&rest[known..])
        };
        let first = text.len().saturating_sub(hidden.len() + LONGEST_LINE);
        (first..text.len())
            .find(|start| may_be_answer(&text[*start..]) || may_be_hidden(&text[*start..]))
            .unwrap_or(text.len())
    }
}

/// The owner of an answer to a marker.
enum Found {
    Refusal(usize),
    Exchange(Mark),
}

/// The answer to a login that a transaction or a subscription keeps from being carried out.
pub(super) const IN_TRANSACTION: &str = "-ERR AUTH is refused in a transaction, and from a subscription on until RESET";
const WRONG_PASSWORD: &[u8] = b"-WRONGPASS invalid username-password pair or user is disabled.\r\n";
/// Refusals that have not been answered: beyond these a client is not read from, or the oldest is forgotten where none is
/// answered.
const MAX_REFUSALS: usize = 64;
/// An answer between the two markers of an exchange, or a message to a subscriber in RESP2.
const MAX_FRAME: usize = 64 * 1024 * 1024;

#[cfg(test)]
#[path = "reply_rewriter_tests.rs"]
mod tests;
