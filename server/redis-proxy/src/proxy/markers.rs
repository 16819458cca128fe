//! Commands whose replies mark a position in the stream of replies.
//!
//! Engines reply in the order of the commands. To find a position among the replies, the proxy sends a *marker*: a
//! command that no engine has, whose name is a random number. An engine replies that it does not know the command, in
//! any state of a logged-in connection, and even while a script keeps it busy (`processCommand` of Redis's server.c
//! looks a command up first). Before a login Valkey 9.1 replies `-NOAUTH` to unknown commands. There the marker is a
//! `HELLO` with the number as an option, which every engine rejects by name; a connection that is not logged in is in
//! no transaction or subscription, where the reply to `HELLO` would differ. Only this connection knows the number, and
//! it is used once, so no value can look like the reply.

use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

use crate::resp::arguments::encode;

/// A command whose reply marks its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) number: String,
    pub(super) state: LoginState,
}

/// The state of a connection's login to its engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoginState {
    LoggedIn,
    /// Only commands that log in are executed.
    LoggedOut,
}

impl Marker {
    /// A marker for a connection that is in this state when the engine executes it.
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

    /// Returns `true` if `line` is the reply to this marker.
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

/// Returns `true` if the text may be an incomplete reply to a marker.
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

/// The beginning of every reply to a marker.
pub(super) const ERROR: &[u8] = b"-ERR ";
/// The text before the name of an unknown command.
const UNKNOWN_COMMAND: &[u8] = b"-ERR unknown command ";
/// The text before the option.
const WRONG_OPTION: &[u8] = b"-ERR Syntax error in HELLO option ";
/// The reply to a marker has about 90 bytes.
pub(super) const LONGEST_LINE: usize = 256;
