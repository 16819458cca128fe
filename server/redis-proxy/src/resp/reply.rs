//! Replies of an engine to the server, in RESP2 (Redis documentation, "Redis serialization protocol specification").
//!
//! The engine is supervised or configured by the administrator; limits apply to its replies nevertheless.

use std::ops::Range;

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// `+OK`.
    Simple(String),
    /// `-ERR what is wrong`.
    Error(String),
    /// `:1`.
    Integer(i64),
    /// `$3` and three bytes.
    Bulk(Vec<u8>),
    /// `*2` and two replies.
    Array(Vec<Reply>),
    /// `$-1` or `*-1`.
    Nil,
}

/// The bytes are not a reply, or it exceeds `MAX_BYTES`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// Not RESP2.
    #[error("what the engine sent is no reply in RESP2")]
    Malformed,
    /// Larger than the server accepts.
    #[error("a reply of the engine is larger than the {MAX_BYTES} bytes that the server takes")]
    TooLarge,
}

impl Reply {
    /// Parses the reply at the start of `bytes`; returns it with its length. `None` while its end is missing.
    ///
    /// # Errors
    ///
    /// [`ReplyError`]; nothing more can be read from this connection.
    pub fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, ReplyError> {
        let mut reader = Reader { bytes, at: 0 };
        match reader.reply(MAX_DEPTH)? {
            Some(reply) => Ok(Some((reply, reader.at))),
            None if bytes.len() > MAX_BYTES => Err(ReplyError::TooLarge),
            None => Ok(None),
        }
    }

    /// The message of an error.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Error(message) => Some(message),
            _ => None,
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn reply(&mut self, depth: usize) -> Result<Option<Reply>, ReplyError> {
        let Some(line) = self.line()? else { return Ok(None) };
        let Some((kind, rest)) = self.bytes[line].split_first() else {
            return Err(ReplyError::Malformed);
        };
        match kind {
            b'+' => Ok(Some(Reply::Simple(text(rest)))),
            b'-' => Ok(Some(Reply::Error(text(rest)))),
            b':' => number(rest).map(|number| Some(Reply::Integer(number))),
            b'$' => match length(rest)? {
                None => Ok(Some(Reply::Nil)),
                Some(length) => self.bulk(length),
            },
            b'*' => match length(rest)? {
                None => Ok(Some(Reply::Nil)),
                Some(count) => self.array(count, depth.checked_sub(1).ok_or(ReplyError::Malformed)?),
            },
            _ => Err(ReplyError::Malformed),
        }
    }

    fn bulk(&mut self, length: usize) -> Result<Option<Reply>, ReplyError> {
        let rest = &self.bytes[self.at..];
        if rest.len() < length + CRLF.len() {
            return Ok(None);
        }
        if &rest[length..length + CRLF.len()] != CRLF {
            return Err(ReplyError::Malformed);
        }
        self.at += length + CRLF.len();
        Ok(Some(Reply::Bulk(rest[..length].to_vec())))
    }

    fn array(&mut self, count: usize, depth: usize) -> Result<Option<Reply>, ReplyError> {
        let mut replies = Vec::new();
        for _ in 0..count {
            match self.reply(depth)? {
                Some(reply) => replies.push(reply),
                None => return Ok(None),
            }
        }
        Ok(Some(Reply::Array(replies)))
    }

    /// The next line, without its end.
    fn line(&mut self) -> Result<Option<Range<usize>>, ReplyError> {
        let rest = &self.bytes[self.at..];
        let Some(end) = rest.windows(CRLF.len()).position(|bytes| bytes == CRLF) else {
            return if rest.len() > MAX_LINE {
                Err(ReplyError::TooLarge)
            } else {
                Ok(None)
            };
        };
        let line = self.at..self.at + end;
        self.at += end + CRLF.len();
        Ok(Some(line))
    }
}

/// Parses a length; `-1` means nil.
fn length(digits: &[u8]) -> Result<Option<usize>, ReplyError> {
    match number(digits)? {
        -1 => Ok(None),
        length => match usize::try_from(length) {
            Err(_) => Err(ReplyError::Malformed),
            Ok(length) if length > MAX_BYTES => Err(ReplyError::TooLarge),
            Ok(length) => Ok(Some(length)),
        },
    }
}

fn number(digits: &[u8]) -> Result<i64, ReplyError> {
    std::str::from_utf8(digits)
        .ok()
        .and_then(|digits| digits.parse().ok())
        .ok_or(ReplyError::Malformed)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const CRLF: &[u8] = b"\r\n";
/// An `INFO` has a few kilobytes, an `ACL LIST` of 10,000 users a few megabytes.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// A line is a number, a status or the message of an error.
const MAX_LINE: usize = 64 * 1024;
/// Deeper than any reply that the server asks for.
const MAX_DEPTH: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: Reply) {
        assert_eq!(Reply::read(bytes), Ok(Some((expected, bytes.len()))));
        for end in 0..bytes.len() {
            assert_eq!(Reply::read(&bytes[..end]), Ok(None), "its first {end} bytes");
        }
        let followed = [bytes, b"+next\r\n"].concat();
        assert_eq!(Reply::read(&followed).unwrap().unwrap().1, bytes.len());
    }

    #[test]
    fn a_reply_is_read_when_its_last_byte_is_there_and_not_before() {
        check(b"+OK\r\n", Reply::Simple("OK".to_owned()));
        check(b"-ERR no\r\n", Reply::Error("ERR no".to_owned()));
        check(b":-42\r\n", Reply::Integer(-42));
        check(b"$4\r\na\r\nb\r\n", Reply::Bulk(b"a\r\nb".to_vec()));
        check(b"$0\r\n\r\n", Reply::Bulk(Vec::new()));
        check(b"$-1\r\n", Reply::Nil);
        check(b"*-1\r\n", Reply::Nil);
        check(b"*0\r\n", Reply::Array(Vec::new()));
        check(
            b"*2\r\n:1\r\n*1\r\n$1\r\nx\r\n",
            Reply::Array(vec![Reply::Integer(1), Reply::Array(vec![Reply::Bulk(b"x".to_vec())])]),
        );
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        for bytes in [
            &b"\r\n"[..],
            b"hello\r\n",
            b":\r\n",
            b":1a\r\n",
            b"$-2\r\n",
            b"$1\r\nab\r\n",
            b"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
        ] {
            assert_eq!(Reply::read(bytes), Err(ReplyError::Malformed), "{bytes:?}");
        }
    }

    #[test]
    fn a_reply_that_claims_to_be_huge_is_refused_before_it_is_there() {
        for bytes in [&b"$67108865\r\n"[..], b"*99999999999\r\n"] {
            assert_eq!(Reply::read(bytes), Err(ReplyError::TooLarge), "{bytes:?}");
        }
        let endless = [b"+".as_slice(), &[b'a'; MAX_LINE]].concat();
        assert_eq!(Reply::read(&endless), Err(ReplyError::TooLarge));
    }
}
