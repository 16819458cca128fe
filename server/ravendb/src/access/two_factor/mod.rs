//! The second factor: one-time codes (RFC 6238), and sessions opened with them.
//!
//! Sessions are kept in memory, as on the real server (`docs/contracts/ravendb.md#two-factor-authentication`): a
//! restart ends them, and each server has its own. A session belongs to one certificate and to the secret of its code;
//! a new secret, or an edit that removes and restores the secret, ends it. Attempts and used codes are counted by the
//! secret and by the public key, whatever certificates the holder has.

mod attempts;
mod secret;
mod sessions;
mod totp;

pub use attempts::SecretDigest;
pub use secret::{SecretError, generate_secret, parse_secret, secret_text};
pub use sessions::{AcceptedCode, OpenedSession, SessionLength, TwoFactorError, TwoFactorSessions};
#[cfg(test)]
pub use totp::current_code;
