//! Hexadecimal text of digests.

use std::fmt;

/// A text is not the hexadecimal form of a digest. The text itself is not repeated: it may be anything, a key included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HexError {
    /// Too few or too many digits.
    #[error("found {found} characters where {expected} hexadecimal digits belong")]
    Length {
        /// Digits in the canonical form.
        expected: usize,
        /// Characters in the text.
        found: usize,
    },
    /// A character that is no hexadecimal digit.
    #[error("character {position} is no hexadecimal digit")]
    Digit {
        /// Counted from 1.
        position: usize,
    },
}

pub(crate) fn decode<const N: usize>(text: &str) -> Result<[u8; N], HexError> {
    let mut digits = [0u8; N];
    let mut count = 0;
    for character in text.chars() {
        let value = character.to_digit(16).ok_or(HexError::Digit { position: count + 1 })?;
        if let Some(byte) = digits.get_mut(count / 2) {
            *byte = (*byte << 4) | value as u8;
        }
        count += 1;
    }
    if count == 2 * N {
        Ok(digits)
    } else {
        Err(HexError::Length {
            expected: 2 * N,
            found: count,
        })
    }
}

pub(crate) fn decode_lenient<const N: usize>(text: &str) -> Result<[u8; N], HexError> {
    let digits: String = text
        .chars()
        .filter(|c| !matches!(c, ':' | '-') && !c.is_whitespace())
        .collect();
    decode(&digits)
}

pub(crate) fn write_upper(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pki::{PublicKeyPinningHash, Sha256Fingerprint, Thumbprint};

    #[test]
    fn other_lengths_and_characters_are_refused() {
        assert_eq!(decode::<2>("abc"), Err(HexError::Length { expected: 4, found: 3 }));
        assert_eq!(decode::<2>("abcde"), Err(HexError::Length { expected: 4, found: 5 }));
        assert_eq!(decode::<2>("ab:c"), Err(HexError::Digit { position: 3 }));
        assert_eq!(decode::<2>("é000"), Err(HexError::Digit { position: 1 }));
        assert_eq!(decode_lenient::<2>(" ab:CD\n"), Ok([0xab, 0xcd]));
    }

    proptest! {
        #[test]
        fn printed_digests_are_read_back(thumbprint: [u8; 20], digest: [u8; 32]) {
            let thumbprint = Thumbprint::from_bytes(thumbprint);
            prop_assert_eq!(thumbprint.to_string().parse::<Thumbprint>().unwrap(), thumbprint);
            let fingerprint = Sha256Fingerprint::from_bytes(digest);
            prop_assert_eq!(fingerprint.to_string().to_lowercase().parse::<Sha256Fingerprint>().unwrap(), fingerprint);
            let pinning_hash = PublicKeyPinningHash::from_bytes(digest);
            prop_assert_eq!(pinning_hash.to_string().parse::<PublicKeyPinningHash>().unwrap(), pinning_hash);
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = text.parse::<Thumbprint>();
            let _ = Thumbprint::parse_lenient(&text);
            let _ = text.parse::<PublicKeyPinningHash>();
        }
    }
}
