//! Limits attempts with codes, so that the thief of a certificate cannot guess one.
//!
//! Attempts are counted by the secret, and by the client's public key: not by the certificate, because the holder of a
//! key can create any number of those.

use std::collections::{HashMap, VecDeque};

use aws_lc_rs::digest;
use certward_pki::PublicKeyPinningHash;
use time::{Duration, OffsetDateTime};

use super::totp::Step;
use crate::model::definition::TwoFactorKey;

/// SHA-256 of a shared secret, used here in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretDigest([u8; digest::SHA256_OUTPUT_LEN]);

impl SecretDigest {
    /// The digest of `key`.
    #[must_use]
    pub fn of(key: &TwoFactorKey) -> Self {
        let digest = digest::digest(&digest::SHA256, key.expose());
        Self(digest.as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }
}

/// Recent attempts and used codes.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    recent: HashMap<Counted, VecDeque<OffsetDateTime>>,
    /// The last step of each secret whose code has been accepted. Never removed while the process runs: only
    /// administrators create secrets.
    used: HashMap<SecretDigest, Step>,
}

/// The keys by which attempts are counted; each attempt counts under both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Counted {
    Secret(SecretDigest),
    Key(PublicKeyPinningHash),
}

impl Attempts {
    /// Counts an attempt; false if there were too many in the last minute.
    pub(super) fn begin(&mut self, secret: SecretDigest, key: PublicKeyPinningHash, now: OffsetDateTime) -> bool {
        let is_old = |at: &OffsetDateTime| now - *at >= WINDOW;
        if self.recent.len() >= FORGET_AT {
            self.recent.retain(|_, at| at.back().is_some_and(|last| !is_old(last)));
        }
        let both = [Counted::Secret(secret), Counted::Key(key)];
        let too_many = both.iter().any(|counted| {
            self.recent.get_mut(counted).is_some_and(|at| {
                while at.front().is_some_and(is_old) {
                    at.pop_front();
                }
                at.len() >= MAX_IN_WINDOW
            })
        });
        if too_many {
            return false;
        }
        for counted in both {
            self.recent.entry(counted).or_default().push_back(now);
        }
        true
    }

    /// Marks the step's code as used; false if it or a later one was used before (RFC 6238, section 5.2). The
    /// comparison does not involve the clock, so setting the clock back makes no used code valid again.
    pub(super) fn use_code(&mut self, secret: SecretDigest, step: Step) -> bool {
        let is_new = self.used.get(&secret).is_none_or(|last| *last < step);
        if is_new {
            self.used.insert(secret, step);
        }
        is_new
    }
}

#[cfg(test)]
impl Attempts {
    pub(super) fn attempts_of_secret(&self, secret: SecretDigest) -> usize {
        self.recent.get(&Counted::Secret(secret)).map_or(0, VecDeque::len)
    }
}

const WINDOW: Duration = Duration::MINUTE;
/// Five codes are valid at a time, so the chance of a guess is 1 in 20,000 per minute.
const MAX_IN_WINDOW: usize = 10;
const FORGET_AT: usize = 1024;
