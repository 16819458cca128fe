//! The second factor: one-time codes (RFC 6238), and the sessions they open.
//!
//! Sessions live in memory, as on the real server (`docs/contracts/ravendb.md#two-factor-authentication`): a restart
//! ends them, and each server has its own. A session belongs to one certificate and to the secret it was opened with; a
//! new secret, or an edit that removes and sets it again, ends it. Attempts and used codes belong to the secret and to
//! the public key, whatever certificates its holder has.

mod attempts;
mod secret;
mod sessions;
mod totp;

pub(crate) use attempts::SecretDigest;
pub use secret::{SecretError, generate_secret, parse_secret, secret_text};
pub use sessions::{AcceptedCode, OpenedSession, SessionLength, TwoFactorError, TwoFactorSessions};
#[cfg(test)]
pub(crate) use totp::current_code;
