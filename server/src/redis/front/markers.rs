//! Commands that say where their answers stand.
//!
//! Engines answer in the order of the commands, and nobody here reads answers otherwise. To find a place among them, the
//! proxy sends a *marker*: a command that no engine has, whose name is a random number. An engine answers that it does not
//! know it, in any state of a connection that is logged in, and also while a script keeps it busy (`processCommand` of
//! Redis's server.c looks a command up first).
//! Before a login Valkey 9.1 answers `-NOAUTH` to whatever it does not know. There the marker is a `HELLO` with the number as
//! an option, which every engine names as wrong; a connection that is not logged in is in no transaction or subscription,
//! where `HELLO` would be answered otherwise.
//! Only this connection knows the number, and it is used once, so that no value can look like the answer.

use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

use crate::redis::resp::arguments::encode;

/// A command that says where its answer stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) number: String,
    pub(super) state: LoginState,
}

/// The state of a connection's login to its engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoginState {
    LoggedIn,
    /// Only commands that log in are carried out.
    LoggedOut,
}

impl Marker {
    /// For a connection in this state when the engine carries it out.
    pub(super) fn new(state: LoginState) -> Self {
        let mut number = [0; 16];
        aws_lc_rs::rand::fill(&mut number).expect("the system gives random bytes");
        let number = HEXLOWER.encode(&number);
        Self { number, state }
    }

    pub(super) fn command(&self) -> Zeroizing<Vec<u8>> {
        match self.state {
            LoginState::LoggedIn => encode(&[self.number.as_bytes()]),
            LoginState::LoggedOut => encode(&[b"HELLO", b"2", self.number.as_bytes()]),
        }
    }

    /// Returns `true` when `line` is the answer to this marker.
    pub(super) fn is_answered_by(&self, line: &[u8]) -> bool {
        let start = match self.state {
            LoginState::LoggedIn => UNKNOWN_COMMAND,
            LoginState::LoggedOut => WRONG_OPTION,
        };
        // The number stands in quotation marks of the version's own.
        let number = line.strip_prefix(start).and_then(|rest| rest.get(1..));
        number.is_some_and(|number| number.starts_with(self.number.as_bytes()))
    }
}

/// Returns `true` when the text may be the incomplete answer to a marker.
pub(super) fn may_be_answer(text: &[u8]) -> bool {
    let begins = |known: &[u8]| text.iter().zip(known).all(|(one, other)| one == other);
    (begins(UNKNOWN_COMMAND) || begins(WRONG_OPTION)) && position(text, b"\r\n").is_none()
}

/// Returns the position of the first occurrence of `part`.
pub(super) fn position(text: &[u8], part: &[u8]) -> Option<usize> {
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

/// The beginning of every answer to a marker.
pub(super) const ERROR: &[u8] = b"-ERR ";
/// The text before the name of an unknown command.
const UNKNOWN_COMMAND: &[u8] = b"-ERR unknown command ";
/// Before the option.
const WRONG_OPTION: &[u8] = b"-ERR Syntax error in HELLO option ";
/// The answer to a marker has some 90 bytes.
pub(super) const LONGEST_LINE: usize = 256;
