//! Separates replies for the proxy from those for the client, and reads the connection's identity from them.
//!
//! * A *refusal* is a marker in place of a command; the proxy's own error replaces its reply.
//! * An *exchange* changes the identity of the connection, between two markers ([`super::exchange`]).

use std::collections::VecDeque;
use std::ops::Range;

use zeroize::Zeroizing;

use super::exchange::{Answer, Exchange, Kind, Mark, Settled, Silence, Stage, Undecided};
use super::markers::{ERROR, LONGEST_LINE, LoginState, Marker, may_be_answer, position};
use crate::resp::answering::Answering;
use crate::resp::frame::FrameReader;

/// Replaces the expected replies in the stream.
#[derive(Debug)]
pub(super) struct ReplyRewriter {
    /// The state of the connection's login to the engine.
    login: LoginState,
    /// The mode of the engine's replies to the next commands.
    answering: Answering,
    refusals: VecDeque<Refusal>,
    /// The exchange in progress. Its markers come after those of all refusals.
    exchange: Option<Exchange>,
    settled: Option<Settled>,
    /// Replies are being turned off again: the next one says that the engine has refused it, or that they are on again.
    is_silencing: bool,
    /// The end of the received bytes, which may be the start of an expected reply.
    held: Vec<u8>,
    /// Parser of the reply at the start of `held`, where replies are parsed one by one.
    frame: FrameReader,
    /// The start of that reply has been sent to the client, and the rest follows.
    is_passing: bool,
}

#[derive(Debug)]
struct Refusal {
    marker: Marker,
    /// The error, without the end of its line.
    error: String,
    /// Replies were on when it was sent: the marker will be answered.
    is_certain: bool,
}

/// The treatment of a part of the input.
enum Step {
    /// This many bytes have been processed.
    Taken(usize),
    /// All bytes except this many at the start are held until more arrive. The first ones go to the client.
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

    /// Sets the mode of the engine's replies to the next commands.
    pub(super) fn expect(&mut self, answering: Answering) {
        self.answering = answering;
    }

    /// Returns the bytes to send in place of a command, so that the client gets this error in place of its reply.
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

    /// Returns `true` if so many refusals are unanswered that the next one must wait for a reply.
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

    /// Returns `true` if replies are known to be on.
    fn is_answering(&self) -> bool {
        matches!(self.answering, Answering::On | Answering::TurnedOn)
    }

    fn count(&self, is_certain: bool) -> usize {
        let alike = |refusal: &&Refusal| refusal.is_certain == is_certain;
        self.refusals.iter().filter(alike).count()
    }

    /// Returns `true` if no reply has to be inspected.
    pub(super) fn is_idle(&self) -> bool {
        self.refusals.is_empty() && self.exchange.is_none() && self.held.is_empty() && !self.reads_frames()
    }

    /// Returns `true` while an exchange is in progress, during which nothing from the client may be forwarded.
    pub(super) fn is_exchanging(&self) -> bool {
        self.exchange.is_some()
    }

    /// Takes the result of the last exchange.
    pub(super) fn take_settled(&mut self) -> Option<Settled> {
        self.settled.take()
    }

    /// Returns the bytes for the client out of those received and those held before. Some may be held until more
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

    /// Returns `true` if replies are parsed one by one, instead of being searched for in the stream.
    fn reads_frames(&self) -> bool {
        let exchange = self.exchange.as_ref();
        self.is_passing
            || self.is_silencing
            || exchange.is_some_and(|exchange| !matches!(exchange.stage, Stage::Before))
    }

    /// Takes the bytes up to the end of the next reply to a marker, wherever it is.
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

    /// Takes the next reply, of an exchange or while replies are turned off again.
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

    /// Takes the available bytes of a reply to the client.
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

    /// Handles a reply of the exchange.
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

    /// Ends the exchange.
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

    /// Position and owner of the first complete reply to a marker in `text`.
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

    /// Start of the text that may be the beginning of an expected reply. A reply to a marker is found complete or not
    /// at all, so the last bytes suffice.
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

/// The owner of a reply to a marker.
enum Found {
    Refusal(usize),
    Exchange(Mark),
}

/// The error for a login that a transaction or a subscription would keep from being executed.
pub(super) const IN_TRANSACTION: &str = "-ERR AUTH is refused in a transaction, and from a subscription on until RESET";
const WRONG_PASSWORD: &[u8] = b"-WRONGPASS invalid username-password pair or user is disabled.\r\n";
/// Maximum number of unanswered refusals: beyond it the client is not read, or, where replies are off, the oldest is
/// dropped.
const MAX_REFUSALS: usize = 64;
/// Maximum size of a reply between the two markers of an exchange, or of a message to a subscriber in RESP2.
const MAX_FRAME: usize = 64 * 1024 * 1024;

#[cfg(test)]
#[path = "reply_rewriter_tests.rs"]
mod tests;
