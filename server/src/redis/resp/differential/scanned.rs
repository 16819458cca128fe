//! Scans a stream as the front does, with markers in place of identity commands.

use crate::redis::resp::arguments::encode;
use crate::redis::resp::command::{CommandScanner, Scanned};
use crate::redis::resp::identity::IdentityCommand;

/// The part of a stream that the front forwards.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Forwarded {
    /// The bytes for the engine.
    pub(crate) bytes: Vec<u8>,
    /// The identity commands that were kept back, in order; a marker stands for each.
    pub(crate) intercepted: Vec<Intercepted>,
    /// True when the front ended the connection before the end of the stream.
    pub(crate) has_ended: bool,
}

/// An identity command that was kept back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intercepted {
    /// `AUTH`.
    Auth,
    /// `HELLO … AUTH`.
    Hello,
    /// `RESET`.
    Reset,
    /// One of them in a form that the engine refuses.
    Malformed,
}

/// The marker of the identity command with this number.
pub(crate) fn marker(number: usize) -> String {
    format!("certward-marker-{number}")
}

/// Sends a stream, which comes in these pieces, through the scanner.
pub(crate) fn forward<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Forwarded {
    let mut scanner = CommandScanner::default();
    let mut forwarded = Forwarded::default();
    for piece in pieces {
        let mut rest = piece;
        while !rest.is_empty() {
            let count = match scanner.scan(rest) {
                Scanned::Pass(count) => {
                    forwarded.bytes.extend_from_slice(&scanner.take_held());
                    forwarded.bytes.extend_from_slice(&rest[..count]);
                    count
                }
                Scanned::Hold(count) => count,
                Scanned::Line(count, array) => {
                    forwarded.bytes.extend_from_slice(&array);
                    count
                }
                Scanned::Identity(count, command) => {
                    let name = marker(forwarded.intercepted.len());
                    forwarded.bytes.extend_from_slice(&encode(&[name.as_bytes()]));
                    forwarded.intercepted.push(Intercepted::of(&command));
                    count
                }
                Scanned::Garbage(count) => {
                    forwarded.bytes.extend_from_slice(&scanner.take_held());
                    forwarded.bytes.extend_from_slice(&rest[..count]);
                    forwarded.bytes.extend_from_slice(b"\r\n");
                    forwarded.has_ended = true;
                    return forwarded;
                }
                Scanned::Refused(_) => {
                    forwarded.has_ended = true;
                    return forwarded;
                }
            };
            rest = &rest[count..];
        }
    }
    forwarded
}

impl Intercepted {
    fn of(command: &IdentityCommand) -> Self {
        match command {
            IdentityCommand::Auth(_) | IdentityCommand::Password(_) => Self::Auth,
            IdentityCommand::Hello { .. } => Self::Hello,
            IdentityCommand::Reset => Self::Reset,
            IdentityCommand::Refused(_) | IdentityCommand::Forbidden(_) => Self::Malformed,
        }
    }
}
