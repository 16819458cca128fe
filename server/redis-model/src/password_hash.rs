//! The stored form of a password.

use std::fmt;
use std::str::FromStr;

use argon2::Params;
use data_encoding::BASE64_NOPAD;

/// The hash of a password, with its salt and cost. The text form is a PHC string.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    /// The cost it was made at.
    pub cost: HashCost,
    /// The salt.
    pub salt: [u8; SALT_LENGTH],
    /// The hash.
    pub hash: [u8; HASH_LENGTH],
}

/// Cost parameters of Argon2id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashCost {
    /// Memory, in KiB.
    pub memory: u32,
    /// Passes over it.
    pub passes: u32,
}

/// The text is not a password hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is no Argon2id hash in PHC string format")]
pub struct PasswordHashError;

impl Default for HashCost {
    /// The first choice of OWASP's password storage cheat sheet for one lane: 19 MiB and two passes, about 20 ms.
    fn default() -> Self {
        Self {
            memory: 19 * 1024,
            passes: 2,
        }
    }
}

impl HashCost {
    /// The parameters of Argon2; none when it does not allow this cost.
    #[must_use]
    pub fn params(self) -> Option<Params> {
        Params::new(self.memory, self.passes, 1, Some(HASH_LENGTH)).ok()
    }
}

impl fmt::Display for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HashCost { memory, passes } = self.cost;
        let (salt, hash) = (BASE64_NOPAD.encode(&self.salt), BASE64_NOPAD.encode(&self.hash));
        write!(f, "{PREFIX}m={memory},t={passes},p=1${salt}${hash}")
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

impl FromStr for PasswordHash {
    type Err = PasswordHashError;

    fn from_str(text: &str) -> Result<Self, PasswordHashError> {
        let read = || {
            let mut parts = text.strip_prefix(PREFIX)?.split('$');
            let (cost, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
            let (memory, passes) = cost.strip_prefix("m=")?.strip_suffix(",p=1")?.split_once(",t=")?;
            let cost = HashCost {
                memory: memory.parse().ok()?,
                passes: passes.parse().ok()?,
            };
            cost.params()?;
            parts.next().is_none().then_some(())?;
            Some(Self {
                cost,
                salt: BASE64_NOPAD.decode(salt.as_bytes()).ok()?.try_into().ok()?,
                hash: BASE64_NOPAD.decode(hash.as_bytes()).ok()?.try_into().ok()?,
            })
        };
        read().ok_or(PasswordHashError)
    }
}

const PREFIX: &str = "$argon2id$v=19$";
/// Recommended for password hashing (RFC 9106, section 3.1).
pub const SALT_LENGTH: usize = 16;
/// In bytes.
pub const HASH_LENGTH: usize = 32;
