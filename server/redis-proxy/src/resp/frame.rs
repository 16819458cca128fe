//! Finds the ends of an engine's replies to a client, in RESP2 and RESP3 (Redis documentation, "Redis serialization
//! protocol specification").

use super::reply::ReplyError;

/// Finds the end of a reply that arrives in pieces. Each byte is scanned once, however small the pieces are.
#[derive(Debug)]
pub struct FrameReader {
    /// Number of parsed bytes. It exceeds the available bytes while the rest of a string is missing.
    position: usize,
    /// Number of bytes after the position that are known to contain no line end.
    searched: usize,
    /// Number of replies that are missing before this one is complete.
    missing: u64,
    /// Number of bytes that have been scanned.
    #[cfg(test)]
    pub scanned: usize,
}

impl Default for FrameReader {
    fn default() -> Self {
        Self {
            position: 0,
            searched: 0,
            missing: 1,
            #[cfg(test)]
            scanned: 0,
        }
    }
}

impl FrameReader {
    /// Length of the reply at the start of `bytes`: those of the last call, followed by new ones. None while its end is
    /// missing.
    ///
    /// # Errors
    ///
    /// [`ReplyError::Malformed`].
    pub fn length(&mut self, bytes: &[u8]) -> Result<Option<usize>, ReplyError> {
        while self.missing > 0 {
            let Some(rest) = bytes.get(self.position..) else {
                return Ok(None);
            };
            let Some(end) = self.end_of_line(rest) else {
                return Ok(None);
            };
            self.position += end + 2;
            self.missing -= 1;
            let Some((kind, value)) = rest[..end].split_first() else {
                return Err(ReplyError::Malformed);
            };
            match kind {
                b'+' | b'-' | b':' | b'_' | b'#' | b',' | b'(' => {}
                b'$' | b'=' | b'!' => {
                    if let Some(length) = count(value)? {
                        self.position += usize::try_from(length + 2).map_err(|_| ReplyError::Malformed)?;
                    }
                }
                b'*' | b'~' | b'>' => self.missing += count(value)?.unwrap_or(0),
                b'%' => self.missing += 2 * count(value)?.unwrap_or(0),
                // Attributes, and then the reply that they are of.
                b'|' => self.missing += 2 * count(value)?.unwrap_or(0) + 1,
                _ => return Err(ReplyError::Malformed),
            }
        }
        Ok((self.position <= bytes.len()).then_some(self.position))
    }

    /// Returns the number of bytes that have been read out of `available`. They may be removed ([`Self::forget`]).
    pub fn read_of(&self, available: usize) -> usize {
        self.position.min(available)
    }

    /// Records that these bytes are removed from the start of the next call's.
    pub fn forget(&mut self, count: usize) {
        self.position -= count;
    }

    fn end_of_line(&mut self, rest: &[u8]) -> Option<usize> {
        let from = self.searched;
        let found = rest[from..].windows(2).position(|two| two == b"\r\n");
        #[cfg(test)]
        {
            self.scanned += found.map_or(rest.len() - from, |at| at + 2);
        }
        // A CR that is the last byte so far is looked at again.
        self.searched = if found.is_some() {
            0
        } else {
            rest.len().saturating_sub(1)
        };
        found.map(|at| from + at)
    }
}

/// Parses a count; `-1` means nil.
fn count(digits: &[u8]) -> Result<Option<u64>, ReplyError> {
    if digits == b"-1" {
        return Ok(None);
    }
    let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    number
        .filter(|number| *number <= LARGEST)
        .map(Some)
        .ok_or(ReplyError::Malformed)
}

/// Larger than any reply of an engine; sums of many such lengths do not overflow.
const LARGEST: u64 = 1 << 40;

#[cfg(test)]
mod tests {
    use super::*;

    fn length(bytes: &[u8]) -> Result<Option<usize>, ReplyError> {
        FrameReader::default().length(bytes)
    }

    #[test]
    fn a_reply_ends_where_its_last_part_does() {
        for reply in [
            "+OK\r\n",
            "-ERR no\r\n",
            ":1\r\n",
            "$-1\r\n",
            "*-1\r\n",
            "$0\r\n\r\n",
            "$4\r\n\r\n\r\n\r\n",
            "*0\r\n",
            "*2\r\n*1\r\n:1\r\n$1\r\na\r\n",
            "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n_\r\n",
            ">3\r\n+message\r\n+a\r\n$1\r\nb\r\n",
            "|1\r\n+ttl\r\n:3600\r\n:1\r\n",
            "~1\r\n#t\r\n",
            ",1.5\r\n",
            "(12345678901234567890\r\n",
            "=7\r\ntxt:abc\r\n",
        ] {
            let followed = format!("{reply}+OK\r\n");
            assert_eq!(length(followed.as_bytes()), Ok(Some(reply.len())), "{reply:?}");
            let mut resumed = FrameReader::default();
            for end in 0..reply.len() {
                assert_eq!(length(&reply.as_bytes()[..end]), Ok(None), "{reply:?} to {end}");
                assert_eq!(resumed.length(&reply.as_bytes()[..end]), Ok(None), "{reply:?} to {end}");
            }
            assert_eq!(resumed.length(followed.as_bytes()), Ok(Some(reply.len())), "{reply:?}");
        }
    }

    #[test]
    fn what_has_been_read_can_be_taken_away() {
        let reply = b">3\r\n+message\r\n$5\r\nab\r\nc\r\n:1\r\n+OK\r\n";
        let mut reader = FrameReader::default();
        let (mut held, mut gone) = (Vec::new(), 0);
        for byte in reply {
            held.push(*byte);
            if let Some(length) = reader.length(&held).unwrap() {
                assert_eq!(gone + length, reply.len() - b"+OK\r\n".len());
                return;
            }
            let read = reader.read_of(held.len());
            held.drain(..read);
            reader.forget(read);
            gone += read;
            assert!(held.len() <= b"+message\r\n".len());
        }
        panic!("the reply has no end");
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        for reply in ["\r\n", "OK\r\n", "$x\r\n", "$-2\r\n", "*99999999999999999999\r\n"] {
            assert_eq!(length(reply.as_bytes()), Err(ReplyError::Malformed), "{reply:?}");
        }
    }
}
