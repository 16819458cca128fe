//! Commands of one line, as people type them: `sdssplitargs` of sds.c, Redis 7.0. Engines parse them differently, so
//! the parsed command is forwarded as an array.

use zeroize::Zeroizing;

/// The arguments of a line, with or without its end; none if a quotation mark is unbalanced, or not followed by a
/// blank.
pub(super) fn arguments(line: &[u8]) -> Option<Vec<Zeroizing<Vec<u8>>>> {
    let mut arguments = Vec::new();
    let mut rest = line;
    loop {
        let start = rest.iter().position(|byte| !is_blank(*byte));
        let Some(start) = start else {
            return Some(arguments);
        };
        let (argument, after) = argument(&rest[start..])?;
        arguments.push(argument);
        rest = after;
    }
}

/// The argument at the start of the text, and the rest.
fn argument(text: &[u8]) -> Option<(Zeroizing<Vec<u8>>, &[u8])> {
    // Long enough for all of it, so that no part of a secret is left behind when it grows.
    let mut argument = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut at = 0;
    while let Some(byte) = text.get(at).copied() {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => break,
            b'"' => {
                at = double_quoted(text, at + 1, &mut argument)?;
                return Some((argument, &text[at..]));
            }
            b'\'' => {
                at = single_quoted(text, at + 1, &mut argument)?;
                return Some((argument, &text[at..]));
            }
            _ => argument.push(byte),
        }
        at += 1;
    }
    Some((argument, &text[at..]))
}

fn double_quoted(text: &[u8], mut at: usize, argument: &mut Vec<u8>) -> Option<usize> {
    loop {
        match text.get(at..)? {
            [b'\\', b'x', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                argument.push(digit(*high) << 4 | digit(*low));
                at += 4;
            }
            [b'\\', escaped, ..] => {
                argument.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 0x08,
                    b'a' => 0x07,
                    other => *other,
                });
                at += 2;
            }
            [b'"', ..] => return end_of_quotation(text, at),
            [byte, ..] => {
                argument.push(*byte);
                at += 1;
            }
            [] => return None,
        }
    }
}

fn single_quoted(text: &[u8], mut at: usize, argument: &mut Vec<u8>) -> Option<usize> {
    loop {
        match text.get(at..)? {
            [b'\\', b'\'', ..] => {
                argument.push(b'\'');
                at += 2;
            }
            [b'\'', ..] => return end_of_quotation(text, at),
            [byte, ..] => {
                argument.push(*byte);
                at += 1;
            }
            [] => return None,
        }
    }
}

/// Requires a blank, or the end, after the closing mark.
fn end_of_quotation(text: &[u8], mark: usize) -> Option<usize> {
    text.get(mark + 1)
        .is_none_or(|next| is_blank(*next))
        .then_some(mark + 1)
}

fn digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        _ => byte.to_ascii_lowercase() - b'a' + 10,
    }
}

/// `isspace` in the C locale.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | 0x09..=0x0d)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &[u8], expected: Option<&[&[u8]]>) {
        let arguments = arguments(line);
        let arguments: Option<Vec<&[u8]>> = arguments
            .as_ref()
            .map(|all| all.iter().map(|one| one.as_slice()).collect());
        assert_eq!(arguments.as_deref(), expected, "{}", line.escape_ascii());
    }

    #[test]
    fn a_line_is_split_as_redis_splits_it() {
        check(b"", Some(&[]));
        check(b" \t\r\n", Some(&[]));
        check(b"AUTH alice secret\r\n", Some(&[b"AUTH", b"alice", b"secret"]));
        check(
            b"  set\tkey  'a \\' b' \"\\x41\\n\\q\"\n",
            Some(&[b"set", b"key", b"a ' b", b"A\nq"]),
        );
        check(b"\"\\x41UTH\" x", Some(&[b"AUTH", b"x"]));
        check(b"AU\"TH\" x", Some(&[b"AUTH", b"x"]));
        check(b"a''", Some(&[b"a"]));
        // Only these end a word; all of `isspace` is skipped before one.
        check(b"AUTH\x0ba\x0cb c\r\n", Some(&[b"AUTH\x0ba\x0cb", b"c"]));
        check(b"\x0b\x0c a\r\n", Some(&[b"a"]));
    }

    #[test]
    fn unbalanced_quotation_is_no_line() {
        check(b"set \"a", None);
        check(b"set 'a", None);
        check(b"set \"a\"b", None);
        check(b"set 'a'b", None);
        check(b"set \"a\\", None);
    }
}
