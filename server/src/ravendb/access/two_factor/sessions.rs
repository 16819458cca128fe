//! Sessions opened with a one-time code.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use certward_pki::Thumbprint;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::attempts::{Attempts, SecretDigest};
use super::totp::matching_step;
use crate::clock::{Clock, ForwardClock};
use crate::ravendb::model::definition::RegisteredCertificate;

/// The open sessions of this server.
#[derive(Debug)]
pub struct TwoFactorSessions {
    length: SessionLength,
    clock: ForwardClock,
    state: Mutex<State>,
}

/// Proof that a one-time code was right, in time and new. It opens one session. Only [`TwoFactorSessions::accept`] makes
/// one.
#[derive(Debug)]
pub struct AcceptedCode {
    secret: SecretDigest,
    duration: Duration,
}

impl AcceptedCode {
    /// The secret that the code was computed from.
    pub(crate) fn secret(&self) -> SecretDigest {
        self.secret
    }
}

/// The durations of sessions (`Security.TwoFactor.…SessionDurationInMin`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLength {
    /// In minutes, when the client asks for no length.
    pub default_minutes: u32,
    /// In minutes, the most a client may ask for.
    pub max_minutes: u32,
}

/// A session that has just been opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedSession {
    /// The value that every later request must send in the cookie `2fa-cookie`; none when the certificate alone is
    /// enough.
    pub cookie: Option<Uuid>,
    /// The end of the session.
    pub expires_at: OffsetDateTime,
    /// The duration of the session.
    pub duration: Duration,
}

/// The reason that no session was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TwoFactorError {
    /// The certificate needs no codes.
    #[error("two-factor authentication is not configured for the certificate")]
    NotConfigured,
    /// The length asked for is too long, or none.
    #[error("a session of {minutes} minutes was asked for; 1 to {max_minutes} are allowed")]
    Duration {
        /// As asked for.
        minutes: u32,
        /// The most allowed.
        max_minutes: u32,
    },
    /// The code is wrong, has been used, or too many were tried in the last minute. The response does not say which.
    #[error("the one-time code is wrong")]
    WrongCode,
}

#[derive(Debug, Default)]
struct State {
    sessions: HashMap<Thumbprint, Vec<Session>>,
    attempts: Attempts,
}

struct Session {
    cookie: Option<Uuid>,
    /// By the clock that is never set back.
    expires_at: OffsetDateTime,
    /// Of the secret it was opened with.
    secret: SecretDigest,
}

impl TwoFactorSessions {
    /// No sessions yet.
    #[must_use]
    pub fn new(length: SessionLength, clock: Arc<dyn Clock>) -> Self {
        Self {
            length,
            clock: ForwardClock::new(clock),
            state: Mutex::default(),
        }
    }

    /// The lengths in force.
    #[must_use]
    pub fn length(&self) -> SessionLength {
        self.length
    }

    /// Opens a session for the certificate of `entry` with a code of six digits: [`Self::accept`] and then
    /// [`Self::begin`].
    ///
    /// # Errors
    ///
    /// [`TwoFactorError`], in the order of its variants.
    pub fn open(
        &self,
        entry: &RegisteredCertificate,
        code: u32,
        with_cookie: bool,
        minutes: Option<u32>,
    ) -> Result<OpenedSession, TwoFactorError> {
        let accepted = self.accept(entry, code, minutes)?;
        Ok(self.begin(entry.thumbprint, accepted, with_cookie))
    }

    /// Checks a code of six digits from the holder of the key of `entry`, for a session of so many minutes.
    ///
    /// A code is accepted once: a second use within its time is answered as a wrong code, and so is a code from before the
    /// last one. At most ten codes a minute are looked at for each secret, and for each public key.
    ///
    /// # Errors
    ///
    /// [`TwoFactorError`], in the order of its variants.
    pub fn accept(
        &self,
        entry: &RegisteredCertificate,
        code: u32,
        minutes: Option<u32>,
    ) -> Result<AcceptedCode, TwoFactorError> {
        let key = entry.two_factor_key.as_ref().ok_or(TwoFactorError::NotConfigured)?;
        let (minutes, max_minutes) = (minutes.unwrap_or(self.length.default_minutes), self.length.max_minutes);
        if minutes == 0 || minutes > max_minutes {
            return Err(TwoFactorError::Duration { minutes, max_minutes });
        }
        let secret = SecretDigest::of(key);
        let mut state = self.lock();
        if !state.attempts.begin(secret, entry.pinning_hash, self.clock.now()) {
            return Err(TwoFactorError::WrongCode);
        }
        // Codes are made from the time of day, as their holder's device has it.
        let step = matching_step(key, code, self.clock.wall().now()).ok_or(TwoFactorError::WrongCode)?;
        if !state.attempts.use_code(secret, step) {
            return Err(TwoFactorError::WrongCode);
        }
        Ok(AcceptedCode {
            secret,
            duration: Duration::minutes(i64::from(minutes)),
        })
    }

    /// Opens the session that an accepted code is good for, for the certificate with this thumbprint. With `with_cookie`,
    /// the session is good only together with its cookie; without, the certificate is enough, on every connection.
    #[must_use]
    pub fn begin(&self, thumbprint: Thumbprint, accepted: AcceptedCode, with_cookie: bool) -> OpenedSession {
        let AcceptedCode { secret, duration } = accepted;
        let now = self.clock.now();
        let cookie = with_cookie.then(Uuid::new_v4);
        let mut state = self.lock();
        let sessions = &mut state.sessions;
        if sessions.len() >= SWEEP_AT {
            sessions.retain(|_, open| open.iter().any(|session| session.expires_at > now));
        }
        let open = sessions.entry(thumbprint).or_default();
        open.retain(|session| session.expires_at > now);
        if open.len() >= MAX_PER_CERTIFICATE {
            open.remove(0);
        }
        open.push(Session {
            cookie,
            expires_at: now + duration,
            secret,
        });
        OpenedSession {
            cookie,
            expires_at: self.clock.wall().now() + duration,
            duration,
        }
    }

    /// Returns the end of the open session that a request with this certificate and cookie may use.
    #[must_use]
    pub fn expires_at(&self, entry: &RegisteredCertificate, cookie: Option<&str>) -> Option<OffsetDateTime> {
        let secret = SecretDigest::of(entry.two_factor_key.as_ref()?);
        let (now, state) = (self.clock.now(), self.lock());
        let open = state.sessions.get(&entry.thumbprint)?;
        let last = open
            .iter()
            .filter(|session| session.expires_at > now && session.secret == secret)
            .filter(|session| session.is_for(cookie))
            .map(|session| session.expires_at)
            .max()?;
        Some(self.clock.wall().now() + (last - now))
    }

    /// Returns `true` when the request is admitted: the certificate requires no codes, or a session is open.
    #[must_use]
    pub fn admits(&self, entry: &RegisteredCertificate, cookie: Option<&str>) -> bool {
        !entry.has_two_factor() || self.expires_at(entry, cookie).is_some()
    }

    /// Ends the sessions that a request with this cookie may use: those without a cookie, and the cookie's own.
    pub fn close(&self, thumbprint: &Thumbprint, cookie: Option<&str>) {
        let mut state = self.lock();
        if let Some(open) = state.sessions.get_mut(thumbprint) {
            open.retain(|session| !session.is_for(cookie));
            if open.is_empty() {
                state.sessions.remove(thumbprint);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn is_for(&self, cookie: Option<&str>) -> bool {
        let Some(wanted) = &self.cookie else { return true };
        let brought = cookie.and_then(|text| Uuid::parse_str(text.trim()).ok());
        brought.is_some_and(|brought| verify_slices_are_equal(wanted.as_bytes(), brought.as_bytes()).is_ok())
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Browsers and scripts of one holder; more pushes out the oldest.
const MAX_PER_CERTIFICATE: usize = 64;
/// Certificates with sessions at which ended ones are looked for.
const SWEEP_AT: usize = 1024;

#[cfg(test)]
#[path = "sessions_tests.rs"]
mod tests;
