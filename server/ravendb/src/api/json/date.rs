//! Dates in request bodies.

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

/// A date in the form `yyyy-MM-ddTHH:mm:ss`, with up to seven digits of fraction, and `Z` or an offset; without
/// either it is UTC, which is the time zone of the server (record `106-post-notafter-nozone`).
pub(super) fn parse(text: &str) -> Option<OffsetDateTime> {
    let bytes = text.as_bytes();
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if bytes.len() < 19 || !text.is_ascii() || separators.iter().any(|&(at, separator)| bytes[at] != separator) {
        return None;
    }
    let number = |range: std::ops::Range<usize>| {
        let digits = &text[range];
        digits
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| digits.parse::<u16>().ok())
            .flatten()
    };
    let small = |range| number(range).and_then(|number| u8::try_from(number).ok());
    let month = Month::try_from(small(5..7)?).ok()?;
    let day = Date::from_calendar_date(i32::from(number(0..4)?), month, small(8..10)?).ok()?;
    let (fraction, zone) = match text[19..].strip_prefix('.') {
        None => ("", &text[19..]),
        Some(rest) => rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count()),
    };
    if text[19..].starts_with('.') && !(1..=7).contains(&fraction.len()) {
        return None;
    }
    let ticks = if fraction.is_empty() {
        0
    } else {
        format!("{fraction:0<7}").parse::<u32>().ok()?
    };
    let time = Time::from_hms_nano(small(11..13)?, small(14..16)?, small(17..19)?, ticks * 100).ok()?;
    Some(
        PrimitiveDateTime::new(day, time)
            .assume_offset(offset(zone)?)
            .to_offset(UtcOffset::UTC),
    )
}

/// Nothing, `Z`, or `+hh:mm` up to 14 hours.
fn offset(text: &str) -> Option<UtcOffset> {
    let (sign, digits) = match text.as_bytes() {
        [] | [b'Z'] => return Some(UtcOffset::UTC),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let &[h1, h2, b':', m1, m2] = digits else { return None };
    let two_digits = |high: u8, low: u8| {
        (high.is_ascii_digit() && low.is_ascii_digit()).then(|| i32::from(high - b'0') * 10 + i32::from(low - b'0'))
    };
    let (hours, minutes) = (two_digits(h1, h2)?, two_digits(m1, m2)?);
    let in_range = minutes < 60 && hours * 60 + minutes <= 14 * 60;
    in_range
        .then(|| UtcOffset::from_whole_seconds(sign * (hours * 3600 + minutes * 60)).ok())
        .flatten()
}
