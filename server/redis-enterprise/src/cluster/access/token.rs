//! Tokens: JWTs (RFC 7519) that this server issues and verifies, signed by HMAC-SHA256 with a key in the store.
//!
//! Implemented directly on aws-lc-rs: one algorithm, one issuer and four claims need no library that might accept
//! others. Every header other than this server's own is rejected.

use std::fmt;

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use certward_redis_model::state::ClusterState;
use certward_redis_model::token_key::TokenKey;
use certward_redis_model::uid::UserUid;
use certward_redis_model::user::User;

/// Issues and verifies tokens.
pub(in crate::cluster) struct Tokens(hmac::Key);

/// Lifetime of a token, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenLifetime(u32);

/// The number of seconds is out of range for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a token is good for 1 to {MAX_SECONDS} seconds")]
pub struct TokenLifetimeError;

/// A token is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// This server did not sign it.
    #[error("the token is not this server's")]
    Forged,
    /// Its lifetime has ended.
    #[error("the token has expired")]
    Expired,
    /// The user was deleted, or its credentials have changed.
    #[error("the token has been revoked")]
    Revoked,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    /// The user's number.
    sub: String,
    /// Seconds since 1970.
    iat: i64,
    /// Seconds since 1970.
    exp: i64,
    /// The revision of the user's credentials.
    cred: u64,
}

impl Default for TokenLifetime {
    /// Five minutes (`docs/contracts/redis-enterprise.md#passwords-and-tokens`).
    fn default() -> Self {
        Self(300)
    }
}

impl TokenLifetime {
    /// A lifetime of 1 second to one day.
    ///
    /// # Errors
    ///
    /// [`TokenLifetimeError`] for any other.
    pub fn from_seconds(seconds: u64) -> Result<Self, TokenLifetimeError> {
        match u32::try_from(seconds) {
            Ok(seconds @ 1..=MAX_SECONDS) => Ok(Self(seconds)),
            _ => Err(TokenLifetimeError),
        }
    }
}

impl Tokens {
    pub(in crate::cluster) fn new(key: &TokenKey) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.expose()))
    }

    /// Issues a token for the user, valid from now until the lifetime is over or the user's credentials change.
    pub(super) fn issue(&self, user: &User, lifetime: TokenLifetime, now: OffsetDateTime) -> SecretString {
        let issued_at = now.unix_timestamp();
        let claims = Claims {
            sub: user.uid.to_string(),
            iat: issued_at,
            exp: issued_at + i64::from(lifetime.0),
            cred: user.credentials_revision,
        };
        let claims = serde_json::to_vec(&claims).expect("numbers and a string are JSON");
        let signed = format!("{}.{}", BASE64URL_NOPAD.encode(HEADER), BASE64URL_NOPAD.encode(&claims));
        let tag = hmac::sign(&self.0, signed.as_bytes());
        SecretString::from(format!("{signed}.{}", BASE64URL_NOPAD.encode(tag.as_ref())))
    }

    /// The user to whom the token was issued.
    ///
    /// # Errors
    ///
    /// [`TokenRefusal`].
    pub(in crate::cluster) fn user<'a>(
        &self,
        token: &SecretString,
        state: &'a ClusterState,
        now: OffsetDateTime,
    ) -> Result<&'a std::sync::Arc<User>, TokenRefusal> {
        let claims = self.claims(token.expose_secret()).ok_or(TokenRefusal::Forged)?;
        // A clock that was set back since would make the token good for longer than it was given for.
        if now.unix_timestamp() >= claims.exp || now.unix_timestamp() < claims.iat {
            return Err(TokenRefusal::Expired);
        }
        let uid: UserUid = claims.sub.parse().map_err(|_| TokenRefusal::Forged)?;
        state
            .user(uid)
            .filter(|user| user.credentials_revision == claims.cred)
            .ok_or(TokenRefusal::Revoked)
    }

    fn claims(&self, token: &str) -> Option<Claims> {
        if token.len() > MAX_LENGTH {
            return None;
        }
        let (signed, tag) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let tag = BASE64URL_NOPAD.decode(tag.as_bytes()).ok()?;
        hmac::verify(&self.0, signed.as_bytes(), &tag).ok()?;
        if BASE64URL_NOPAD.decode(header.as_bytes()).ok()? != HEADER {
            return None;
        }
        let claims = BASE64URL_NOPAD.decode(claims.as_bytes()).ok()?;
        serde_json::from_slice(&claims).ok()
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(..)")
    }
}

const HEADER: &[u8] = br#"{"alg":"HS256","typ":"JWT"}"#;
/// One day (`docs/contracts/redis-enterprise.md#passwords-and-tokens`).
const MAX_SECONDS: u32 = 86_400;
/// This server's own tokens have about 200 characters.
const MAX_LENGTH: usize = 1024;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use time::Duration;
    use time::macros::datetime;

    use super::*;
    use certward_redis_model::state::{Change, ClusterIdentity};
    use certward_redis_model::user::{Authentication, EmailAlerts};

    const NOON: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

    fn user(credentials_revision: u64) -> Arc<User> {
        Arc::new(User {
            uid: UserUid::new(7).unwrap(),
            name: "alice".parse().unwrap(),
            email: None,
            authentication: Authentication::EntraId,
            credentials_revision,
            role_uids: Vec::new(),
            alerts: EmailAlerts::default(),
        })
    }

    fn state(users: &[Arc<User>]) -> ClusterState {
        let mut state = ClusterState::fresh(ClusterIdentity {
            name: "cluster.local".to_owned(),
            created_at: NOON,
        });
        for user in users {
            state.apply_one(&Change::PutUser(Arc::clone(user)));
        }
        state
    }

    fn check(
        tokens: &Tokens,
        token: &SecretString,
        state: &ClusterState,
        now: OffsetDateTime,
    ) -> Result<u32, TokenRefusal> {
        tokens.user(token, state, now).map(|user| user.uid.get())
    }

    #[test]
    fn a_token_is_good_until_its_lifetime_is_over() {
        let (tokens, state) = (Tokens::new(&TokenKey::generate()), state(&[user(3)]));
        let token = tokens.issue(&user(3), TokenLifetime::default(), NOON);
        assert_eq!(check(&tokens, &token, &state, NOON), Ok(7));
        assert_eq!(check(&tokens, &token, &state, NOON + Duration::seconds(299)), Ok(7));
        assert_eq!(
            check(&tokens, &token, &state, NOON + Duration::seconds(300)),
            Err(TokenRefusal::Expired)
        );
        assert_eq!(
            check(&tokens, &token, &state, NOON - Duration::SECOND),
            Err(TokenRefusal::Expired)
        );
    }

    #[test]
    fn a_token_dies_with_its_user_and_with_the_users_credentials() {
        let tokens = Tokens::new(&TokenKey::generate());
        let token = tokens.issue(&user(3), TokenLifetime::default(), NOON);
        assert_eq!(check(&tokens, &token, &state(&[]), NOON), Err(TokenRefusal::Revoked));
        assert_eq!(
            check(&tokens, &token, &state(&[user(4)]), NOON),
            Err(TokenRefusal::Revoked)
        );
    }

    #[test]
    fn a_token_that_was_changed_or_signed_with_another_key_or_algorithm_is_forged() {
        let (tokens, state) = (Tokens::new(&TokenKey::generate()), state(&[user(3)]));
        let token = tokens.issue(&user(3), TokenLifetime::default(), NOON);
        let text = token.expose_secret();
        let parts: Vec<&str> = text.split('.').collect();
        let none = BASE64URL_NOPAD.encode(br#"{"alg":"none","typ":"JWT"}"#);
        for forged in [
            String::new(),
            "a.b.c".to_owned(),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{none}.{}.", parts[1]),
            format!("{none}.{}.{}", parts[1], parts[2]),
            format!("{}.{}.{}", parts[0], parts[0], parts[2]),
            format!("{text}.x"),
            format!("x{text}"),
            "x".repeat(MAX_LENGTH + 1),
        ] {
            let refused = check(&tokens, &SecretString::from(forged.as_str()), &state, NOON);
            assert_eq!(refused, Err(TokenRefusal::Forged), "{forged}");
        }
        let others = Tokens::new(&TokenKey::generate()).issue(&user(3), TokenLifetime::default(), NOON);
        assert_eq!(check(&tokens, &others, &state, NOON), Err(TokenRefusal::Forged));
    }

    #[test]
    fn a_lifetime_is_1_second_to_a_day() {
        for (seconds, good) in [
            (0, false),
            (1, true),
            (86_400, true),
            (86_401, false),
            (u64::MAX, false),
        ] {
            assert_eq!(TokenLifetime::from_seconds(seconds).is_ok(), good, "{seconds}");
        }
    }
}
