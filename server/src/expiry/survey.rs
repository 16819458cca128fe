//! The numbers of certificates at one moment, and those that expire first, for metrics.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::nearest::{Kept, Nearest};
use super::warn_days::{length, time_left};
use super::{Sighting, Use, WarnDays};

/// The certificates at one moment, by the label of their use.
#[derive(Debug)]
pub(super) struct Survey {
    now: OffsetDateTime,
    days: WarnDays,
    by_label: BTreeMap<&'static str, Tally>,
}

/// The certificates of one use.
#[derive(Debug)]
pub(super) struct Tally {
    /// The numbers of certificates that expire within each number of days in [`WarnDays`], without expired ones.
    pub(super) within: Vec<u64>,
    /// The earliest end of validity that is still ahead.
    pub(super) earliest: Option<OffsetDateTime>,
    expiring: Nearest,
    expired: Nearest,
}

impl Survey {
    pub(super) fn new(days: WarnDays, now: OffsetDateTime) -> Self {
        let tally = || Tally {
            within: vec![0; days.iter().count()],
            earliest: None,
            expiring: Nearest::new(LISTED_EXPIRING),
            expired: Nearest::new(LISTED_EXPIRED),
        };
        // All uses are there, so that an alert on a number has a number to look at.
        let by_label = Use::LABELS.into_iter().map(|label| (label, tally())).collect();
        Self { now, days, by_label }
    }

    /// Counts a certificate.
    pub(super) fn add(&mut self, sighting: &Sighting<'_>) {
        let Some(tally) = self.by_label.get_mut(sighting.key.used_as.label()) else {
            return;
        };
        let end = sighting.not_after;
        let Some(left) = time_left(end, self.now) else {
            // The latest first: one that expired years ago is nobody's surprise.
            return tally.expired.offer(-end.unix_timestamp(), sighting);
        };
        for (days, count) in self.days.iter().zip(&mut tally.within) {
            *count += u64::from(left <= length(days));
        }
        tally.earliest = Some(tally.earliest.map_or(end, |earliest| earliest.min(end)));
        tally.expiring.offer(end.unix_timestamp(), sighting);
    }

    pub(super) fn days(&self) -> &WarnDays {
        &self.days
    }

    /// All uses with their certificates.
    pub(super) fn tallies(&self) -> impl Iterator<Item = (&'static str, &Tally)> {
        self.by_label.iter().map(|(label, tally)| (*label, tally))
    }

    /// The certificates with a series of their own.
    pub(super) fn into_listed(self) -> impl Iterator<Item = Kept> {
        self.by_label.into_values().flat_map(|tally| {
            let expiring = tally.expiring.into_sorted();
            expiring.into_iter().chain(tally.expired.into_sorted())
        })
    }
}

impl Tally {
    /// The number of all certificates.
    pub(super) fn total(&self) -> u64 {
        self.expiring.offered() + self.expired.offered()
    }

    /// The number of expired certificates.
    pub(super) fn expired(&self) -> u64 {
        self.expired.offered()
    }

    /// The number of certificates without a series of their own.
    pub(super) fn unlisted(&self) -> u64 {
        self.expiring.left_out() + self.expired.left_out()
    }
}

/// Maximum number of certificates of one use with a series of their own: those that expire first. More would be
/// expensive to store and hardly useful.
const LISTED_EXPIRING: usize = 1000;
/// The same for expired certificates: an alert about one must not end with its expiry, and many must not hide later
/// ones.
const LISTED_EXPIRED: usize = 100;

#[cfg(test)]
mod tests {
    use certward_pki::Thumbprint;
    use time::macros::datetime;

    use super::super::{Key, Name};
    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-30 12:00 UTC);

    fn client(number: u32, days: i64) -> Sighting<'static> {
        let mut thumbprint = [0; 20];
        thumbprint[..4].copy_from_slice(&number.to_be_bytes());
        Sighting {
            key: Key {
                used_as: Use::Client,
                thumbprint: Thumbprint::from_bytes(thumbprint),
            },
            name: Name::Given("client"),
            not_after: NOW + time::Duration::days(days),
        }
    }

    #[test]
    fn certificates_are_counted_by_the_days_they_have_left() {
        let mut survey = Survey::new(WarnDays::parse("30;7").unwrap(), NOW);
        for (number, days) in [(1, -400), (2, -1), (3, 0), (4, 7), (5, 8), (6, 31)] {
            survey.add(&client(number, days));
        }
        let (_, tally) = survey.tallies().find(|(label, _)| *label == "client").unwrap();
        assert_eq!((tally.total(), tally.expired(), tally.unlisted()), (6, 2, 0));
        assert_eq!(tally.within, [2, 3]);
        assert_eq!(tally.earliest, Some(NOW));
        let (_, server) = survey.tallies().find(|(label, _)| *label == "server").unwrap();
        assert_eq!((server.total(), server.earliest), (0, None));
    }

    #[test]
    fn those_that_end_first_are_listed_and_expired_ones_do_not_crowd_them_out() {
        let mut survey = Survey::new(WarnDays::default(), NOW);
        let (many, expired) = (3000, 500);
        // From the last to end to the first, so that each takes the place of another.
        (1..=many).rev().for_each(|day| survey.add(&client(day, day.into())));
        (1..=expired).for_each(|day| survey.add(&client(many + day, -i64::from(day))));
        let (_, tally) = survey.tallies().find(|(label, _)| *label == "client").unwrap();
        assert_eq!((tally.total(), tally.unlisted()), (3500, 2400));
        let listed: Vec<i64> = survey
            .into_listed()
            .map(|kept| (kept.not_after - NOW).whole_days())
            .collect();
        assert!(
            listed
                .iter()
                .copied()
                .eq((1..=1000).chain((1..=100).map(|day: i64| -day)))
        );
    }
}
