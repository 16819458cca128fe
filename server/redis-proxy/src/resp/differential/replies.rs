//! An engine's replies, and the commands that they name.

/// The reply to an identity command that has reached the engine.
pub fn identity_command_run(forwarded: &[u8]) -> Option<&[u8]> {
    let replies = commands_of(forwarded);
    replies
        .into_iter()
        .find(|reply| matches!(kind(reply), Kind::Auth | Kind::Reset))
}

/// The kind of a reply: the command that it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Auth,
    Hello,
    Reset,
    ResetRefused,
    Client,
    Unknown,
    Other,
}

pub(super) fn kind(reply: &[u8]) -> Kind {
    let begins = |text: &str| reply.starts_with(text.as_bytes());
    if begins("-WRONGPASS")
        || begins("-ERR AUTH ")
        || begins("-ERR wrong number of arguments for 'auth'")
        || begins("-ERR syntax error")
    {
        Kind::Auth
    } else if begins("+RESET") {
        Kind::Reset
    } else if begins("-ERR wrong number of arguments for 'reset'") {
        Kind::ResetRefused
    } else if begins("-ERR wrong number of arguments for 'client")
        || begins("-ERR unknown subcommand")
        || is_about_client(reply)
    {
        Kind::Client
    } else if begins("-ERR unknown command") {
        Kind::Unknown
    } else if begins("*")
        || begins("%")
        || begins("-NOPROTO")
        || begins("-ERR Protocol version is not")
        || begins("-ERR Syntax error in HELLO")
        || begins("-ERR Client names cannot")
    {
        Kind::Hello
    } else {
        Kind::Other
    }
}

fn is_about_client(reply: &[u8]) -> bool {
    let text = String::from_utf8_lossy(reply);
    text.starts_with("-NOPERM") && text.contains("'client")
}

/// The replies to commands. An engine's final reply to a protocol error is not among them.
pub(super) fn commands_of(replies: &[u8]) -> Vec<&[u8]> {
    let mut all = split(replies);
    all.retain(|reply| !reply.starts_with(b"-ERR Protocol error"));
    all
}

/// Splits an engine's output into replies, RESP2 or RESP3.
fn split(mut replies: &[u8]) -> Vec<&[u8]> {
    let mut all = Vec::new();
    while let Some(length) = length_of(replies) {
        let (reply, rest) = replies.split_at(length);
        all.push(reply);
        replies = rest;
    }
    if !replies.is_empty() {
        all.push(replies);
    }
    all
}

/// Length of the first reply; none if its end is missing.
fn length_of(replies: &[u8]) -> Option<usize> {
    let line = replies.windows(2).position(|end| end == b"\r\n")? + 2;
    let number = || -> Option<usize> {
        let digits = std::str::from_utf8(&replies[1..line - 2]).ok()?;
        Some(usize::try_from(digits.parse::<i64>().ok()?).unwrap_or(0))
    };
    let members = match replies[0] {
        b'$' | b'=' | b'!' => {
            let is_nil = replies.get(1) == Some(&b'-');
            let end = line + if is_nil { 0 } else { number()? + 2 };
            return (end <= replies.len()).then_some(end);
        }
        b'*' | b'~' | b'>' => number()?,
        b'%' => number()? * 2,
        _ => 0,
    };
    let mut end = line;
    for _ in 0..members {
        end += length_of(replies.get(end..)?)?;
    }
    Some(end)
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn replies_of_both_protocols_are_cut_apart() {
        let one: &[&[u8]] = &[
            b"+OK\r\n",
            b"-ERR no\r\n",
            b"$-1\r\n",
            b"$3\r\na\r\n\r\n",
            b"*2\r\n:1\r\n*1\r\n$1\r\nx\r\n",
            b"%1\r\n$1\r\nk\r\n*0\r\n",
            b"*-1\r\n",
            b"_\r\n",
        ];
        assert_eq!(split(&one.concat()), one);
        assert_eq!(split(b"+OK\r\n$5\r\nab"), [&b"+OK\r\n"[..], b"$5\r\nab"]);
    }
}
