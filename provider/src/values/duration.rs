//! Durations as Go and Terraform write them.

use std::time::Duration;

/// A text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DurationError {
    /// Nothing there.
    #[error("a duration such as \"30s\" or \"1h30m\" belongs here; the text is empty")]
    Empty,
    /// A negative duration, which nothing here takes.
    #[error("\"{0}\" is negative; a duration here is at least \"0s\"")]
    Negative(String),
    /// A number without a unit.
    #[error("\"{0}\" has no unit; write for instance \"{0}s\"")]
    NoUnit(String),
    /// Days, weeks and years, whose length a clock change or a calendar can alter.
    #[error("the unit of \"{text}\" is not known: use h, m, s, ms, us or ns{hint}")]
    UnknownUnit {
        /// The whole text.
        text: String,
        /// The suggested unit, with a leading blank, or an empty text.
        hint: String,
    },
    /// Anything else.
    #[error("\"{0}\" is no duration such as \"30s\", \"1h30m\" or \"1.5h\"")]
    Malformed(String),
    /// More than 290 years.
    #[error("\"{0}\" is longer than a duration can be (about 290 years)")]
    TooLong(String),
}

/// Reads a duration in the form of Go's `time.ParseDuration`, which Terraform's own functions use: one or more decimal
/// numbers, each with a fraction if need be and a unit of `h`, `m`, `s`, `ms`, `us`, `µs`, `ns`. `0` needs no unit.
pub(crate) fn parse(text: &str) -> Result<Duration, DurationError> {
    let whole = || text.to_owned();
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    match rest {
        "" => return Err(DurationError::Empty),
        "0" => return Ok(Duration::ZERO),
        _ if rest.starts_with('-') => return Err(DurationError::Negative(whole())),
        _ => {}
    }
    let mut nanoseconds: u128 = 0;
    while !rest.is_empty() {
        let number_end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(number_end);
        let unit_end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let (integer, fraction) = number.split_once('.').unwrap_or((number, ""));
        if integer.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return Err(DurationError::Malformed(whole()));
        }
        let unit = match unit {
            "" => return Err(DurationError::NoUnit(whole())),
            unit => unit_nanoseconds(unit).ok_or_else(|| unknown_unit(text, integer, unit))?,
        };
        let too_long = || DurationError::TooLong(whole());
        let integer: u128 = if integer.is_empty() {
            0
        } else {
            integer.parse().map_err(|_| too_long())?
        };
        let part = integer.checked_mul(unit).ok_or_else(too_long)? + fraction_of(fraction, unit);
        nanoseconds = nanoseconds.checked_add(part).ok_or_else(too_long)?;
        if nanoseconds > LONGEST_NANOSECONDS {
            return Err(too_long());
        }
        rest = after;
    }
    let (seconds, below) = (nanoseconds / NANOSECONDS, nanoseconds % NANOSECONDS);
    Ok(Duration::new(
        u64::try_from(seconds).expect("at most LONGEST_NANOSECONDS / 10^9"),
        u32::try_from(below).expect("a remainder of 10^9"),
    ))
}

fn unit_nanoseconds(unit: &str) -> Option<u128> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => NANOSECONDS,
        "m" => 60 * NANOSECONDS,
        "h" => 3_600 * NANOSECONDS,
        _ => return None,
    })
}

fn unknown_unit(text: &str, integer: &str, unit: &str) -> DurationError {
    let hours = match unit {
        "d" => 24,
        "w" => 24 * 7,
        _ => 0,
    };
    let hint = match integer.parse::<u64>() {
        Ok(count) if hours > 0 => format!("; write \"{}h\"", count.saturating_mul(hours)),
        _ => String::new(),
    };
    DurationError::UnknownUnit {
        text: text.to_owned(),
        hint,
    }
}

/// The value of the digits after the decimal point; digits below a nanosecond are dropped, as in Go.
fn fraction_of(digits: &str, unit: u128) -> u128 {
    let mut scale = unit;
    let mut sum = 0;
    for digit in digits.bytes() {
        let value = u128::from(digit - b'0') * scale;
        sum += value / 10;
        scale /= 10;
    }
    sum
}

const NANOSECONDS: u128 = 1_000_000_000;
/// Go's longest duration.
const LONGEST_NANOSECONDS: u128 = i64::MAX as u128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_durations_are_read() {
        for (text, milliseconds) in [
            ("0", 0),
            ("0s", 0),
            ("30s", 30_000),
            ("+30s", 30_000),
            ("1h30m", 5_400_000),
            ("1.5h", 5_400_000),
            (".5s", 500),
            ("1.s", 1_000),
            ("250ms", 250),
            ("2160h", 7_776_000_000),
            ("1m0.5s", 60_500),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        assert_eq!(parse("1µs5ns"), Ok(Duration::from_nanos(1_005)));
    }

    #[test]
    fn what_is_no_duration_says_what_to_write() {
        for (text, expected) in [
            ("", "the text is empty"),
            ("-5s", "is negative"),
            ("30", "write for instance \"30s\""),
            ("30d", "write \"720h\""),
            ("2w", "write \"336h\""),
            ("1y", "use h, m, s, ms, us or ns"),
            ("s", "is no duration"),
            ("1.2.3s", "is no duration"),
            ("9999999999h", "longer than"),
            ("99999999999999999999999999999999999999999h", "longer than"),
        ] {
            let message = parse(text).unwrap_err().to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
