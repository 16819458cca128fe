//! The shared secret of one-time codes, in Base32 (RFC 4648), as authenticator apps accept it.

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use data_encoding::BASE32_NOPAD;
use zeroize::Zeroizing;

use crate::model::definition::TwoFactorKey;

/// The text is not a valid secret. No error repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Not Base32.
    #[error("the secret of one-time codes is not Base32: the letters A to Z and the digits 2 to 7")]
    NotBase32,
    /// Too short for a secret, or implausibly long.
    #[error("the secret of one-time codes has {length} bytes; {MIN_LENGTH} to {MAX_LENGTH} are accepted")]
    Length {
        /// Length in bytes after decoding.
        length: usize,
    },
}

/// Generates a secret of 20 bytes, which is 32 characters.
///
/// # Errors
///
/// If the system has no random bytes.
pub fn generate_secret() -> Result<TwoFactorKey, Unspecified> {
    let mut bytes = Zeroizing::new(vec![0; GENERATED_LENGTH]);
    SystemRandom::new().fill(&mut bytes)?;
    Ok(TwoFactorKey::from_bytes(std::mem::take(&mut *bytes)))
}

/// The secret in Base32, to be displayed once.
#[must_use]
pub fn secret_text(key: &TwoFactorKey) -> Zeroizing<String> {
    Zeroizing::new(BASE32_NOPAD.encode(key.expose()))
}

/// Parses a secret: Base32 in any case, with or without blanks and padding, of 10 bytes (16 characters, observed record
/// `154-post-2fa-key`) to 64.
///
/// # Errors
///
/// [`SecretError`].
pub fn parse_secret(text: &str) -> Result<TwoFactorKey, SecretError> {
    let mut tidy = Zeroizing::new(String::with_capacity(text.len()));
    tidy.extend(
        text.trim_end_matches('=')
            .chars()
            .filter(|character| *character != ' ')
            .map(|character| character.to_ascii_uppercase()),
    );
    let mut bytes = Zeroizing::new(
        BASE32_NOPAD
            .decode(tidy.as_bytes())
            .map_err(|_| SecretError::NotBase32)?,
    );
    if !(MIN_LENGTH..=MAX_LENGTH).contains(&bytes.len()) {
        return Err(SecretError::Length { length: bytes.len() });
    }
    Ok(TwoFactorKey::from_bytes(std::mem::take(&mut *bytes)))
}

/// RFC 4226, section 4, requires 128 bits and recommends 160; the real server accepts 80.
const MIN_LENGTH: usize = 10;
const MAX_LENGTH: usize = 64;
const GENERATED_LENGTH: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_secret_is_read_back() {
        let key = generate_secret().unwrap();
        let text = secret_text(&key);
        assert_eq!(text.len(), 32);
        assert_eq!(parse_secret(&text).unwrap().expose(), key.expose());
    }

    #[test]
    fn what_people_paste_is_read_and_what_is_no_secret_is_not() {
        assert_eq!(parse_secret("JBSWY3DPEHPK3PXP").unwrap().expose().len(), 10);
        assert_eq!(
            parse_secret("jbsw y3dp ehpk 3pxp").unwrap().expose(),
            parse_secret("JBSWY3DPEHPK3PXP").unwrap().expose()
        );
        assert_eq!(parse_secret("JBSWY3DP").unwrap_err(), SecretError::Length { length: 5 });
        assert_eq!(parse_secret("").unwrap_err(), SecretError::Length { length: 0 });
        assert_eq!(parse_secret("JBSWY3DPEHPK3PX1").unwrap_err(), SecretError::NotBase32);
    }
}
