//! Times as the API writes them.

use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

/// `2025-10-14T00:01:06Z` (CAP, `user_single.json`).
pub(super) fn timestamp(time: OffsetDateTime) -> String {
    time.to_offset(UtcOffset::UTC)
        .format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_time_is_written_in_whole_seconds_and_in_utc() {
        assert_eq!(timestamp(datetime!(2025-10-14 02:01:06.9 +2)), "2025-10-14T00:01:06Z");
    }
}
