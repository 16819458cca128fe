//! Sessions opened with a one-time code.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use certward::pki::Thumbprint;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::attempts::Attempts;
use super::totp::matching_step;
use crate::authority::definition::{RegisteredCertificate, TwoFactorKey};
use crate::clock::Clock;

/// The open sessions of this server.
#[derive(Debug)]
pub struct TwoFactorSessions {
    length: SessionLength,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

/// How long sessions last (`Security.TwoFactor.…SessionDurationInMin`).
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
    /// What every later request must bring in the cookie `2fa-cookie`; none when the certificate alone is enough.
    pub cookie: Option<Uuid>,
    /// When it ends.
    pub expires_at: OffsetDateTime,
    /// How long it lasts.
    pub duration: Duration,
}

/// Why no session was opened.
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
    /// The code is wrong, has been used, or too many were tried in the last minute. Which of these is not told.
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
    expires_at: OffsetDateTime,
    /// Of the secret it was opened with.
    key_digest: [u8; 32],
}

impl TwoFactorSessions {
    /// No sessions yet.
    #[must_use]
    pub fn new(length: SessionLength, clock: Arc<dyn Clock>) -> Self {
        Self {
            length,
            clock,
            state: Mutex::default(),
        }
    }

    /// The lengths in force.
    #[must_use]
    pub fn length(&self) -> SessionLength {
        self.length
    }

    /// Opens a session for the certificate of `entry` with a code of six digits. With `with_cookie`, the session is good
    /// only together with its cookie; without, the certificate is enough, on every connection.
    ///
    /// A code opens one session: a second use within its time is answered as a wrong code. At most ten codes a minute
    /// are looked at for each certificate.
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
        let key = entry.two_factor_key.as_ref().ok_or(TwoFactorError::NotConfigured)?;
        let (minutes, max_minutes) = (minutes.unwrap_or(self.length.default_minutes), self.length.max_minutes);
        if minutes == 0 || minutes > max_minutes {
            return Err(TwoFactorError::Duration { minutes, max_minutes });
        }
        let now = self.clock.now();
        let mut state = self.lock();
        let State { sessions, attempts } = &mut *state;
        if !attempts.begin(entry.thumbprint, now) {
            return Err(TwoFactorError::WrongCode);
        }
        let step = matching_step(key, code, now).ok_or(TwoFactorError::WrongCode)?;
        if !attempts.use_code(entry.thumbprint, step, now) {
            return Err(TwoFactorError::WrongCode);
        }
        let duration = Duration::minutes(i64::from(minutes));
        let opened = OpenedSession {
            cookie: with_cookie.then(Uuid::new_v4),
            expires_at: now + duration,
            duration,
        };
        if sessions.len() >= SWEEP_AT {
            sessions.retain(|_, open| open.iter().any(|session| session.expires_at > now));
        }
        let open = sessions.entry(entry.thumbprint).or_default();
        open.retain(|session| session.expires_at > now);
        if open.len() >= MAX_PER_CERTIFICATE {
            open.remove(0);
        }
        open.push(Session {
            cookie: opened.cookie,
            expires_at: opened.expires_at,
            key_digest: digest_of(key),
        });
        Ok(opened)
    }

    /// When the open session of this certificate ends that the request may use, with the cookie it brings.
    #[must_use]
    pub fn expires_at(&self, entry: &RegisteredCertificate, cookie: Option<&str>) -> Option<OffsetDateTime> {
        let key_digest = digest_of(entry.two_factor_key.as_ref()?);
        let (now, state) = (self.clock.now(), self.lock());
        let open = state.sessions.get(&entry.thumbprint)?;
        open.iter()
            .filter(|session| session.expires_at > now && session.key_digest == key_digest)
            .filter(|session| session.is_for(cookie))
            .map(|session| session.expires_at)
            .max()
    }

    /// Whether the request may go on: no codes are wanted of the certificate, or a session is open.
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

fn digest_of(key: &TwoFactorKey) -> [u8; 32] {
    let mut octets = [0; 32];
    octets.copy_from_slice(digest::digest(&digest::SHA256, key.expose()).as_ref());
    octets
}

/// Browsers and scripts of one holder; more pushes out the oldest.
const MAX_PER_CERTIFICATE: usize = 64;
/// Certificates with sessions at which ended ones are looked for.
const SWEEP_AT: usize = 1024;

#[cfg(test)]
#[path = "sessions_tests.rs"]
mod tests;
