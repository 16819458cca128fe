//! The times before a certificate's expiry at which the log warns: `Certward.Expiry.WarnDaysBefore`.

use time::{Duration, OffsetDateTime};

/// The numbers of days before a certificate's expiry at which the log warns. Empty if it never does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarnDays(Vec<u16>);

/// The stage of a certificate before its expiry, ordered by urgency, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// It has expired.
    Expired,
    /// It expires within this many days.
    Within(u16),
}

impl WarnDays {
    /// Parses numbers of days, separated by `;`, or `none`.
    ///
    /// # Errors
    ///
    /// The fault of the text, and a valid alternative.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("none") {
            return Ok(Self(Vec::new()));
        }
        let mut days = Vec::new();
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let number = part
                .parse()
                .ok()
                .filter(|number| (1..=MAX_DAYS).contains(number))
                .ok_or_else(|| {
                    format!(
                        "holds \"{part}\" and must be whole numbers of days from 1 to {MAX_DAYS}, with ; between them, \
                         such as 30;14;7;1, or none"
                    )
                })?;
            if days.contains(&number) {
                return Err(format!("holds {number} twice; name each number of days once"));
            }
            days.push(number);
        }
        match days.len() {
            0 => Err("names no number of days; write none to turn the warnings off".to_owned()),
            1..=MAX_NUMBERS => {
                days.sort_unstable();
                Ok(Self(days))
            }
            count => Err(format!(
                "holds {count} numbers of days; at most {MAX_NUMBERS} can be named"
            )),
        }
    }

    /// In ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u16> {
        self.0.iter().copied()
    }

    /// Adds a number, unless the log never warns.
    #[must_use]
    pub(crate) fn with(self, days: Option<u16>) -> Self {
        match days {
            Some(days) if !self.is_empty() => self.and(&Self(vec![days])),
            _ => self,
        }
    }

    /// The union of both.
    pub(super) fn and(mut self, other: &Self) -> Self {
        self.0.extend(other.iter());
        self.0.sort_unstable();
        self.0.dedup();
        self
    }

    /// Returns `true` if the log never warns.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The stage of a certificate with this end of validity at `now`; none before the first warning.
    pub(super) fn stage(&self, not_after: OffsetDateTime, now: OffsetDateTime) -> Option<Stage> {
        if self.is_empty() {
            return None;
        }
        match time_left(not_after, now) {
            None => Some(Stage::Expired),
            Some(left) => self.iter().find(|days| left <= length(*days)).map(Stage::Within),
        }
    }
}

impl Default for WarnDays {
    /// 30, 14, 7 and 1.
    fn default() -> Self {
        Self(vec![1, 7, 14, 30])
    }
}

/// Returns the remaining validity of a certificate; none if it has expired.
pub(super) fn time_left(not_after: OffsetDateTime, now: OffsetDateTime) -> Option<Duration> {
    let seconds = not_after.unix_timestamp() - now.unix_timestamp();
    (seconds >= 0).then(|| Duration::seconds(seconds))
}

/// The duration of this many days.
pub(super) fn length(days: u16) -> Duration {
    Duration::days(days.into())
}

/// Ten years, as for `Security.Certificate.ExpiringThresholdInDays`.
const MAX_DAYS: u16 = 3650;
/// Maximum number of days, because each is a series of metrics, too.
const MAX_NUMBERS: usize = 10;

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::config::key::{Treatment, find};

    #[test]
    fn numbers_of_days_are_read_in_any_order_and_none_turns_them_off() {
        let days = WarnDays::parse(" 7; 30 ;1;").unwrap();
        assert!(days.iter().eq([1, 7, 30]));
        assert!(WarnDays::parse("None").unwrap().is_empty());
    }

    #[test]
    fn the_default_of_the_settings_is_the_default_here() {
        let Some(Treatment::Followed { default }) = find("Certward.Expiry.WarnDaysBefore").map(|key| key.treatment)
        else {
            panic!("the setting is followed");
        };
        assert_eq!(WarnDays::parse(default).unwrap(), WarnDays::default());
    }

    #[test]
    fn a_wrong_text_is_told_what_would_be_right() {
        for (text, expected) in [
            ("30,14", "\"30,14\""),
            ("0", "from 1 to 3650"),
            ("3651", "from 1 to 3650"),
            ("-1", "such as 30;14;7;1, or none"),
            ("7;none", "\"none\""),
            ("7;7", "holds 7 twice"),
            (";", "write none"),
            ("1;2;3;4;5;6;7;8;9;10;11", "at most 10"),
        ] {
            let error = WarnDays::parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_certificate_is_at_the_last_stage_that_it_has_reached() {
        let days = WarnDays::parse("7;1").unwrap();
        let end = datetime!(2026-12-31 0:00 UTC);
        for (now, expected) in [
            (datetime!(2026-12-23 23:59:59 UTC), None),
            (datetime!(2026-12-24 0:00 UTC), Some(Stage::Within(7))),
            (datetime!(2026-12-30 0:00 UTC), Some(Stage::Within(1))),
            // The last second counts to its end.
            (datetime!(2026-12-31 0:00:00.9 UTC), Some(Stage::Within(1))),
            (datetime!(2026-12-31 0:00:01 UTC), Some(Stage::Expired)),
        ] {
            assert_eq!(days.stage(end, now), expected, "{now}");
        }
        assert!(Stage::Expired < Stage::Within(1) && Stage::Within(1) < Stage::Within(7));
        assert_eq!(WarnDays(Vec::new()).stage(end, datetime!(2027-01-01 0:00 UTC)), None);
    }
}
