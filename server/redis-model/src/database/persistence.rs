//! The persistence of a database's data, and the eviction of keys when its memory is full.

use std::num::{NonZeroU32, NonZeroU64};

use serde::{Deserialize, Serialize};

/// The persistence of the data: `data_persistence` with its policies.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Persistence {
    /// Nothing: a restart of the engine empties the database.
    #[default]
    Disabled,
    /// A snapshot of everything, when one of these policies says so.
    Snapshot(Vec<SnapshotPolicy>),
    /// Every write, in a file that is only appended to.
    Aof(AofPolicy),
}

/// A snapshot is taken when this many writes have come within this many seconds.
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
    /// Within a second.
    #[default]
    EverySecond,
    /// Before it is answered.
    Always,
}

/// The eviction of keys when the memory is full: `eviction_policy`, in Redis's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvictionPolicy {
    /// None; writes are refused.
    #[serde(rename = "noeviction")]
    NoEviction,
    /// The least recently used of all.
    AllkeysLru,
    /// The least frequently used of all.
    AllkeysLfu,
    /// Any.
    AllkeysRandom,
    /// The least recently used of those that expire.
    #[default]
    VolatileLru,
    /// The least frequently used of those that expire.
    VolatileLfu,
    /// Any of those that expire.
    VolatileRandom,
    /// The one that expires next.
    VolatileTtl,
}
