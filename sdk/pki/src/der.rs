//! A reader for DER (X.690 section 10), as small as certificates need.
//!
//! The `der` crate does not fit: it rejects tags that it has no name for, such as `UniversalString`, but a certificate
//! with such a name must be parsed and *distinguished* from others. This reader treats tags as bytes, copies nothing
//! and rejects everything that DER forbids: indefinite and overlong lengths, multi-byte tags, trailing content.

/// A reader over the content of one element, or over a whole input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DerReader<'a> {
    rest: &'a [u8],
}

/// One element: tag, content, and both with the length bytes as they stood in the input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) encoded: &'a [u8],
}

/// The bytes are not DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DerError {
    /// The input ends inside an element.
    #[error("the input ends inside an element")]
    Truncated,
    /// An element has another tag than the structure asks for here.
    #[error("found tag {found:#04x} where tag {expected:#04x} belongs")]
    UnexpectedTag {
        /// Identifier byte of the structure (X.690 8.1.2).
        expected: u8,
        /// Identifier byte that was read.
        found: u8,
    },
    /// Bytes follow the last element.
    #[error("bytes follow the last element")]
    TrailingData,
    /// A length is indefinite, or is not in its shortest form (X.690 10.1).
    #[error("a length is not in the one form that DER allows")]
    Length,
    /// A tag number of 31 or more, which X.509 never uses.
    #[error("a tag takes more than one byte")]
    LongTag,
    /// An element has a content that its type cannot have.
    #[error("the content of {0} is not in its DER form")]
    Content(&'static str),
    /// A time in another form than the one of RFC 5280, section 4.1.2.5: seconds, no fraction, `Z`.
    #[error("{0}; RFC 5280 allows YYMMDDHHMMSSZ as UTCTime and YYYYMMDDHHMMSSZ as GeneralizedTime")]
    Time(&'static str),
}

impl<'a> DerReader<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self { rest: input }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next element, whatever its tag.
    pub(crate) fn element(&mut self) -> Result<Element<'a>, DerError> {
        let [tag, first_length, ..] = *self.rest else {
            return Err(DerError::Truncated);
        };
        if tag & TAG_NUMBER_MASK == TAG_NUMBER_MASK {
            return Err(DerError::LongTag);
        }
        let (header, length) = match first_length {
            0..=0x7f => (2, usize::from(first_length)),
            0x81..=0x84 => {
                let count = usize::from(first_length & 0x7f);
                let bytes = self.rest.get(2..2 + count).ok_or(DerError::Truncated)?;
                let length = bytes
                    .iter()
                    .try_fold(0usize, |sum, byte| sum.checked_mul(256)?.checked_add((*byte).into()));
                let length = length.ok_or(DerError::Truncated)?;
                if bytes[0] == 0 || length < 0x80 {
                    return Err(DerError::Length);
                }
                (2 + count, length)
            }
            0x80 | 0x85..=0xff => return Err(DerError::Length),
        };
        let end = header.checked_add(length).ok_or(DerError::Truncated)?;
        let encoded = self.rest.get(..end).ok_or(DerError::Truncated)?;
        self.rest = &self.rest[end..];
        Ok(Element {
            tag,
            content: &encoded[header..],
            encoded,
        })
    }

    /// The next element, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<Element<'a>, DerError> {
        let element = self.element()?;
        if element.tag == tag {
            Ok(element)
        } else {
            Err(DerError::UnexpectedTag {
                expected: tag,
                found: element.tag,
            })
        }
    }

    /// The next element if it has this tag, for `OPTIONAL` and `DEFAULT` members.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, DerError> {
        if self.rest.first() == Some(&tag) {
            self.element().map(Some)
        } else {
            Ok(None)
        }
    }

    /// A reader over the content of the next element, which must have this tag.
    pub(crate) fn nested(&mut self, tag: u8) -> Result<DerReader<'a>, DerError> {
        Ok(DerReader::new(self.expect(tag)?.content))
    }

    /// Refuses anything left over.
    pub(crate) fn finish(self) -> Result<(), DerError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(DerError::TrailingData)
        }
    }
}

impl<'a> Element<'a> {
    /// The bytes of a `BIT STRING` whose length is a multiple of eight, as keys and signatures have.
    pub(crate) fn bit_string_bytes(&self) -> Result<&'a [u8], DerError> {
        match self.content.split_first() {
            Some((0, bytes)) => Ok(bytes),
            _ => Err(DerError::Content("a BIT STRING")),
        }
    }

    /// A `BOOLEAN` (X.690 11.1: false is 0, true is 255).
    pub(crate) fn boolean(&self) -> Result<bool, DerError> {
        match self.content {
            [0] => Ok(false),
            [0xff] => Ok(true),
            _ => Err(DerError::Content("a BOOLEAN")),
        }
    }
}

/// Writes one element with the shortest length form.
pub(crate) fn encode(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 6);
    out.push(tag);
    let length = content.len().to_be_bytes();
    let significant = &length[length.iter().position(|byte| *byte != 0).unwrap_or(length.len() - 1)..];
    if content.len() >= 0x80 {
        out.push(0x80 | u8::try_from(significant.len()).expect("a usize has at most eight bytes"));
    }
    out.extend_from_slice(significant);
    out.extend_from_slice(content);
    out
}

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const IA5_STRING: u8 = 0x16;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
/// `[0]`, explicit: the version of a certificate.
pub(crate) const CONTEXT_0_CONSTRUCTED: u8 = 0xa0;
/// `[3]`, explicit: the extensions of a certificate.
pub(crate) const CONTEXT_3_CONSTRUCTED: u8 = 0xa3;
const TAG_NUMBER_MASK: u8 = 0x1f;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_shortest_definite_length_is_read() {
        for (input, expected) in [
            (&[0x04, 0x80, 0, 0][..], DerError::Length),
            (&[0x04, 0x81, 0x01, 0xaa], DerError::Length),
            (&[0x04, 0x82, 0x00, 0x80], DerError::Length),
            (&[0x04, 0x85, 1, 1, 1, 1, 1], DerError::Length),
            (&[0x04, 0x84, 0xff, 0xff, 0xff, 0xff], DerError::Truncated),
            (&[0x04, 0x02, 0xaa], DerError::Truncated),
            (&[0x04], DerError::Truncated),
            (&[0x1f, 0x81, 0x01, 0x00], DerError::LongTag),
        ] {
            assert_eq!(DerReader::new(input).element().unwrap_err(), expected, "{input:02x?}");
        }
    }

    #[test]
    fn what_is_encoded_is_read_back() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let content = vec![7; length];
            let encoded = encode(OCTET_STRING, &content);
            let mut reader = DerReader::new(&encoded);
            assert_eq!(reader.expect(OCTET_STRING).unwrap().content, content);
            reader.finish().unwrap();
        }
    }
}
