//! A Redis database of the cluster: its values, its clients and their rights
//! (`docs/contracts/redis-enterprise.md#databases` and `docs/contracts/redis-enterprise.md#database-connections`).
//!
//! Values only. `crate::redis` runs the engine and the TLS proxy.

mod name;
mod persistence;
mod tls;
pub mod trust;

use std::fmt;
use std::num::NonZeroU16;

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use secrecy::{ExposeSecret as _, SecretString};
use time::OffsetDateTime;

pub use name::{DatabaseName, DatabaseNameError};
pub use persistence::{AofPolicy, EvictionPolicy, Persistence, SnapshotPolicy};
pub use tls::{ClientCertificates, DatabaseTls, ProxyCertificate, TlsMode};

use super::uid::{DatabaseUid, RedisAclUid, RoleUid};

/// A database, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// The number.
    pub uid: DatabaseUid,
    /// The name; no two databases share one.
    pub name: DatabaseName,
    /// TCP port for clients, unique among databases.
    pub port: NonZeroU16,
    /// Limit of the data in bytes; 0 means unlimited.
    pub memory_size: u64,
    /// Selects the keys to evict when the memory limit is reached.
    pub eviction_policy: EvictionPolicy,
    /// Selects the form in which the data is kept on disk.
    pub persistence: Persistence,
    /// TLS mode, trusted certificates and subject validation.
    pub tls: DatabaseTls,
    /// The account of clients without a user of the cluster.
    pub default_user: DefaultUser,
    /// ACL of each role in this database, in the order given.
    pub roles_permissions: Vec<RolePermission>,
    /// Time of creation.
    pub created_at: OffsetDateTime,
    /// Time of the last change.
    pub changed_at: OffsetDateTime,
}

#[cfg(any(test, feature = "test-util"))]
#[allow(clippy::unwrap_used, reason = "for tests")]
impl Database {
    /// `cache`, number 1, at port 12000: no TLS, no default user, no rights.
    #[must_use]
    pub fn sample() -> Self {
        Self {
            uid: DatabaseUid::new(1).unwrap(),
            name: "cache".parse().unwrap(),
            port: 12_000.try_into().unwrap(),
            memory_size: 0,
            eviction_policy: EvictionPolicy::default(),
            persistence: Persistence::default(),
            tls: DatabaseTls::default(),
            default_user: DefaultUser {
                is_enabled: false,
                password_hashes: Vec::new(),
            },
            roles_permissions: Vec::new(),
            created_at: OffsetDateTime::UNIX_EPOCH,
            changed_at: OffsetDateTime::UNIX_EPOCH,
        }
    }
}

/// The ACL that users with a role have in a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RolePermission {
    /// The role.
    pub role_uid: RoleUid,
    /// The ACL that the role's users have.
    pub redis_acl_uid: RedisAclUid,
}

/// Redis's user `default`: the account of clients without a user of the cluster, with a password or without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultUser {
    /// True if clients may connect as this user.
    pub is_enabled: bool,
    /// SHA-256 of each of its passwords, as Redis keeps them (`ACL SETUSER … #hash`). With none, it needs no password.
    pub password_hashes: Vec<PasswordDigest>,
}

/// SHA-256 of a password of the default user. The password itself is not stored.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PasswordDigest([u8; 32]);

impl PasswordDigest {
    /// Hashes a password.
    #[must_use]
    pub fn of(password: &SecretString) -> Self {
        Self::of_bytes(password.expose_secret().as_bytes())
    }

    /// Hashes a password of a Redis client, which need not be valid UTF-8.
    #[must_use]
    pub fn of_bytes(password: &[u8]) -> Self {
        let digest = digest::digest(&digest::SHA256, password);
        Self(digest.as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }

    /// Parses the digits of [`Self::to_hex`].
    #[must_use]
    pub fn from_hex(digits: &str) -> Option<Self> {
        let bytes = HEXLOWER.decode(digits.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// The argument of `ACL SETUSER` after `#`: 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        HEXLOWER.encode(&self.0)
    }
}

/// Omits the digest, which is as sensitive as a password.
impl fmt::Debug for PasswordDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordDigest(..)")
    }
}
