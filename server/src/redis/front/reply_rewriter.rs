//! Answers that are not for the client, found among those that are.
//!
//! What the front refuses is answered in its place among Redis's own answers, which come in the order of the commands and
//! which nobody here reads. So that Redis gives the place, the command is replaced by one that nobody has, whose name is
//! a random number: Redis says that it does not know it, in any state of a connection (`processCommand` of server.c looks a
//! command up before anything else), and only that line is taken out. Nobody but this connection knows the number, and it
//! is used once, so that no value can look like the line.

use std::collections::VecDeque;
use std::ops::Range;

use data_encoding::HEXLOWER;

use crate::redis::resp::command;

/// Takes the answers out that are expected, and puts others in their place.
#[derive(Debug, Default)]
pub(super) struct ReplyRewriter {
    expected: VecDeque<Expected>,
    /// The end of what was received, which may be the start of an answer that is expected.
    held: Vec<u8>,
}

#[derive(Debug)]
struct Expected {
    marker: Marker,
    instead: Instead,
}

/// What takes an answer's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Instead {
    /// This error.
    Error(String),
    /// The answer to `RESET`, which stands before it with that of `AUTH`.
    Reset,
}

/// The name of a command that nobody has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marker(String);

/// The connection is not who it was after `RESET`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotLoggedIn;

impl Marker {
    fn new() -> Self {
        let mut number = [0; 16];
        aws_lc_rs::rand::fill(&mut number).expect("the system gives random octets");
        Self(HEXLOWER.encode(&number))
    }

    /// The command, for Redis.
    pub(super) fn command(&self) -> Vec<u8> {
        command::encode(&[self.0.as_bytes()]).to_vec()
    }
}

impl ReplyRewriter {
    /// Expects an answer to a new marker.
    pub(super) fn expect(&mut self, instead: Instead) -> Marker {
        if self.expected.len() >= MAX_EXPECTED {
            // After CLIENT REPLY OFF none is answered; the client sees the rest as Redis says it.
            self.expected.pop_front();
        }
        let marker = Marker::new();
        self.expected.push_back(Expected {
            marker: marker.clone(),
            instead,
        });
        marker
    }

    /// Whether answers have to be looked at.
    pub(super) fn is_idle(&self) -> bool {
        self.expected.is_empty() && self.held.is_empty()
    }

    /// Whether the connection waits for the answer to a `RESET`.
    pub(super) fn expects_reset(&self) -> bool {
        self.expected.iter().any(|expected| expected.instead == Instead::Reset)
    }

    /// What of the received octets goes to the client, with what was held before. Something may be held back until more has
    /// come.
    ///
    /// # Errors
    ///
    /// [`NotLoggedIn`].
    pub(super) fn rewrite(&mut self, received: &[u8]) -> Result<Vec<u8>, NotLoggedIn> {
        let mut input = std::mem::take(&mut self.held);
        input.extend_from_slice(received);
        let mut out = Vec::with_capacity(input.len());
        let mut rest = input.as_slice();
        while let Some((line, number)) = self.find(rest) {
            // Redis answers in order: those before it were not answered.
            let Some(Expected { instead, .. }) = self.expected.drain(..=number).next_back() else {
                break;
            };
            let before = &rest[..line.start];
            match instead {
                Instead::Error(text) => {
                    out.extend_from_slice(before);
                    out.extend_from_slice(text.as_bytes());
                    out.extend_from_slice(b"\r\n");
                }
                Instead::Reset => {
                    let before = before.strip_suffix(LOGGED_IN).ok_or(NotLoggedIn)?;
                    out.extend_from_slice(before);
                    out.extend_from_slice(RESET);
                }
            }
            rest = &rest[line.end..];
        }
        let end = self.start_of_held(rest);
        out.extend_from_slice(&rest[..end]);
        self.held.extend_from_slice(&rest[end..]);
        Ok(out)
    }

    /// What is held, at the end of the connection.
    pub(super) fn take_held(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }

    /// The first whole line about a marker, and which one it is.
    fn find(&self, text: &[u8]) -> Option<(Range<usize>, usize)> {
        let mut from = 0;
        while let Some(start) = position(&text[from..], UNKNOWN_COMMAND).map(|at| from + at) {
            from = start + 1;
            let name = text.get(start + UNKNOWN_COMMAND.len() + 1..)?;
            let known = |expected: &Expected| name.starts_with(expected.marker.0.as_bytes());
            if let Some(number) = self.expected.iter().position(known) {
                let end = position(&text[start..], b"\r\n")?;
                return Some((start..start + end + 2, number));
            }
        }
        None
    }

    /// From where on the text may be the start of something that is expected. The line about a marker is found whole or not
    /// at all, so that it is enough to look at the last of its octets.
    fn start_of_held(&self, text: &[u8]) -> usize {
        if self.expected.is_empty() {
            return text.len();
        }
        let first = text.len().saturating_sub(LOGGED_IN.len() + LONGEST_LINE);
        let may_be_line = |rest: &[u8]| {
            let known = rest.len().min(UNKNOWN_COMMAND.len());
            rest[..known] == UNKNOWN_COMMAND[..known] && position(rest, b"\r\n").is_none()
        };
        let may_be_reset = |rest: &[u8]| {
            let known = rest.len().min(LOGGED_IN.len());
            rest[..known] == LOGGED_IN[..known] && may_be_line(&rest[known..])
        };
        let with_reset = self.expects_reset();
        (first..text.len())
            .find(|start| may_be_line(&text[*start..]) || with_reset && may_be_reset(&text[*start..]))
            .unwrap_or(text.len())
    }
}

fn position(text: &[u8], part: &[u8]) -> Option<usize> {
    let first = part[0];
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.iter().position(|octet| *octet == first)?;
        if text[at..].starts_with(part) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Before the name, which stands in quotation marks of the version's own.
const UNKNOWN_COMMAND: &[u8] = b"-ERR unknown command ";
const RESET: &[u8] = b"+RESET\r\n";
/// The answers to `RESET` and `AUTH`.
const LOGGED_IN: &[u8] = b"+RESET\r\n+OK\r\n";
/// The line about a marker has some 90 octets.
const LONGEST_LINE: usize = 256;
/// Refusals that have not been answered. A client that has so many on their way reads no answers.
const MAX_EXPECTED: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn line(marker: &Marker) -> Vec<u8> {
        format!("-ERR unknown command '{}', with args beginning with: \r\n", marker.0).into_bytes()
    }

    /// The same whole, and cut in two at every octet.
    fn check(expectations: &[Instead], received: impl Fn(&[Marker]) -> Vec<u8>, expected: &[u8]) {
        let run = |cut: Option<usize>| {
            let mut rewriter = ReplyRewriter::default();
            let markers: Vec<_> = expectations
                .iter()
                .cloned()
                .map(|instead| rewriter.expect(instead))
                .collect();
            let received = received(&markers);
            let (one, other) = received.split_at(cut.unwrap_or(received.len()).min(received.len()));
            let mut out = rewriter.rewrite(one).unwrap();
            out.extend(rewriter.rewrite(other).unwrap());
            out.extend(rewriter.take_held());
            (out.escape_ascii().to_string(), received.len())
        };
        let (whole, length) = run(None);
        assert_eq!(whole, expected.escape_ascii().to_string());
        for at in 0..length {
            assert_eq!(run(Some(at)).0, whole, "at {at}");
        }
    }

    fn error() -> Instead {
        Instead::Error("-ERR no".to_owned())
    }

    #[test]
    fn an_answer_is_replaced_in_its_place() {
        let received = |markers: &[Marker]| [b"+OK\r\n$1\r\n-\r\n", line(&markers[0]).as_slice(), b":1\r\n"].concat();
        check(&[error()], received, b"+OK\r\n$1\r\n-\r\n-ERR no\r\n:1\r\n");
    }

    #[test]
    fn what_only_looks_like_it_stays() {
        let other = line(&Marker::new());
        let value = [b"$10\r\n", other.as_slice(), b"+RESET\r\n+OK\r\n"].concat();
        let received = |markers: &[Marker]| [value.as_slice(), &line(&markers[0]), &value].concat();
        check(
            &[error()],
            received,
            &[value.as_slice(), b"-ERR no\r\n", &value].concat(),
        );
    }

    #[test]
    fn a_reset_is_answered_once() {
        let received =
            |markers: &[Marker]| [b"+OK\r\n+RESET\r\n+OK\r\n", line(&markers[0]).as_slice(), b"+PONG\r\n"].concat();
        check(&[Instead::Reset], received, b"+OK\r\n+RESET\r\n+PONG\r\n");
    }

    #[test]
    fn several_are_told_apart_and_one_that_is_never_answered_is_passed_over() {
        let received = |markers: &[Marker]| [line(&markers[1]).as_slice(), b"+OK\r\n", &line(&markers[2])].concat();
        let expectations = [
            Instead::Error("-ERR a".to_owned()),
            Instead::Error("-ERR b".to_owned()),
            Instead::Error("-ERR c".to_owned()),
        ];
        check(&expectations, received, b"-ERR b\r\n+OK\r\n-ERR c\r\n");
    }

    #[test]
    fn a_reset_without_a_login_is_an_error() {
        let mut rewriter = ReplyRewriter::default();
        let marker = rewriter.expect(Instead::Reset);
        let received = [b"+RESET\r\n-WRONGPASS no\r\n", line(&marker).as_slice()].concat();
        assert_eq!(rewriter.rewrite(&received), Err(NotLoggedIn));
    }

    #[test]
    fn nothing_is_kept_when_nothing_is_expected() {
        let mut rewriter = ReplyRewriter::default();
        let marker = rewriter.expect(error());
        assert!(!rewriter.is_idle());
        rewriter.rewrite(&line(&marker)).unwrap();
        assert!(rewriter.is_idle());
    }
}
