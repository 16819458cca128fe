//! A caller's credentials other than its certificate: the value of an `Authorization` header (RFC 9110, section 11.6).

use base64::Engine as _;
use base64::engine::general_purpose::GeneralPurposeConfig;
use base64::engine::{DecodePaddingMode, GeneralPurpose};
use secrecy::SecretString;
use zeroize::Zeroizing;

/// Credentials of a user. Wiped on drop; `Debug` shows nothing of them.
pub enum Credentials {
    /// A login name and a password (RFC 7617).
    Password {
        /// The user's name or e-mail address.
        login: String,
        /// The password.
        password: SecretString,
    },
    /// A token that this server has issued.
    Token(SecretString),
}

/// An `Authorization` header that is neither `Basic` with a name and a password, nor `JWT` or `Bearer` with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the Authorization header is neither Basic with a name and a password, nor JWT or Bearer with a token")]
pub struct MalformedCredentials;

impl Credentials {
    /// Parses the value of an `Authorization` header.
    ///
    /// # Errors
    ///
    /// [`MalformedCredentials`] for another scheme, invalid Base64, invalid UTF-8, and a name and password without a
    /// colon between them.
    pub fn from_authorization(value: &str) -> Result<Self, MalformedCredentials> {
        let (scheme, rest) = value.trim().split_once(' ').ok_or(MalformedCredentials)?;
        let rest = rest.trim_start();
        if rest.is_empty() || rest.contains(' ') {
            return Err(MalformedCredentials);
        }
        if scheme.eq_ignore_ascii_case("basic") {
            Self::from_basic(rest)
        } else if scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("jwt") {
            Ok(Self::Token(SecretString::from(rest)))
        } else {
            Err(MalformedCredentials)
        }
    }

    fn from_basic(encoded: &str) -> Result<Self, MalformedCredentials> {
        let decoded = Zeroizing::new(BASE64.decode(encoded).map_err(|_| MalformedCredentials)?);
        let text = std::str::from_utf8(&decoded).map_err(|_| MalformedCredentials)?;
        let (login, password) = text.split_once(':').ok_or(MalformedCredentials)?;
        Ok(Self::Password {
            login: login.to_owned(),
            password: SecretString::from(password),
        })
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Password { .. } => "Password(..)",
            Self::Token(_) => "Token(..)",
        })
    }
}

/// Some clients omit the padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use secrecy::ExposeSecret as _;

    use super::*;

    fn basic(plain: &[u8]) -> String {
        format!("Basic {}", STANDARD.encode(plain))
    }

    #[test]
    fn a_password_may_hold_colons_and_a_login_name_may_not() {
        let Ok(Credentials::Password { login, password }) = Credentials::from_authorization(&basic(b"a@b.c:x:y"))
        else {
            panic!("no password");
        };
        assert_eq!((login.as_str(), password.expose_secret()), ("a@b.c", "x:y"));
    }

    #[test]
    fn a_token_comes_as_jwt_or_as_bearer_in_any_case() {
        for scheme in ["JWT", "jwt", "Bearer", "BEARER"] {
            let Ok(Credentials::Token(token)) = Credentials::from_authorization(&format!("{scheme} a.b.c")) else {
                panic!("no token");
            };
            assert_eq!(token.expose_secret(), "a.b.c");
        }
    }

    #[test]
    fn everything_else_is_malformed() {
        for value in [
            "",
            "Basic",
            "Basic ",
            "Basic !",
            "Digest a=b",
            "Bearer a b",
            "JWT",
            "a:b",
        ] {
            assert!(Credentials::from_authorization(value).is_err(), "{value}");
        }
        assert!(Credentials::from_authorization(&basic(b"no-colon")).is_err());
        assert!(Credentials::from_authorization(&basic(b"\xff:x")).is_err());
    }

    #[test]
    fn debug_shows_no_credential() {
        let shown = format!("{:?}", Credentials::from_authorization(&basic(b"alice:hunter2")));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
