//! Times as Terraform's functions read them.

use tf_provider::value::Value;
use time::OffsetDateTime;
use time::UtcOffset;
use time::format_description::FormatItem;
use time::macros::format_description;

/// RFC 3339 in UTC with whole seconds: `2027-06-01T00:00:00Z`.
pub(crate) fn format(time: OffsetDateTime) -> String {
    time.to_offset(UtcOffset::UTC)
        .format(FORMAT)
        .expect("every component of the format is one that a date and time with offset has")
}

/// The same, or null.
pub(crate) fn format_option(time: Option<OffsetDateTime>) -> Value<String> {
    time.map_or(Value::Null, |time| Value::Value(format(time)))
}

const FORMAT: &[FormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    #[test]
    fn times_are_in_utc_without_a_fraction() {
        assert_eq!(
            super::format(datetime!(2027-06-01 02:00:00.5 +2)),
            "2027-06-01T00:00:00Z"
        );
    }
}
