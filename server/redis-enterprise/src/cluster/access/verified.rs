//! A cache of recently verified passwords.
//!
//! Basic authentication sends the password with every request, and every verification with Argon2id costs 20 ms and 19
//! MiB by design: a client with a hundred requests per second would exhaust the server. So the pair of user and
//! password is cached briefly, as an HMAC under a key that exists in this process only.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::hmac;
use secrecy::{ExposeSecret as _, SecretString};
use time::{Duration, OffsetDateTime};

use certward_redis_model::user::User;

/// Recently verified pairs of users and passwords.
pub(super) struct VerifiedPasswords {
    key: hmac::Key,
    until: Mutex<HashMap<[u8; TAG_LENGTH], OffsetDateTime>>,
}

impl VerifiedPasswords {
    pub(super) fn new() -> Self {
        let mut key = zeroize::Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(key.as_mut_slice()).expect("the system gives random bytes");
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()),
            until: Mutex::default(),
        }
    }

    /// True if the password was recently verified against the user's current credentials.
    pub(super) fn contains(&self, user: &User, password: &SecretString, now: OffsetDateTime) -> bool {
        let tag = self.tag(user, password);
        self.lock()
            .get(&tag)
            .is_some_and(|until| now < *until && *until - now <= LIFETIME)
    }

    /// Records a verified password.
    pub(super) fn insert(&self, user: &User, password: &SecretString, now: OffsetDateTime) {
        let tag = self.tag(user, password);
        let mut until = self.lock();
        if until.len() >= MAX_PAIRS {
            until.retain(|_, until| now < *until);
        }
        if until.len() >= MAX_PAIRS {
            until.clear();
        }
        until.insert(tag, now + LIFETIME);
    }

    /// The HMAC covers the revision of the credentials too: when they change, earlier entries no longer match.
    fn tag(&self, user: &User, password: &SecretString) -> [u8; TAG_LENGTH] {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&user.uid.get().to_be_bytes());
        context.update(&user.credentials_revision.to_be_bytes());
        context.update(password.expose_secret().as_bytes());
        let tag = context.sign();
        tag.as_ref().try_into().expect("a tag of HMAC-SHA256 has 32 bytes")
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; TAG_LENGTH], OffsetDateTime>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for VerifiedPasswords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifiedPasswords(..)")
    }
}

const TAG_LENGTH: usize = 32;
/// Long enough for a series of requests, short compared with other caches of passwords.
const LIFETIME: Duration = Duration::minutes(1);
/// About 100 KiB; beyond that, further pairs are verified again.
const MAX_PAIRS: usize = 1024;

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use certward_redis_model::uid::UserUid;
    use certward_redis_model::user::{Authentication, EmailAlerts};

    const NOON: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

    fn user(uid: u32, credentials_revision: u64) -> User {
        User {
            uid: UserUid::new(uid).unwrap(),
            name: "alice".parse().unwrap(),
            email: None,
            authentication: Authentication::EntraId,
            credentials_revision,
            role_uids: Vec::new(),
            alerts: EmailAlerts::default(),
        }
    }

    #[test]
    fn a_pair_is_remembered_for_a_minute_and_no_other_pair_with_it() {
        let verified = VerifiedPasswords::new();
        let password = SecretString::from("secret");
        verified.insert(&user(1, 1), &password, NOON);
        assert!(verified.contains(&user(1, 1), &password, NOON + Duration::seconds(59)));
        assert!(!verified.contains(&user(1, 1), &password, NOON + LIFETIME));
        assert!(!verified.contains(&user(1, 1), &SecretString::from("Secret"), NOON));
        assert!(!verified.contains(&user(2, 1), &password, NOON));
    }

    #[test]
    fn new_credentials_make_it_forgotten() {
        let verified = VerifiedPasswords::new();
        let password = SecretString::from("secret");
        verified.insert(&user(1, 1), &password, NOON);
        assert!(!verified.contains(&user(1, 2), &password, NOON));
    }

    #[test]
    fn a_clock_set_back_makes_it_forgotten() {
        let verified = VerifiedPasswords::new();
        let password = SecretString::from("secret");
        verified.insert(&user(1, 1), &password, NOON);
        assert!(!verified.contains(&user(1, 1), &password, NOON - Duration::hours(1)));
    }

    #[test]
    fn no_more_pairs_are_kept_than_the_limit() {
        let verified = VerifiedPasswords::new();
        for uid in 1..=2 * u32::try_from(MAX_PAIRS).unwrap() {
            verified.insert(&user(uid, 1), &SecretString::from("x"), NOON);
        }
        assert!(verified.lock().len() <= MAX_PAIRS);
    }
}
