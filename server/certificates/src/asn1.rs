//! DER (X.690): a writer for this project's own structures, and a reader for untrusted input.

use der::oid::ObjectIdentifier;
use zeroize::Zeroizing;

/// A value with its tag.
#[derive(Debug, Clone, Copy)]
pub struct Value<'a> {
    /// The tag byte.
    pub tag: u8,
    /// The content.
    pub content: &'a [u8],
    /// The whole encoding, including tag and length.
    pub encoded: &'a [u8],
}

/// The bytes are not DER, or not of the type expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are not the DER that belongs here")]
pub struct NotDer;

/// Reads values one after the other. It does not descend into them, so depth costs nothing.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Returns `true` if nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next value, of any type. Lengths must have the shortest form, as in DER; the indefinite form is rejected.
    pub fn value(&mut self) -> Result<Value<'a>, NotDer> {
        let [tag, first, rest @ ..] = self.0 else {
            return Err(NotDer);
        };
        if tag & 0x1f == 0x1f {
            return Err(NotDer);
        }
        let (length, rest) = match *first {
            length @ 0..=0x7f => (usize::from(length), rest),
            0x80 => return Err(NotDer),
            bytes => {
                let (length, rest) = rest.split_at_checked(usize::from(bytes & 0x7f)).ok_or(NotDer)?;
                if length.len() > 4 || length.first() == Some(&0) {
                    return Err(NotDer);
                }
                let length = length.iter().fold(0_usize, |sum, byte| (sum << 8) | usize::from(*byte));
                if length < 0x80 {
                    return Err(NotDer);
                }
                (length, rest)
            }
        };
        let (content, after) = rest.split_at_checked(length).ok_or(NotDer)?;
        let encoded = &self.0[..self.0.len() - after.len()];
        self.0 = after;
        Ok(Value {
            tag: *tag,
            content,
            encoded,
        })
    }

    /// The content of the next value, which must have this tag.
    pub fn expect(&mut self, tag: u8) -> Result<&'a [u8], NotDer> {
        let value = self.value()?;
        if value.tag == tag {
            Ok(value.content)
        } else {
            Err(NotDer)
        }
    }

    /// A reader of the content of the next value, which must have this tag.
    pub fn enter(&mut self, tag: u8) -> Result<Reader<'a>, NotDer> {
        self.expect(tag).map(Reader)
    }

    /// An object identifier.
    pub fn object_identifier(&mut self) -> Result<ObjectIdentifier, NotDer> {
        ObjectIdentifier::from_bytes(self.expect(OBJECT_IDENTIFIER)?).map_err(|_| NotDer)
    }
}

/// The tag of an INTEGER (X.690, section 8.3).
pub const INTEGER: u8 = 0x02;
/// The tag of an OCTET STRING (section 8.7).
pub const OCTET_STRING: u8 = 0x04;
/// The tag of an OBJECT IDENTIFIER (section 8.19).
pub const OBJECT_IDENTIFIER: u8 = 0x06;
/// The tag of a SEQUENCE (section 8.9).
pub const SEQUENCE: u8 = 0x30;

/// A `SEQUENCE` of these values.
pub fn sequence(members: &[&[u8]]) -> Vec<u8> {
    value(0x30, members)
}

/// A `SET` of one value, which needs no sorting.
pub fn set_of_one(member: &[u8]) -> Vec<u8> {
    value(0x31, &[member])
}

/// A non-negative `INTEGER`, from big-endian bytes.
pub fn unsigned_integer(bytes: &[u8]) -> Vec<u8> {
    let significant = bytes
        .iter()
        .position(|byte| *byte != 0)
        .map_or(&[0][..], |start| &bytes[start..]);
    if significant[0] & 0x80 == 0 {
        value(0x02, &[significant])
    } else {
        value(0x02, &[&[0], significant])
    }
}

/// A small `INTEGER`.
pub fn integer(number: u32) -> Vec<u8> {
    unsigned_integer(&number.to_be_bytes())
}

/// An `OCTET STRING`.
pub fn octet_string(bytes: &[u8]) -> Vec<u8> {
    value(0x04, &[bytes])
}

/// A `BIT STRING` of whole bytes.
pub fn bit_string(bytes: &[u8]) -> Vec<u8> {
    value(0x03, &[&[0], bytes])
}

/// A `UTF8String`.
pub fn utf8_string(text: &str) -> Vec<u8> {
    value(0x0c, &[text.as_bytes()])
}

/// An `OBJECT IDENTIFIER`.
pub fn object_identifier(identifier: ObjectIdentifier) -> Vec<u8> {
    value(0x06, &[identifier.as_bytes()])
}

/// `[number] EXPLICIT` around these values; also the constructed form of an implicit tag.
pub fn explicit(number: u8, members: &[&[u8]]) -> Vec<u8> {
    value(0xa0 | number, members)
}

/// `[number] IMPLICIT OCTET STRING`.
pub fn implicit_bytes(number: u8, bytes: &[u8]) -> Vec<u8> {
    value(0x80 | number, &[bytes])
}

/// An `AlgorithmIdentifier` with these parameters in DER.
pub fn algorithm(identifier: ObjectIdentifier, parameters: &[u8]) -> Vec<u8> {
    sequence(&[&object_identifier(identifier), parameters])
}

/// Encodes a tag, the length, and the concatenated values.
pub fn value(tag: u8, members: &[&[u8]]) -> Vec<u8> {
    let length: usize = members.iter().map(|member| member.len()).sum();
    // Reserved in full, so that secrets are never moved to a larger place and left behind in the smaller one.
    let mut encoded = Vec::with_capacity(length + 6);
    encoded.push(tag);
    match length {
        0..=0x7f => encoded.push(length as u8),
        _ => {
            let bytes = length.to_be_bytes();
            let start = bytes.iter().position(|byte| *byte != 0).unwrap_or_default();
            encoded.push(0x80 | (bytes.len() - start) as u8);
            encoded.extend_from_slice(&bytes[start..]);
        }
    }
    members.iter().for_each(|member| encoded.extend_from_slice(member));
    encoded
}

/// The same for secret members: the result is wiped on drop.
pub fn secret_sequence(members: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(sequence(members))
}

/// `NULL`.
pub const NULL: &[u8] = &[0x05, 0x00];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_as_few_bytes_as_they_can() {
        for (length, header) in [
            (0, vec![4, 0]),
            (127, vec![4, 127]),
            (128, vec![4, 0x81, 128]),
            (256, vec![4, 0x82, 1, 0]),
        ] {
            let encoded = octet_string(&vec![7; length]);
            assert_eq!(encoded[..header.len()], header);
            assert_eq!(encoded.len(), header.len() + length);
        }
    }

    #[test]
    fn only_the_shortest_lengths_are_read() {
        for broken in [
            &[4][..],
            &[4, 0x80, 0, 0],
            &[4, 0x81, 5, 1, 2, 3, 4, 5],
            &[4, 2, 1],
            &[0x1f, 1, 0],
            &[4, 0x85, 1, 0, 0, 0, 0],
        ] {
            assert!(Reader::new(broken).value().is_err(), "{broken:?}");
        }
        let mut reader = Reader::new(&[2, 1, 0xff, 4, 1, 7]);
        assert_eq!(reader.expect(INTEGER), Ok(&[0xff][..]));
        assert_eq!(reader.expect(OCTET_STRING), Ok(&[7][..]));
        assert!(reader.is_empty());
    }

    #[test]
    fn integers_are_minimal_and_positive() {
        assert_eq!(integer(0), [2, 1, 0]);
        assert_eq!(integer(127), [2, 1, 127]);
        assert_eq!(integer(128), [2, 2, 0, 128]);
        assert_eq!(unsigned_integer(&[0, 0, 1, 2]), [2, 2, 1, 2]);
    }
}
