//! Sessions opened with a one-time code.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use certward_pki::Thumbprint;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::attempts::{Attempts, SecretDigest};
use super::totp::matching_step;
use crate::model::definition::RegisteredCertificate;
use certward_system::clock::{Clock, ForwardClock};

/// The open sessions of this server.
#[derive(Debug)]
pub struct TwoFactorSessions {
    length: SessionLength,
    clock: ForwardClock,
    state: Mutex<State>,
}

/// Proof of a valid, unused one-time code. It opens one session. Only [`TwoFactorSessions::accept`] creates one.
#[derive(Debug)]
pub struct AcceptedCode {
    secret: SecretDigest,
    duration: Duration,
}

impl AcceptedCode {
    /// The secret that the code was computed from.
    pub fn secret(&self) -> SecretDigest {
        self.secret
    }
}

/// The durations of sessions (`Security.TwoFactor.…SessionDurationInMin`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLength {
    /// Default in minutes.
    pub default_minutes: u32,
    /// Maximum in minutes that a client may request.
    pub max_minutes: u32,
}

/// A session that has just been opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedSession {
    /// The value that every later request must send in the cookie `2fa-cookie`; none if the certificate alone suffices.
    pub cookie: Option<Uuid>,
    /// The end of the session.
    pub expires_at: OffsetDateTime,
    /// The duration of the session.
    pub duration: Duration,
}

/// No session was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TwoFactorError {
    /// The certificate requires no codes.
    #[error("two-factor authentication is not configured for the certificate")]
    NotConfigured,
    /// The requested duration is zero or too long.
    #[error("a session of {minutes} minutes was asked for; 1 to {max_minutes} are allowed")]
    Duration {
        /// The requested duration.
        minutes: u32,
        /// The maximum.
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
    /// The secret of the code that opened it.
    secret: SecretDigest,
}

impl TwoFactorSessions {
    /// Creates an empty table of sessions.
    #[must_use]
    pub fn new(length: SessionLength, clock: Arc<dyn Clock>) -> Self {
        Self {
            length,
            clock: ForwardClock::new(clock),
            state: Mutex::default(),
        }
    }

    /// The durations in force.
    #[must_use]
    pub fn length(&self) -> SessionLength {
        self.length
    }

    /// Opens a session for the certificate of `entry` with a six-digit code: [`Self::accept`], then [`Self::begin`].
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

    /// Checks a six-digit code from the holder of the key of `entry`, for a session of this many minutes.
    ///
    /// A code is accepted once: a repeated code, or one older than the last accepted one, counts as wrong. At most ten
    /// codes per minute are checked for each secret, and for each public key.
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

    /// Opens the session of an accepted code, for the certificate with this thumbprint. With `with_cookie`, requests
    /// need its cookie; without, the certificate suffices, on every connection.
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

    /// Returns `true` if the request is admitted: the certificate requires no codes, or a session is open.
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

/// Browsers and scripts of one holder; a further session replaces the oldest.
const MAX_PER_CERTIFICATE: usize = 64;
/// Number of certificates with sessions above which expired sessions are removed.
const SWEEP_AT: usize = 1024;

#[cfg(test)]
#[path = "sessions_tests.rs"]
mod tests;
