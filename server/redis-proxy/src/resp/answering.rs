//! Tracks whether an engine sends replies to a client's commands, as far as the client's own commands determine it.

use zeroize::Zeroizing;

use super::watched::{c_string, changes_mode, is_read};

/// The mode of the engine's replies to the next command, after the `CLIENT REPLY` commands since the start of the
/// connection or its last `RESET`.
///
/// A command counts when it was sent: it is not known here if the engine has executed, queued or refused it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Answering {
    /// Replies are on and have never been turned off.
    #[default]
    On,
    /// Replies are on, unless the engine was busy with a script: it refuses `CLIENT REPLY ON` then.
    TurnedOn,
    /// Replies may be off, and `CLIENT REPLY ON` would be executed.
    MayBeOff,
    /// Replies may be off, in a possible transaction or subscription, where `CLIENT REPLY ON` is queued or refused.
    MayStayOff,
}

impl Answering {
    /// Returns `true` if a command with this name must be inspected.
    pub(super) fn is_of_interest(self, name: &[u8]) -> bool {
        is_read(name) || (self == Self::MayBeOff && changes_mode(name))
    }

    /// Records a command by its name, which may be truncated after the longest relevant one.
    pub(super) fn note_name(&mut self, name: &[u8]) {
        if *self == Self::MayBeOff && changes_mode(name) {
            *self = Self::MayStayOff;
        }
    }

    /// Records a complete command. The same command may be recorded twice.
    pub(super) fn note(&mut self, arguments: &[Zeroizing<Vec<u8>>]) {
        let Some((name, rest)) = arguments.split_first() else {
            return;
        };
        self.note_name(name);
        match rest {
            [subcommand, mode, ..] if is(name, "CLIENT") && is(subcommand, "REPLY") => {
                if is(mode, "OFF") || is(mode, "SKIP") {
                    if *self != Self::MayStayOff {
                        *self = Self::MayBeOff;
                    }
                } else if *self == Self::MayBeOff && turns_on(rest) {
                    *self = Self::TurnedOn;
                }
            }
            // Back in RESP2, a connection that was subscribed in RESP3 can no longer turn answers on.
            [version, ..] if *self == Self::MayBeOff && is(name, "HELLO") && version.as_slice() != b"3" => {
                *self = Self::MayStayOff;
            }
            _ => {}
        }
    }
}

/// Requires arguments without NUL, after which engines differ, and no extra argument, which they refuse.
fn turns_on(arguments: &[Zeroizing<Vec<u8>>]) -> bool {
    match arguments {
        [subcommand, mode] => subcommand.eq_ignore_ascii_case(b"REPLY") && mode.eq_ignore_ascii_case(b"ON"),
        _ => false,
    }
}

/// Compares as engines do: up to the first NUL, ignoring case.
fn is(argument: &[u8], word: &str) -> bool {
    c_string(argument).eq_ignore_ascii_case(word.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::arguments::encode;
    use crate::resp::command::{CommandScanner, Scanned};

    /// Checks the mode after these commands, sent as arrays and as lines, in pieces of every size.
    fn check(commands: &[&str], expected: Answering) {
        let arrays = commands.iter().flat_map(|command| {
            let words: Vec<_> = command.split(' ').map(str::as_bytes).collect();
            encode(&words).to_vec()
        });
        let arrays: Vec<u8> = arrays.collect();
        let lines = commands.join("\r\n") + "\r\n";
        // A NUL cannot be written in a line but in quotation marks.
        let lines = lines.replace("OFF\0x", "\"OFF\\x00x\"").replace("ON\0", "\"ON\\x00\"");
        for stream in [arrays.as_slice(), lines.as_bytes()] {
            for size in 1..=stream.len() {
                let mut scanner = CommandScanner::default();
                for piece in stream.chunks(size) {
                    let mut rest = piece;
                    while !rest.is_empty() {
                        rest = match scanner.scan(rest) {
                            Scanned::Pass(count) => {
                                scanner.take_held();
                                &rest[count..]
                            }
                            Scanned::Hold(count) | Scanned::Line(count, _) | Scanned::Identity(count, _) => {
                                &rest[count..]
                            }
                            other => panic!("{other:?}"),
                        };
                    }
                }
                assert_eq!(scanner.answering(), expected, "{commands:?} in pieces of {size}");
            }
        }
    }

    #[test]
    fn answers_are_on_until_the_client_turns_them_off() {
        use Answering::{MayBeOff, MayStayOff, On, TurnedOn};
        check(&["SET key value", "MULTI", "SUBSCRIBE news", "CLIENT REPLY ON"], On);
        check(&["CLIENT ID", "CLIENT REPLY", "CLIENT SETNAME OFF"], On);
        check(&["CLIENT REPLY OFF"], MayBeOff);
        check(&["client reply Skip", "PING"], MayBeOff);
        // Engines end words at a NUL.
        check(&["CLIENT REPLY OFF\0x"], MayBeOff);
        check(&["CLIENT REPLY OFF", "GET MULTI", "CLIENT REPLY ON"], TurnedOn);
        check(&["CLIENT REPLY OFF", "CLIENT REPLY ON", "MULTI"], TurnedOn);
        check(&["CLIENT REPLY OFF", "CLIENT REPLY ON", "CLIENT REPLY OFF"], MayBeOff);
        check(&["CLIENT REPLY OFF", "CLIENT REPLY ON now"], MayBeOff);
        check(&["CLIENT REPLY OFF", "CLIENT REPLY ON\0"], MayBeOff);
        check(&["MULTI", "CLIENT REPLY OFF"], MayBeOff);
        check(&["CLIENT REPLY OFF", "HELLO 3"], MayBeOff);
        check(&["CLIENT REPLY OFF", "HELLO 2"], MayStayOff);
        for mode in [
            "multi",
            "SUBSCRIBE news",
            "PSubscribe n*",
            "SSUBSCRIBE news",
            "MONITOR",
            "SYNC",
            "PSYNC ? -1",
        ] {
            check(&["CLIENT REPLY OFF", "PING", mode, "PING"], MayStayOff);
            check(
                &["CLIENT REPLY SKIP", mode, "CLIENT REPLY ON", "CLIENT REPLY OFF"],
                MayStayOff,
            );
        }
        check(&["CLIENT REPLY OFF", "MULTIPLE", "SUBSCRIBER x"], MayBeOff);
    }
}
