//! A Redis database of the cluster: what it is, who may come in, and what they may do there
//! (`docs/contracts/redis-enterprise.md#databases` and `docs/contracts/redis-enterprise.md#database-connections`).
//!
//! Values only. The engine behind it and the TLS before it are `crate::redis`'s.

mod name;
mod persistence;
pub mod rights;
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

/// A database, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// The number.
    pub uid: DatabaseUid,
    /// The name; no two databases share one.
    pub name: DatabaseName,
    /// Where clients reach it; no two databases share one.
    pub port: NonZeroU16,
    /// How many bytes its data may take; 0 for no limit.
    pub memory_size: u64,
    /// What goes when the memory is full.
    pub eviction_policy: EvictionPolicy,
    /// What of its data is on the disk.
    pub persistence: Persistence,
    /// Who may connect.
    pub tls: DatabaseTls,
    /// Who is there without a user of the cluster, if anybody may be.
    pub default_user: DefaultUser,
    /// What the users of roles may do, in the order given.
    pub roles_permissions: Vec<RolePermission>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it was last changed.
    pub changed_at: OffsetDateTime,
}

#[cfg(test)]
impl Database {
    /// `cache`, number 1, at port 12000: no TLS, no default user, nobody with rights.
    pub(crate) fn sample() -> Self {
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
    /// What its users may do.
    pub redis_acl_uid: RedisAclUid,
}

/// Redis's user `default`: who is connected without a user of the cluster, by password or by none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultUser {
    /// Whether it may connect.
    pub is_enabled: bool,
    /// SHA-256 of each of its passwords, as Redis keeps them (`ACL SETUSER … #hash`). With none, it needs no password.
    pub password_hashes: Vec<PasswordDigest>,
}

/// SHA-256 of a password of the default user. The password itself is kept nowhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PasswordDigest([u8; 32]);

impl PasswordDigest {
    /// Of a password in the clear.
    #[must_use]
    pub fn of(password: &SecretString) -> Self {
        Self::of_bytes(password.expose_secret().as_bytes())
    }

    /// Of a password as a client of Redis sends it, which need not be text.
    #[must_use]
    pub fn of_bytes(password: &[u8]) -> Self {
        let digest = digest::digest(&digest::SHA256, password);
        Self(digest.as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }

    /// From the digits of [`Self::to_hex`].
    #[must_use]
    pub fn from_hex(digits: &str) -> Option<Self> {
        let bytes = HEXLOWER.decode(digits.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// As `ACL SETUSER` takes it after `#`: 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        HEXLOWER.encode(&self.0)
    }
}

/// It stands for a password: nothing of it is shown.
impl fmt::Debug for PasswordDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordDigest(..)")
    }
}
