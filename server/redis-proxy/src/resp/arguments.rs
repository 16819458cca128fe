//! Commands as arrays of their arguments.

use zeroize::Zeroizing;

/// The arguments of a complete command, `*` first, whose form has been checked.
pub fn arguments_of(command: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut arguments = Vec::new();
    let Some((_, mut rest)) = number_line(command) else {
        return arguments;
    };
    while let Some((length, body)) = number_line(rest) {
        let Some((argument, after)) = body.split_at_checked(length) else {
            break;
        };
        arguments.push(Zeroizing::new(argument.to_vec()));
        rest = after.get(2..).unwrap_or_default();
    }
    arguments
}

/// Returns `true` when CR LF follows every number and argument of a complete command.
pub(super) fn is_terminated(command: &[u8]) -> bool {
    let is_at = |text: &[u8], at: usize| text.get(at..at + 2) == Some(b"\r\n");
    let mut rest = command;
    while let Some((length, body)) = number_line(rest) {
        let is_count = rest[0] == b'*';
        let end = if is_count { 0 } else { length };
        if !is_at(rest, rest.len() - body.len() - 2) || !(is_count || is_at(body, end)) {
            return false;
        }
        rest = body.get(if is_count { 0 } else { end + 2 }..).unwrap_or_default();
    }
    true
}

/// The number after the first byte, and the text after its line.
fn number_line(text: &[u8]) -> Option<(usize, &[u8])> {
    let end = text.iter().position(|byte| *byte == b'\r')?;
    let number = std::str::from_utf8(text.get(1..end)?).ok()?.parse().ok()?;
    Some((number, text.get(end + 2..)?))
}

/// Encodes a command in the form in which clients send it.
pub fn encode(arguments: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let length = arguments.iter().map(|argument| argument.len() + 32).sum::<usize>() + 32;
    // At once as long as it may get, so that no part of a secret is left behind when it grows.
    let mut command = Zeroizing::new(Vec::with_capacity(length));
    command.extend_from_slice(format!("*{}\r\n", arguments.len()).as_bytes());
    for argument in arguments {
        command.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
        command.extend_from_slice(argument);
        command.extend_from_slice(b"\r\n");
    }
    command
}
