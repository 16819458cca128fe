//! Checks of passwords against a user's: the only way to test a guess, so that every guess is counted.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hashlink::LruCache;
use secrecy::SecretString;
use time::{Duration, OffsetDateTime};

use super::PasswordHash;
use super::password::{Applicant, HasherBusy};
use crate::cluster::Cluster;
use certward_redis_model::uid::UserUid;
use certward_redis_model::user::User;
use certward_system::network::Network;

/// The result of comparing a password with those of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cluster) enum Guess {
    /// The password is the user's, with this index.
    Right(usize),
    /// It is not, and the failure was counted.
    Wrong,
    /// The user is locked, so the password was not checked.
    Locked,
}

/// Recent logins, by user and network.
pub(super) struct FamiliarLogins(Mutex<LruCache<(Network, UserUid), OffsetDateTime>>);

impl Cluster {
    /// Checks a password against those of a user. A wrong one counts towards the lock-out. The right one at a login
    /// resets the count, unless the user has other passwords: a client that knows one of several may be guessing the
    /// rest. An authenticated client that tests passwords of its own resets no count either.
    ///
    /// # Errors
    ///
    /// [`HasherBusy`].
    pub(in crate::cluster) async fn check_guess(
        &self,
        applicant: Applicant,
        user: &User,
        hashes: &[PasswordHash],
        password: &SecretString,
    ) -> Result<Guess, HasherBusy> {
        let ends_count = applicant != Applicant::LetIn && hashes.len() == 1;
        let began = self.clock().now();
        let was_locked = self.lockouts().is_locked(user, began);
        let place = self.passwords().verify(applicant, password, hashes).await?;
        // Asked again: of many guesses at once, only those that end before the user is locked count.
        if was_locked || self.lockouts().is_locked(user, self.clock().now()) {
            return Ok(Guess::Locked);
        }
        let Some(place) = place else {
            if self.lockouts().failed(user, began) {
                tracing::warn!(
                    user.uid = user.uid.get(),
                    "a user is locked after too many wrong passwords"
                );
            }
            return Ok(Guess::Wrong);
        };
        if ends_count {
            self.lockouts().succeeded(user);
        }
        Ok(Guess::Right(place))
    }
}

impl FamiliarLogins {
    pub(super) fn new() -> Self {
        Self(Mutex::new(LruCache::new(MAX_FAMILIAR)))
    }

    pub(super) fn insert(&self, network: Network, user: UserUid, now: OffsetDateTime) {
        self.lock().insert((network, user), now);
    }

    /// The applicant for a client in the network that claims to be the user.
    pub(super) fn applicant(&self, network: Network, user: Option<UserUid>, now: OffsetDateTime) -> Applicant {
        let familiar = user.filter(|user| {
            let last = self.lock().peek(&(network, *user)).copied();
            last.is_some_and(|last| (last..last + LIFETIME).contains(&now))
        });
        familiar.map_or(Applicant::Stranger(network), |user| Applicant::Familiar(network, user))
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<(Network, UserUid), OffsetDateTime>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for FamiliarLogins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FamiliarLogins({})", self.lock().len())
    }
}

/// About 300 KiB. Only right passwords add entries.
const MAX_FAMILIAR: usize = 4096;
/// Long enough for a login per working day.
const LIFETIME: Duration = Duration::days(7);
