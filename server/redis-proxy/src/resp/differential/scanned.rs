//! Scans a stream as the proxy does, with markers in place of identity commands.

use crate::resp::arguments::encode;
use crate::resp::command::{CommandScanner, Scanned};
use crate::resp::identity::IdentityCommand;

/// The part of a stream that the proxy forwards.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Forwarded {
    /// The bytes for the engine.
    pub bytes: Vec<u8>,
    /// The intercepted identity commands, in order; a marker replaces each.
    pub intercepted: Vec<Intercepted>,
    /// True if the proxy ended the connection before the end of the stream.
    pub has_ended: bool,
}

/// An intercepted identity command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intercepted {
    /// `AUTH`.
    Auth,
    /// `HELLO … AUTH`.
    Hello,
    /// `RESET`.
    Reset,
    /// One of them in a form that the engine rejects.
    Malformed,
}

/// The marker of the identity command with this number.
pub(super) fn marker(number: usize) -> String {
    format!("certward-marker-{number}")
}

/// Scans a stream that arrives in these pieces.
pub fn forward<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Forwarded {
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
