//! Locks users after too many wrong passwords: five within 15 minutes lock a user for 30
//! (`docs/contracts/redis-enterprise.md#authentication-methods`).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use time::{Duration, OffsetDateTime};

use super::PasswordHash;
use certward_redis_model::uid::UserUid;
use certward_redis_model::user::{Authentication, User};

/// Recent wrong passwords, by user. Attempts with unknown names are not counted: there is nothing to guess.
///
/// Kept in memory: a restart resets it, but no client can cause one. At most one entry per user.
#[derive(Debug, Default)]
pub(in crate::cluster) struct Lockouts(Mutex<HashMap<UserUid, Failures>>);

#[derive(Debug)]
struct Failures {
    /// The user's passwords at the last of them. The count is void once none of them is valid any more, so that an
    /// administrator unlocks a user with a new password; a password that is added beside them voids nothing.
    passwords: Vec<PasswordHash>,
    at: Vec<OffsetDateTime>,
    locked_until: Option<OffsetDateTime>,
}

impl Lockouts {
    /// Returns `true` if the user is locked.
    pub(super) fn is_locked(&self, user: &User, now: OffsetDateTime) -> bool {
        self.lock()
            .get(&user.uid)
            .is_some_and(|failures| failures.are_about(user) && failures.locked_until.is_some_and(|until| now < until))
    }

    /// Counts a wrong password. Returns `true` if it has locked the user.
    pub(super) fn failed(&self, user: &User, now: OffsetDateTime) -> bool {
        let mut all = self.lock();
        let failures = all.entry(user.uid).or_insert_with(|| Failures::of(user));
        if !failures.are_about(user) {
            *failures = Failures::of(user);
        }
        failures.passwords = passwords_of(user).to_vec();
        failures.at.retain(|at| now - *at < WINDOW);
        failures.at.push(now);
        if failures.at.len() < MAX_FAILURES {
            return false;
        }
        failures.at.clear();
        failures.locked_until = Some(now + LOCK);
        true
    }

    /// Resets the count of a user who has then given the right password.
    pub(super) fn succeeded(&self, user: &User) {
        self.lock().remove(&user.uid);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserUid, Failures>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Failures {
    fn of(user: &User) -> Self {
        Self {
            passwords: passwords_of(user).to_vec(),
            at: Vec::new(),
            locked_until: None,
        }
    }

    fn are_about(&self, user: &User) -> bool {
        passwords_of(user).iter().any(|hash| self.passwords.contains(hash))
    }
}

fn passwords_of(user: &User) -> &[PasswordHash] {
    match &user.authentication {
        Authentication::Regular { passwords, .. } => passwords,
        _ => &[],
    }
}

const MAX_FAILURES: usize = 5;
const WINDOW: Duration = Duration::minutes(15);
const LOCK: Duration = Duration::minutes(30);

#[cfg(test)]
mod tests {
    use secrecy::SecretString;
    use time::macros::datetime;

    use super::*;
    use crate::cluster::access::HashCost;
    use crate::cluster::access::password::PasswordHasher;
    use certward_redis_model::user::EmailAlerts;

    const NOON: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

    async fn hash(password: &str) -> PasswordHash {
        let hasher = PasswordHasher::new(HashCost { memory: 8, passes: 1 });
        hasher.hash(&SecretString::from(password)).await.unwrap()
    }

    fn user(passwords: Vec<PasswordHash>) -> User {
        User {
            uid: UserUid::new(1).unwrap(),
            name: "alice".parse().unwrap(),
            email: None,
            authentication: Authentication::Regular {
                passwords,
                issued_at: NOON,
            },
            credentials_revision: 1,
            role_uids: Vec::new(),
            alerts: EmailAlerts::default(),
        }
    }

    #[tokio::test]
    async fn five_wrong_passwords_within_15_minutes_lock_a_user_for_30() {
        let (lockouts, user) = (Lockouts::default(), user(vec![hash("first").await]));
        for minute in 0..4 {
            assert!(!lockouts.failed(&user, NOON + Duration::minutes(minute)));
        }
        assert!(!lockouts.is_locked(&user, NOON));
        let fifth = NOON + Duration::minutes(14);
        assert!(lockouts.failed(&user, fifth));
        assert!(lockouts.is_locked(&user, fifth));
        assert!(lockouts.is_locked(&user, fifth + LOCK - Duration::SECOND));
        assert!(!lockouts.is_locked(&user, fifth + LOCK));
    }

    #[tokio::test]
    async fn wrong_passwords_that_are_far_apart_lock_nobody() {
        let (lockouts, user) = (Lockouts::default(), user(vec![hash("first").await]));
        for time in 0..20 {
            assert!(!lockouts.failed(&user, NOON + Duration::minutes(4 * time)));
        }
    }

    #[tokio::test]
    async fn the_right_password_starts_the_count_anew() {
        let (lockouts, user) = (Lockouts::default(), user(vec![hash("first").await]));
        for _ in 0..3 {
            for _ in 0..4 {
                assert!(!lockouts.failed(&user, NOON));
            }
            lockouts.succeeded(&user);
        }
    }

    #[tokio::test]
    async fn a_new_password_unlocks_a_user_and_one_beside_the_others_does_not() {
        let (lockouts, first, second) = (Lockouts::default(), hash("first").await, hash("second").await);
        for count in 1..=4 {
            assert!(!lockouts.failed(&user(vec![first.clone()]), NOON), "{count}");
        }
        let both = user(vec![first.clone(), second.clone()]);
        assert!(lockouts.failed(&both, NOON));
        for passwords in [vec![first.clone()], vec![second.clone()], vec![second, first]] {
            assert!(lockouts.is_locked(&user(passwords), NOON));
        }
        assert!(!lockouts.is_locked(&user(vec![hash("third").await]), NOON));
    }
}
