//! Users with too many wrong passwords: five within 15 minutes lock a user for 30 (contract `redis-enterprise.md`,
//! section 3.1).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use time::{Duration, OffsetDateTime};

use crate::cluster::uid::UserUid;
use crate::cluster::user::User;

/// The wrong passwords of the last minutes, by user. Unknown users are not counted: there is nothing to guess.
///
/// Kept in memory: a restart forgets it, which nobody outside can bring about. At most one entry a user.
#[derive(Debug, Default)]
pub(in crate::cluster) struct Lockouts(Mutex<HashMap<UserUid, Failures>>);

#[derive(Debug)]
struct Failures {
    /// Of the user's credentials; what was counted against others is void, so that a new password unlocks a user.
    credentials_revision: u64,
    at: Vec<OffsetDateTime>,
    locked_until: Option<OffsetDateTime>,
}

impl Lockouts {
    /// Whether the user is locked.
    pub(super) fn is_locked(&self, user: &User, now: OffsetDateTime) -> bool {
        self.lock().get(&user.uid).is_some_and(|failures| {
            failures.credentials_revision == user.credentials_revision
                && failures.locked_until.is_some_and(|until| now < until)
        })
    }

    /// Counts a wrong password. Whether it has locked the user.
    pub(super) fn failed(&self, user: &User, now: OffsetDateTime) -> bool {
        let mut all = self.lock();
        let failures = all.entry(user.uid).or_insert_with(|| Failures::of(user));
        if failures.credentials_revision != user.credentials_revision {
            *failures = Failures::of(user);
        }
        failures.at.retain(|at| now - *at < WINDOW);
        failures.at.push(now);
        if failures.at.len() < MAX_FAILURES {
            return false;
        }
        failures.at.clear();
        failures.locked_until = Some(now + LOCK);
        true
    }

    /// Forgets the wrong passwords of a user who then gave the right one.
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
            credentials_revision: user.credentials_revision,
            at: Vec::new(),
            locked_until: None,
        }
    }
}

const MAX_FAILURES: usize = 5;
const WINDOW: Duration = Duration::minutes(15);
const LOCK: Duration = Duration::minutes(30);

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::cluster::user::{Authentication, EmailAlerts};

    const NOON: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

    fn user(credentials_revision: u64) -> User {
        User {
            uid: UserUid::new(1).unwrap(),
            name: "alice".parse().unwrap(),
            email: None,
            authentication: Authentication::EntraId,
            credentials_revision,
            role_uids: Vec::new(),
            alerts: EmailAlerts::default(),
        }
    }

    #[test]
    fn five_wrong_passwords_within_15_minutes_lock_a_user_for_30() {
        let (lockouts, user) = (Lockouts::default(), user(1));
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

    #[test]
    fn wrong_passwords_that_are_far_apart_lock_nobody() {
        let (lockouts, user) = (Lockouts::default(), user(1));
        for time in 0..20 {
            assert!(!lockouts.failed(&user, NOON + Duration::minutes(4 * time)));
        }
    }

    #[test]
    fn the_right_password_starts_the_count_anew() {
        let (lockouts, user) = (Lockouts::default(), user(1));
        for _ in 0..3 {
            for _ in 0..4 {
                assert!(!lockouts.failed(&user, NOON));
            }
            lockouts.succeeded(&user);
        }
    }

    #[test]
    fn new_credentials_unlock_a_user() {
        let lockouts = Lockouts::default();
        for _ in 0..5 {
            lockouts.failed(&user(1), NOON);
        }
        assert!(lockouts.is_locked(&user(1), NOON));
        assert!(!lockouts.is_locked(&user(2), NOON));
    }
}
