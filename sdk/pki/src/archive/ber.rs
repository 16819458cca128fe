//! BER (X.690, section 8) brought into the one form that DER has.
//!
//! NSS (Firefox, Thunderbird) and Bouncy Castle (EJBCA, many Java programs) write PKCS#12 and PKCS#7 with indefinite lengths
//! and with OCTET STRINGs in pieces. Everything behind this module sees DER only.

use zeroize::Zeroizing;

use super::MAX_FILE;
use crate::der::{DerError, OCTET_STRING};

/// The reason that bytes cannot be converted to DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BerError {
    /// The bytes are not BER.
    #[error(transparent)]
    Malformed(#[from] DerError),
    /// More bytes than are read.
    #[error("it has more than {MAX_FILE} bytes")]
    TooLarge,
    /// More elements inside each other than any honest file has.
    #[error("its elements are nested more than {MAX_NESTING} deep")]
    TooDeep,
    /// More elements than any honest file has.
    #[error("it has more than {MAX_ELEMENTS} elements")]
    TooManyElements,
}

/// Brings one element, which nothing may follow, into DER: definite lengths of the shortest form, and every OCTET STRING in
/// one piece. Wiped on drop, for it may hold a key. DER comes out as it went in.
///
/// The result is not all that DER asks for: the order in sets and the form of other values stay as they are.
pub(super) fn to_der(ber: &[u8]) -> Result<Zeroizing<Vec<u8>>, BerError> {
    if ber.len() > MAX_FILE {
        return Err(BerError::TooLarge);
    }
    Ok(write(&parts(ber)?))
}

enum Part<'a> {
    Primitive { tag: u8, content: &'a [u8] },
    Begin { tag: u8 },
    End { tag: u8 },
}

/// A constructed element whose end has not been reached.
struct Open {
    tag: u8,
    has_definite_length: bool,
    /// The end of the element; with an indefinite length, the latest possible end.
    limit: usize,
}

/// Splits into parts, each byte looked at once and without recursion.
fn parts(ber: &[u8]) -> Result<Vec<Part<'_>>, BerError> {
    let mut parts = Vec::new();
    let mut opened: Vec<Open> = Vec::new();
    let mut place = 0;
    loop {
        while let Some(open) = opened.last() {
            let ends_here = if open.has_definite_length {
                place == open.limit
            } else {
                ber[place..open.limit].starts_with(&END_OF_CONTENTS)
            };
            if !ends_here {
                break;
            }
            place += if open.has_definite_length {
                0
            } else {
                END_OF_CONTENTS.len()
            };
            parts.push(Part::End { tag: open.tag });
            opened.pop();
        }
        if opened.is_empty() && !parts.is_empty() {
            break;
        }
        if parts.len() >= 2 * MAX_ELEMENTS {
            return Err(BerError::TooManyElements);
        }
        let limit = opened.last().map_or(ber.len(), |open| open.limit);
        let (tag, length, header) = header(&ber[place..limit])?;
        if opened.last().is_some_and(|open| open.tag == OCTET_STRING_IN_PIECES) && tag & !CONSTRUCTED != OCTET_STRING {
            return Err(DerError::Content("an OCTET STRING in pieces").into());
        }
        place += header;
        let end = match length {
            Some(length) => place.checked_add(length).filter(|end| *end <= limit),
            None => Some(limit),
        };
        let end = end.ok_or(DerError::Truncated)?;
        if tag & CONSTRUCTED == 0 {
            parts.push(Part::Primitive {
                tag,
                content: &ber[place..end],
            });
            place = end;
        } else {
            if opened.len() == MAX_NESTING {
                return Err(BerError::TooDeep);
            }
            parts.push(Part::Begin { tag });
            opened.push(Open {
                tag,
                has_definite_length: length.is_some(),
                limit: end,
            });
        }
    }
    if place == ber.len() {
        Ok(parts)
    } else {
        Err(DerError::TrailingData.into())
    }
}

/// Tag, length (`None`: indefinite), and the number of bytes they take.
fn header(ber: &[u8]) -> Result<(u8, Option<usize>, usize), DerError> {
    let [tag, first, rest @ ..] = ber else {
        return Err(DerError::Truncated);
    };
    if tag & TAG_NUMBER == TAG_NUMBER {
        return Err(DerError::LongTag);
    }
    match *first {
        0x80 if tag & CONSTRUCTED != 0 => Ok((*tag, None, 2)),
        0x80 | 0xff => Err(DerError::Length),
        length @ 0..=0x7f => Ok((*tag, Some(usize::from(length)), 2)),
        count => {
            let count = usize::from(count & 0x7f);
            let length = rest.get(..count).ok_or(DerError::Truncated)?;
            let length = length
                .iter()
                .try_fold(0_usize, |sum, byte| sum.checked_mul(256)?.checked_add((*byte).into()));
            Ok((*tag, Some(length.ok_or(DerError::Truncated)?), 2 + count))
        }
    }
}

/// Writes from the end to the beginning: there the length of an element is known when its header is due.
fn write(parts: &[Part<'_>]) -> Zeroizing<Vec<u8>> {
    let most: usize = parts
        .iter()
        .map(|part| match part {
            Part::Primitive { content, .. } => content.len() + MAX_HEADER,
            Part::Begin { .. } => MAX_HEADER,
            Part::End { .. } => 0,
        })
        .sum();
    // Room for everything: growing would leave unwiped copies of a key behind.
    let mut reversed = Zeroizing::new(Vec::with_capacity(most));
    let mut ends = Vec::new();
    let mut strings_around = 0_usize;
    for part in parts.iter().rev() {
        match *part {
            Part::Primitive { tag, content } => {
                reversed.extend(content.iter().rev());
                if strings_around == 0 {
                    push_header(&mut reversed, tag, content.len());
                }
            }
            Part::End { tag } => {
                strings_around += usize::from(tag == OCTET_STRING_IN_PIECES);
                ends.push(reversed.len());
            }
            Part::Begin { tag } => {
                let length = reversed.len() - ends.pop().unwrap_or_default();
                if tag != OCTET_STRING_IN_PIECES {
                    push_header(&mut reversed, tag, length);
                } else {
                    strings_around -= 1;
                    if strings_around == 0 {
                        push_header(&mut reversed, OCTET_STRING, length);
                    }
                }
            }
        }
    }
    reversed.reverse();
    reversed
}

fn push_header(reversed: &mut Vec<u8>, tag: u8, length: usize) {
    let bytes = length.to_be_bytes();
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len() - 1);
    reversed.extend(bytes[start..].iter().rev());
    if length >= 0x80 {
        reversed.push(0x80 | (bytes.len() - start) as u8);
    }
    reversed.push(tag);
}

const END_OF_CONTENTS: [u8; 2] = [0, 0];
const CONSTRUCTED: u8 = 0x20;
const OCTET_STRING_IN_PIECES: u8 = OCTET_STRING | CONSTRUCTED;
const TAG_NUMBER: u8 = 0x1f;
/// Tag, and a length of up to eight bytes with the byte that counts them.
const MAX_HEADER: usize = 10;
/// A PKCS#7 file with certificates is nested about 20 deep.
const MAX_NESTING: usize = 64;
/// A certificate has about 100 elements, a file at most some hundred certificates.
const MAX_ELEMENTS: usize = 100_000;

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::super::ber_form;
    use super::*;

    fn der(ber: &[u8]) -> Result<Vec<u8>, BerError> {
        to_der(ber).map(|der| der.to_vec())
    }

    #[test]
    fn indefinite_lengths_and_strings_in_pieces_become_der() {
        for (ber, expected) in [
            (&[0x30, 0x80, 0, 0][..], &[0x30, 0][..]),
            (&[0x30, 0x80, 2, 1, 5, 0, 0], &[0x30, 3, 2, 1, 5]),
            (&[0x30, 0x82, 0, 3, 2, 1, 5], &[0x30, 3, 2, 1, 5]),
            (&[0x24, 0x80, 4, 1, 7, 4, 0, 4, 1, 8, 0, 0], &[4, 2, 7, 8]),
            (&[0x24, 6, 4, 1, 7, 4, 1, 8], &[4, 2, 7, 8]),
            // Pieces in pieces.
            (
                &[0x24, 0x80, 0x24, 0x80, 4, 1, 7, 0, 0, 0x24, 3, 4, 1, 8, 0, 0],
                &[4, 2, 7, 8],
            ),
            (&[0x30, 7, 0x30, 0x80, 2, 1, 5, 0, 0], &[0x30, 5, 0x30, 3, 2, 1, 5]),
            // Zeros inside a primitive element end nothing.
            (&[0x30, 0x80, 4, 2, 0, 0, 0, 0], &[0x30, 4, 4, 2, 0, 0]),
            (&[0xa0, 0x80, 4, 1, 7, 4, 1, 8, 0, 0], &[0xa0, 6, 4, 1, 7, 4, 1, 8]),
        ] {
            assert_eq!(der(ber).unwrap(), expected, "{ber:02x?}");
        }
    }

    #[test]
    fn broken_ber_is_refused() {
        for (ber, expected) in [
            (&[][..], DerError::Truncated),
            (&[0x30], DerError::Truncated),
            (&[0x30, 0x80], DerError::Truncated),
            (&[0x30, 0x80, 0], DerError::Truncated),
            (&[0x30, 0x80, 0, 0, 0], DerError::TrailingData),
            (&[4, 0x80, 0, 0], DerError::Length),
            (&[4, 0xff, 0, 0], DerError::Length),
            (&[0x30, 2, 4, 5], DerError::Truncated),
            // The end of what is inside lies behind the end of what is around it.
            (&[0x30, 2, 0x30, 0x80, 0, 0], DerError::Truncated),
            (&[4, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0], DerError::Truncated),
            (&[0x3f, 1, 0], DerError::LongTag),
            (&[0x24, 3, 2, 1, 5], DerError::Content("an OCTET STRING in pieces")),
        ] {
            assert_eq!(der(ber).unwrap_err(), BerError::Malformed(expected), "{ber:02x?}");
        }
    }

    #[test]
    fn hostile_nesting_and_numbers_cost_little() {
        let started = Instant::now();
        for ber in [
            [0x30, 0x80].repeat(MAX_FILE / 2),
            [0x24, 0x80].repeat(10_000),
            [[0x30, 0x80].repeat(10_000), [0, 0].repeat(10_000)].concat(),
        ] {
            assert_eq!(der(&ber).unwrap_err(), BerError::TooDeep);
        }
        let numbers = [&[0x30, 0x80][..], &[5, 0].repeat(MAX_FILE / 2 - 2), &[0, 0]].concat();
        assert_eq!(der(&numbers).unwrap_err(), BerError::TooManyElements);
        assert_eq!(der(&vec![0; MAX_FILE + 1]).unwrap_err(), BerError::TooLarge);
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(once) = der(&bytes) {
                prop_assert_eq!(der(&once), Ok(once.clone()));
            }
        }

        #[test]
        fn ber_of_der_is_that_der(content in proptest::collection::vec(any::<u8>(), 0..600), piece in 1..300_usize) {
            use crate::der::{INTEGER, SEQUENCE, encode};

            let members = [encode(INTEGER, &[5]), encode(OCTET_STRING, &content), encode(SEQUENCE, &[])].concat();
            let expected = encode(SEQUENCE, &encode(SEQUENCE, &members));
            prop_assert_eq!(der(&expected), Ok(expected.clone()));
            prop_assert_eq!(der(&ber_form::indefinite(&expected, piece)), Ok(expected));
        }
    }
}
