//! The persistence of a database's data, and the eviction of keys when its memory is full.

use std::num::{NonZeroU32, NonZeroU64};

use serde::{Deserialize, Serialize};

/// The form of persistence: `data_persistence` with its policies.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Persistence {
    /// Nothing: a restart of the engine empties the database.
    #[default]
    Disabled,
    /// A snapshot of all data, whenever one of these policies applies.
    Snapshot(Vec<SnapshotPolicy>),
    /// Every write, in an append-only file.
    Aof(AofPolicy),
}

/// A snapshot is written after this many writes within this many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotPolicy {
    /// Seconds since the last snapshot.
    pub seconds: NonZeroU64,
    /// Writes since the last snapshot.
    pub writes: NonZeroU32,
}

/// The policy for syncing appended writes to the disk: `aof_policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum AofPolicy {
    /// Within one second.
    #[default]
    EverySecond,
    /// Before the write is acknowledged.
    Always,
}

/// The eviction of keys when the memory is full: `eviction_policy`, by Redis's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvictionPolicy {
    /// None; writes are refused.
    #[serde(rename = "noeviction")]
    NoEviction,
    /// The least recently used key.
    AllkeysLru,
    /// The least frequently used key.
    AllkeysLfu,
    /// A random key.
    AllkeysRandom,
    /// The least recently used key with an expiry.
    #[default]
    VolatileLru,
    /// The least frequently used key with an expiry.
    VolatileLfu,
    /// A random key with an expiry.
    VolatileRandom,
    /// The key that expires next.
    VolatileTtl,
}
