//! Fast path for complete commands in every client's usual form, which most commands have.
//!
//! Commands in any other form, incomplete ones, and every command that can change the identity of the connection are
//! left to [`super::command`], which scans byte by byte.

/// Returns the number of bytes at the start of `input` that are complete commands whose names need no inspection.
pub(super) fn commands(input: &[u8], is_of_interest: impl Fn(&[u8]) -> bool) -> usize {
    let mut at = 0;
    while let Some(length) = command(&input[at..], &is_of_interest) {
        at += length;
    }
    at
}

fn command(input: &[u8], is_of_interest: impl Fn(&[u8]) -> bool) -> Option<usize> {
    let (arguments, mut at) = header(input, b'*')?;
    for argument in 0..arguments {
        let (length, start) = header(&input[at..], b'$')?;
        let start = at + start;
        // With the line's end, of which Redis does not look at the bytes either.
        let end = start + length + 2;
        if end > input.len() || (argument == 0 && is_of_interest(&input[start..start + length])) {
            return None;
        }
        at = end;
    }
    (arguments > 0).then_some(at)
}

/// Parses `mark`, a number without sign or leading zeros, and CR LF. Returns the number, and the position after it.
fn header(input: &[u8], mark: u8) -> Option<(usize, usize)> {
    if *input.first()? != mark {
        return None;
    }
    let digits = input[1..].iter().take(MAX_DIGITS + 1);
    let digits = digits.take_while(|byte| byte.is_ascii_digit()).count();
    let number = &input[1..=digits];
    let is_written_once = matches!(number, [b'0'] | [b'1'..=b'9', ..]);
    if digits > MAX_DIGITS || !is_written_once || input.get(digits + 1..digits + 3)? != b"\r\n" {
        return None;
    }
    let number = number
        .iter()
        .fold(0, |value, digit| value * 10 + usize::from(digit - b'0'));
    Some((number, digits + 3))
}

/// Below every limit of Redis: a million arguments, 512 MiB each.
const MAX_DIGITS: usize = 6;

#[cfg(test)]
mod tests {
    use super::super::watched::is_read;
    use super::*;

    #[test]
    fn whole_commands_are_skipped_up_to_the_first_that_is_not_all_there() {
        let set = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$11\r\n\r\n*1\r\n$4\r\nA\r\n".as_slice();
        let two = [set, set].concat();
        for end in 0..=two.len() {
            let expected = if end == two.len() {
                two.len()
            } else if end >= set.len() {
                set.len()
            } else {
                0
            };
            assert_eq!(commands(&two[..end], is_read), expected, "{end}");
        }
    }

    #[test]
    fn names_of_interest_and_other_spellings_are_left_alone() {
        for command in [
            "*2\r\n$4\r\nauth\r\n$1\r\np\r\n",
            "*1\r\n$5\r\nReset\r\n",
            "*1\r\n$6\r\nreset\0\r\n",
            "*2\r\n$9\r\nAUTH\0abcd\r\n$1\r\np\r\n",
            "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n",
            "*0\r\n",
            "*-1\r\n",
            "*01\r\n$4\r\nPING\r\n",
            "*1\n$4\r\nPING\r\n",
            "*1\r\n$04\r\nPING\r\n",
            "*1\r\n$-1\r\n",
            "*1\r\n$\r\nPING\r\n",
            "*1\r\n$9999999\r\nPING\r\n",
            "PING\r\n",
        ] {
            assert_eq!(commands(command.as_bytes(), is_read), 0, "{command:?}");
        }
        assert_eq!(commands(b"*1\r\n$4\r\nPING\r\n", is_read), 14);
    }
}
