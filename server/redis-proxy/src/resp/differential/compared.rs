//! Compares an engine's replies to a stream with those to the bytes that the proxy forwards of it.

use super::replies::{Kind, commands_of, identity_command_run, kind};
use super::scanned::{Forwarded, Intercepted, marker};

/// Describes the disagreement between scanner and engine about a stream; none if they agree. `original` is the engine's
/// reply to the stream, `forwarded` its reply to the forwarded bytes.
///
/// Unless `is_exact`, the proxy may forward less than the engine would have run.
pub(super) fn disagreement(proxy: &Forwarded, original: &[u8], forwarded: &[u8], is_exact: bool) -> Option<String> {
    if let Some(reply) = identity_command_run(forwarded) {
        return Some(format!("a command got past the scanner: {}", reply.escape_ascii()));
    }
    let forwarded = commands_of(forwarded);
    let run = Run {
        intercepted: &proxy.intercepted,
        original: &commands_of(original),
        forwarded: &forwarded,
        is_exact,
    };
    run.disagreement(0, 0, 0)
}

/// The replies to both runs of a stream, command by command.
struct Run<'a> {
    intercepted: &'a [Intercepted],
    original: &'a [&'a [u8]],
    forwarded: &'a [&'a [u8]],
    is_exact: bool,
}

impl Run<'_> {
    /// Compares from these replies on, after this many markers.
    fn disagreement(&self, mut original: usize, mut forwarded: usize, markers: usize) -> Option<String> {
        while let Some(reply) = self.forwarded.get(forwarded) {
            let counterpart = self.original.get(original);
            if is_unknown(reply, &marker(markers)) {
                return self.of_marker(original, forwarded, markers);
            }
            let Some(counterpart) = counterpart else {
                return Some(format!(
                    "command {forwarded} is run only behind the proxy: {}",
                    reply.escape_ascii()
                ));
            };
            if !is_same(reply, counterpart) {
                return Some(format!(
                    "command {forwarded} is answered {} behind the proxy, and else {}",
                    reply.escape_ascii(),
                    counterpart.escape_ascii()
                ));
            }
            original += 1;
            forwarded += 1;
        }
        let missing = self.original.get(original).filter(|_| self.is_exact)?;
        Some(format!(
            "command {forwarded} does not get through the proxy: {}",
            missing.escape_ascii()
        ))
    }

    /// Compares the position of a marker. Redis 8.0 and Valkey 8.1 omit the reply to a failed login while earlier
    /// replies are not sent yet (`addAuthErrReply` of acl.c), so the engine may have run it without a reply.
    fn of_marker(&self, original: usize, forwarded: usize, markers: usize) -> Option<String> {
        let intercepted = self.intercepted.get(markers).copied();
        let counterpart = self.original.get(original).copied();
        let fits = intercepted
            .zip(counterpart)
            .is_some_and(|(intercepted, reply)| fits(intercepted, reply));
        let answered = if fits {
            self.disagreement(original + 1, forwarded + 1, markers + 1)
        } else {
            Some(format!(
                "command {forwarded} was taken for {intercepted:?}, and the engine answers {}",
                counterpart.unwrap_or_default().escape_ascii()
            ))
        };
        let may_be_silent = forwarded > 0 && intercepted != Some(Intercepted::Reset);
        if answered.is_some() && may_be_silent && self.disagreement(original, forwarded + 1, markers + 1).is_none() {
            return None;
        }
        answered
    }
}

/// Returns `true` if this can be the engine's reply to an identity command. `AUTH` among the options of `HELLO` is
/// answered like `AUTH`, if nothing else is wrong. A name that continues after a NUL is known to some engines; the
/// others print it up to the NUL.
fn fits(intercepted: Intercepted, reply: &[u8]) -> bool {
    match (intercepted, kind(reply)) {
        (_, Kind::Unknown) => ["AUTH", "HELLO", "RESET", "CLIENT"]
            .iter()
            .any(|name| is_unknown(reply, name)),
        (Intercepted::Auth, Kind::Auth) | (Intercepted::Reset, Kind::Reset) => true,
        (Intercepted::Hello, Kind::Auth) => true,
        (Intercepted::Hello, Kind::Hello) => !matches!(reply[0], b'*' | b'%'),
        // What engines do with these is not the same everywhere; the proxy refuses them.
        (Intercepted::Malformed, Kind::Auth | Kind::Hello | Kind::Reset | Kind::ResetRefused | Kind::Client) => true,
        _ => false,
    }
}

fn is_same(reply: &[u8], other: &[u8]) -> bool {
    // A `HELLO` that succeeds tells the connection's number, in a form that earlier ones decide.
    let hello = |reply: &[u8]| matches!(reply[0], b'*' | b'%');
    reply == other || (hello(reply) && hello(other))
}

/// Returns `true` if the reply is the error for an unknown command with this name.
fn is_unknown(reply: &[u8], name: &str) -> bool {
    let expected = format!("-ERR unknown command '{name}'");
    reply
        .get(..expected.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(expected.as_bytes()))
}
