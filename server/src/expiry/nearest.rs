//! Selects the few certificates of many that are worth naming.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use time::OffsetDateTime;

use super::{Key, Sighting};

/// The certificates with the lowest ranks, up to a number, and the number of all.
#[derive(Debug)]
pub(super) struct Nearest {
    limit: usize,
    offered: u64,
    /// The one with the highest rank is on top: it is displaced next.
    kept: BinaryHeap<Kept>,
}

/// A selected certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    rank: i64,
    pub(super) key: Key,
    pub(super) name: String,
    pub(super) not_after: OffsetDateTime,
}

impl Nearest {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            offered: 0,
            kept: BinaryHeap::new(),
        }
    }

    /// Adds a certificate, if it is among those with the lowest ranks.
    pub(super) fn offer(&mut self, rank: i64, sighting: &Sighting<'_>) {
        self.offered += 1;
        if self.kept.len() >= self.limit {
            match self.kept.peek() {
                Some(last) if (rank, sighting.key) < (last.rank, last.key) => {
                    self.kept.pop();
                }
                _ => return,
            }
        }
        // Only now: a name costs more than all that comes before.
        self.kept.push(Kept {
            rank,
            key: sighting.key,
            name: sighting.name.to_string(),
            not_after: sighting.not_after,
        });
    }

    /// The number of certificates that were offered.
    pub(super) fn offered(&self) -> u64 {
        self.offered
    }

    /// The number of offered certificates that are not kept.
    pub(super) fn left_out(&self) -> u64 {
        self.offered.saturating_sub(self.kept.len() as u64)
    }

    /// The kept certificates, the lowest rank first.
    pub(super) fn into_sorted(self) -> Vec<Kept> {
        self.kept.into_sorted_vec()
    }
}

impl Ord for Kept {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.rank, self.key).cmp(&(other.rank, other.key))
    }
}

impl PartialOrd for Kept {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
