//! Limits the rate at which refusals of strangers are recorded: enough to see attempts, too few to fill a disk.
//!
//! Each network has a budget of records that refills over time, and so have all networks together. Refusals beyond the
//! budgets are counted; the networks with the most of them are named.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use certward_system::network::Network;

#[derive(Debug)]
pub(super) struct Strangers {
    all: Bucket,
    networks: HashMap<Network, Bucket>,
    /// Refusals that were not recorded, from networks that are not in `networks`.
    of_others: u64,
}

/// A budget: the number of records in a burst, and the time until another one is allowed.
#[derive(Debug, Clone, Copy)]
struct Rate {
    at_once: u32,
    every: Duration,
}

#[derive(Debug)]
struct Bucket {
    rate: Rate,
    left: u32,
    since: Instant,
    left_out: u64,
}

impl Strangers {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            all: Bucket::full(OF_ALL, now),
            networks: HashMap::new(),
            of_others: 0,
        }
    }

    /// Returns `true` if another refusal from the network may be recorded. Otherwise it is counted.
    pub(super) fn take(&mut self, network: Option<Network>, now: Instant) -> bool {
        let bucket = network.and_then(|network| self.bucket(network, now));
        let has_left = bucket.is_none_or(|bucket| bucket.has_left(now));
        if has_left && self.all.has_left(now) {
            self.all.left -= 1;
            if let Some(bucket) = network.and_then(|network| self.networks.get_mut(&network)) {
                bucket.left -= 1;
            }
            return true;
        }
        self.leave_out(network);
        false
    }

    /// Counts a refusal that is not recorded.
    pub(super) fn leave_out(&mut self, network: Option<Network>) {
        match network.and_then(|network| self.networks.get_mut(&network)) {
            Some(bucket) => bucket.left_out += 1,
            None => self.of_others += 1,
        }
    }

    /// Returns and resets the numbers of unrecorded refusals: of each network with the most, and of all others
    /// together.
    pub(super) fn left_out(&mut self) -> Vec<(Option<Network>, u64)> {
        let mut counts: Vec<_> = self
            .networks
            .iter_mut()
            .map(|(network, bucket)| (Some(*network), std::mem::take(&mut bucket.left_out)))
            .filter(|(_, count)| *count > 0)
            .collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let rest = counts.split_off(counts.len().min(MAX_NAMED));
        let of_others = rest.iter().map(|(_, count)| count).sum::<u64>() + std::mem::take(&mut self.of_others);
        counts.extend((of_others > 0).then_some((None, of_others)));
        counts
    }

    /// The network's bucket; none if there are too many.
    fn bucket(&mut self, network: Network, now: Instant) -> Option<&mut Bucket> {
        if self.networks.len() >= MAX_NETWORKS && !self.networks.contains_key(&network) {
            self.networks
                .retain(|_, bucket| bucket.left_out > 0 || !bucket.is_full(now));
            if self.networks.len() >= MAX_NETWORKS {
                return None;
            }
        }
        let full = || Bucket::full(OF_A_NETWORK, now);
        Some(self.networks.entry(network).or_insert_with(full))
    }
}

impl Bucket {
    fn full(rate: Rate, now: Instant) -> Self {
        Self {
            rate,
            left: rate.at_once,
            since: now,
            left_out: 0,
        }
    }

    fn has_left(&mut self, now: Instant) -> bool {
        let earned = now.saturating_duration_since(self.since).as_millis() / self.rate.every.as_millis();
        let missing = self.rate.at_once - self.left;
        match u32::try_from(earned) {
            Ok(earned) if earned < missing => {
                self.left += earned;
                self.since += self.rate.every * earned;
            }
            _ => {
                self.left = self.rate.at_once;
                self.since = now;
            }
        }
        self.left > 0
    }

    fn is_full(&mut self, now: Instant) -> bool {
        self.has_left(now);
        self.left == self.rate.at_once
    }
}

/// Attempts of a person are recorded completely; the flood of a program is not.
const OF_A_NETWORK: Rate = Rate {
    at_once: 30,
    every: Duration::from_secs(10),
};
/// At most about 20 MB per day, however many networks take part.
const OF_ALL: Rate = Rate {
    at_once: 120,
    every: Duration::from_secs(2),
};
/// Maximum number of networks with a budget of their own.
const MAX_NETWORKS: usize = 1024;
/// Maximum number of networks whose count is recorded separately.
const MAX_NAMED: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn network(number: u16) -> Option<Network> {
        let [high, low] = number.to_be_bytes();
        Some(Network::of([10, 0, high, low].into()))
    }

    #[test]
    fn a_network_has_some_records_at_once_and_earns_more_with_time() {
        let mut now = Instant::now();
        let mut strangers = Strangers::new(now);
        let taken =
            |strangers: &mut Strangers, number, now| (0..100).filter(|_| strangers.take(network(number), now)).count();
        assert_eq!(taken(&mut strangers, 1, now), 30);
        assert_eq!(taken(&mut strangers, 2, now), 30);
        let left_out = strangers.left_out();
        assert!(
            left_out.len() == 2
                && left_out
                    .iter()
                    .all(|(network, count)| network.is_some() && *count == 70)
        );
        assert!(strangers.left_out().is_empty());
        now += Duration::from_secs(25);
        assert_eq!(taken(&mut strangers, 1, now), 2);
        now += Duration::from_secs(5);
        assert_eq!(taken(&mut strangers, 1, now), 1);
    }

    #[test]
    fn all_networks_together_have_no_more_than_their_share_and_the_rest_is_counted() {
        let now = Instant::now();
        let mut strangers = Strangers::new(now);
        let taken = (0..3000).filter(|number| strangers.take(network(*number), now)).count();
        assert_eq!(taken, 120);
        assert!(strangers.networks.len() <= MAX_NETWORKS);
        let left_out = strangers.left_out();
        assert_eq!(left_out.len(), MAX_NAMED + 1);
        assert_eq!(left_out.iter().map(|(_, count)| count).sum::<u64>(), 3000 - 120);
    }
}
