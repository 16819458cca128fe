//! Where replies of an engine to a client end, in RESP2 and RESP3 (Redis documentation, "Redis serialization protocol
//! specification").

use super::reply::ReplyError;

/// The length of the reply that `bytes` begin with. None when its end is not there yet.
///
/// # Errors
///
/// [`ReplyError::Malformed`].
pub(crate) fn length(bytes: &[u8]) -> Result<Option<usize>, ReplyError> {
    let mut at = 0;
    // Replies that are still to come before this one is whole.
    let mut missing = 1_u64;
    while missing > 0 {
        let Some(end) = bytes[at..].windows(2).position(|two| two == b"\r\n") else {
            return Ok(None);
        };
        let line = &bytes[at..at + end];
        at += end + 2;
        missing -= 1;
        let Some((kind, value)) = line.split_first() else {
            return Err(ReplyError::Malformed);
        };
        match kind {
            b'+' | b'-' | b':' | b'_' | b'#' | b',' | b'(' => {}
            b'$' | b'=' | b'!' => {
                let Some(length) = count(value)? else { continue };
                let end = at as u64 + length + 2;
                if end > bytes.len() as u64 {
                    return Ok(None);
                }
                at += usize::try_from(length + 2).map_err(|_| ReplyError::Malformed)?;
            }
            b'*' | b'~' | b'>' => missing += count(value)?.unwrap_or(0),
            b'%' => missing += 2 * count(value)?.unwrap_or(0),
            // Attributes, and then the reply that they are of.
            b'|' => missing += 2 * count(value)?.unwrap_or(0) + 1,
            _ => return Err(ReplyError::Malformed),
        }
    }
    Ok(Some(at))
}

/// `-1` stands for nothing.
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

/// More than any engine sends of one reply; twice this, added up often, is still a number.
const LARGEST: u64 = 1 << 40;

#[cfg(test)]
mod tests {
    use super::*;

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
            for end in 0..reply.len() {
                assert_eq!(length(&reply.as_bytes()[..end]), Ok(None), "{reply:?} to {end}");
            }
        }
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        for reply in ["\r\n", "OK\r\n", "$x\r\n", "$-2\r\n", "*99999999999999999999\r\n"] {
            assert_eq!(length(reply.as_bytes()), Err(ReplyError::Malformed), "{reply:?}");
        }
    }
}
