//! The time during which a certificate may be used.

use time::{Duration, OffsetDateTime};

/// `Validity` of a certificate (RFC 5280 4.1.2.5), both ends included, in UTC and whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Validity {
    /// First second the certificate may be used.
    pub not_before: OffsetDateTime,
    /// Last second the certificate may be used.
    pub not_after: OffsetDateTime,
}

impl Validity {
    /// Returns `true` when the certificate is valid at `now`.
    pub fn contains(&self, now: OffsetDateTime) -> bool {
        !self.is_early(now) && !self.is_over(now)
    }

    /// Returns `true` when `now` is before the first second.
    pub fn is_early(&self, now: OffsetDateTime) -> bool {
        now < self.not_before
    }

    /// Returns `true` when the last second has passed at `now`.
    pub fn is_over(&self, now: OffsetDateTime) -> bool {
        now.unix_timestamp() > self.not_after.unix_timestamp()
    }

    /// From the first to the last second. Negative when a certificate was written with its ends swapped.
    pub fn lifetime(&self) -> Duration {
        self.not_after - self.not_before
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn both_ends_are_included() {
        let validity = Validity {
            not_before: datetime!(2026-01-01 0:00 UTC),
            not_after: datetime!(2026-01-31 0:00 UTC),
        };
        for (now, inside) in [
            (datetime!(2025-12-31 23:59:59.999 UTC), false),
            (datetime!(2026-01-01 0:00 UTC), true),
            (datetime!(2026-01-31 0:00 UTC), true),
            (datetime!(2026-01-31 0:00:00.5 UTC), true),
            (datetime!(2026-01-31 0:00:01 UTC), false),
        ] {
            assert_eq!(validity.contains(now), inside, "{now}");
        }
        assert_eq!(validity.lifetime(), Duration::days(30));
    }
}
