//! RavenDB's dates: seven fractional digits, with or without a zone.

use serde::{Deserialize, Deserializer, Serializer};
use time::OffsetDateTime;
use time::format_description::StaticFormatDescription;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// Writes `2027-06-01T00:00:00.0000000Z` (`docs/contracts/ravendb.md#definition-object`).
pub(super) fn serialize<S: Serializer>(date: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    let text = date
        .to_offset(time::UtcOffset::UTC)
        .format(SEVEN_DIGITS)
        .map_err(serde::ser::Error::custom)?;
    serializer.serialize_str(&text)
}

/// For members that may be absent or null.
pub(super) mod option {
    use super::{Deserialize, Deserializer, OffsetDateTime, Serializer};

    pub(in crate::ravendb) fn serialize<S: Serializer>(
        date: &Option<OffsetDateTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match date {
            Some(date) => super::serialize(date, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::ravendb) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<OffsetDateTime>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        let read = |text: String| {
            super::parse(&text)
                .ok_or_else(|| serde::de::Error::custom("a date is not in the form 2027-06-01T00:00:00.0000000Z"))
        };
        text.map(read).transpose()
    }
}

/// Dates without a zone are the local time of the server, which it does not tell: of one whose zone is UTC they are right
/// (record `005`: the server's own certificate against its DER).
fn parse(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| OffsetDateTime::parse(&format!("{text}Z"), &Rfc3339))
        .ok()
}

const SEVEN_DIGITS: StaticFormatDescription =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:7]Z");

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn dates_are_read_with_and_without_zone() {
        for (text, expected) in [
            ("2029-02-23T21:10:21.0000000", datetime!(2029-02-23 21:10:21 UTC)),
            (
                "2029-02-23T21:10:21.1234567Z",
                datetime!(2029-02-23 21:10:21.123_456_7 UTC),
            ),
            ("2029-02-23T21:10:21", datetime!(2029-02-23 21:10:21 UTC)),
            ("2029-02-23T21:10:21+02:00", datetime!(2029-02-23 19:10:21 UTC)),
        ] {
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
        assert_eq!(parse("next tuesday"), None);
    }
}
