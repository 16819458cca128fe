//! Request bodies, read as the real server reads them.
//!
//! The first object of the body counts and whatever follows it is not looked at (observed record
//! `158-post-trailing-garbage`). Property names are case-sensitive and unknown ones are ignored (records `155`,
//! `138`). Two things are stricter than on the real server, because guessing which of two values was meant is how
//! rights leak: a repeated property is refused, and so is nesting deeper than [`MAX_DEPTH`].
//!
//! Text is wiped on drop: it may be a password or hold a private key. For the same reason no error quotes a value.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};
use zeroize::Zeroizing;

use crate::authority::clearance::SecurityClearance;

/// A JSON object: its properties in the order written, each name once.
#[derive(Default)]
pub(super) struct Object(Vec<(String, Value)>);

/// Text of a body, wiped on drop.
pub(super) type Text = Zeroizing<String>;

/// A JSON value.
pub(super) enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Any number, in the text form of [`serde_json::Number`].
    Number(serde_json::Number),
    /// Text, wiped on drop.
    Text(Text),
    /// An array; no request of this dialect has one that is read.
    Array,
    /// An object.
    Object(Object),
}

/// Why a body is no object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ReadError {
    /// The body ends inside the object, or is empty.
    #[error("the stream ended before the end of the JSON content")]
    Truncated,
    /// The body holds something else than an object.
    #[error("a JSON object was expected at the start of the body, but it starts with {found}")]
    NotAnObject {
        /// What stands there instead.
        found: &'static str,
    },
    /// The body is not JSON.
    #[error("the body is not JSON: unexpected content in line {line}, column {column}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// A property stands twice in one object.
    #[error("the property '{name}' is given more than once")]
    Repeated {
        /// Its name.
        name: String,
    },
    /// Objects and arrays are nested too deep.
    #[error("the body is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

/// A property whose value cannot be taken as what it should be. The value itself is not told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("could not convert the value of '{property}' ({found}) to {wanted}")]
pub(super) struct WrongType {
    /// The property.
    pub(super) property: &'static str,
    /// What kind of JSON value is there.
    pub(super) found: &'static str,
    /// The .NET type the real server names.
    pub(super) wanted: &'static str,
}

/// Reads the object a body starts with.
///
/// # Errors
///
/// [`ReadError`], by the first fault found.
pub(super) fn read(body: &[u8]) -> Result<Object, ReadError> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let fault = Cell::new(None);
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    match (Seed {
        depth: 0,
        fault: &fault,
    })
    .deserialize(&mut deserializer)
    {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => Err(ReadError::NotAnObject { found: other.kind() }),
        // An array is told from its first character, as the real server does (record `114-post-json-array`).
        Err(_) if body.trim_ascii_start().starts_with(b"[") => Err(ReadError::NotAnObject { found: "an array" }),
        Err(error) => Err(fault.take().unwrap_or_else(|| {
            if error.is_eof() {
                ReadError::Truncated
            } else {
                ReadError::Syntax {
                    line: error.line(),
                    column: error.column(),
                }
            }
        })),
    }
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::Array => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// The text the real server would print, which it parses enumerations and numbers from.
    fn printed(&self) -> Option<Zeroizing<String>> {
        match self {
            Self::Bool(value) => Some(Zeroizing::new(value.to_string())),
            Self::Number(number) => Some(Zeroizing::new(number.to_string())),
            Self::Text(text) => Some(Zeroizing::new(text.trim().to_owned())),
            Self::Null | Self::Array | Self::Object(_) => None,
        }
    }
}

impl Object {
    /// The value of a property, `null` included.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// The properties, in the order written.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The text of a property. Anything but text counts as absent (record `119-post-number-name`).
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A clearance by its exact name, or by its number, which may be written as text as well. `null` counts as
    /// absent.
    ///
    /// # Errors
    ///
    /// [`WrongType`] for anything that names none of the five.
    pub(super) fn clearance(&self, property: &'static str) -> Result<Option<SecurityClearance>, WrongType> {
        let Some(value) = self.not_null(property) else {
            return Ok(None);
        };
        let wrong = || {
            wrong(
                property,
                value,
                "Raven.Client.ServerWide.Operations.Certificates.SecurityClearance",
            )
        };
        let printed = value.printed().ok_or_else(wrong)?;
        match printed.parse::<i64>() {
            Ok(index) => SecurityClearance::from_index(index),
            Err(_) => printed.parse().ok(),
        }
        .map(Some)
        .ok_or_else(wrong)
    }

    /// One of `names`, by its exact name or by its place among them. `null` counts as absent.
    ///
    /// # Errors
    ///
    /// [`WrongType`] for anything else.
    pub(super) fn one_of(
        &self,
        property: &'static str,
        names: &[&'static str],
        wanted: &'static str,
    ) -> Result<Option<&'static str>, WrongType> {
        let Some(value) = self.not_null(property) else {
            return Ok(None);
        };
        let printed = value.printed().ok_or_else(|| wrong(property, value, wanted))?;
        let by_place = || names.get(printed.parse::<usize>().ok()?);
        let found = names.iter().find(|name| **name == printed.as_str()).or_else(by_place);
        found.copied().map(Some).ok_or_else(|| wrong(property, value, wanted))
    }

    /// A truth value: `true`, `false`, either of them as text in any case, or a number that is not 0. `null` counts
    /// as absent.
    ///
    /// # Errors
    ///
    /// [`WrongType`] for anything else.
    pub(super) fn boolean(&self, property: &'static str) -> Result<Option<bool>, WrongType> {
        let Some(value) = self.not_null(property) else {
            return Ok(None);
        };
        match value {
            Value::Bool(value) => Some(*value),
            Value::Number(number) => number.as_f64().map(|number| number != 0.0),
            Value::Text(text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
            Value::Text(text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
        .map(Some)
        .ok_or_else(|| wrong(property, value, "System.Boolean"))
    }

    /// A whole number of 32 bits, which may be written as text. `null` counts as absent.
    ///
    /// # Errors
    ///
    /// [`WrongType`] for anything else (record `909-2fa-bad-json`).
    pub(super) fn integer(&self, property: &'static str) -> Result<Option<i32>, WrongType> {
        let Some(value) = self.not_null(property) else {
            return Ok(None);
        };
        let parsed = match value {
            Value::Number(_) | Value::Text(_) => value.printed().and_then(|text| text.parse().ok()),
            _ => None,
        };
        parsed.map(Some).ok_or_else(|| wrong(property, value, "System.Int32"))
    }

    /// A date with its time of day, in the forms [`date`] takes. `null` counts as absent.
    ///
    /// # Errors
    ///
    /// [`WrongType`] for anything else (records `108-post-notafter-garbage`, `110-post-notafter-dateonly`).
    pub(super) fn date(&self, property: &'static str) -> Result<Option<OffsetDateTime>, WrongType> {
        let Some(value) = self.not_null(property) else {
            return Ok(None);
        };
        match value {
            Value::Text(text) => date(text),
            _ => None,
        }
        .map(Some)
        .ok_or_else(|| wrong(property, value, "System.DateTime"))
    }

    /// The object under a property. `null` counts as absent.
    ///
    /// # Errors
    ///
    /// [`WrongType`] for anything else (record `136-post-permissions-array`).
    pub(super) fn object(&self, property: &'static str) -> Result<Option<&Object>, WrongType> {
        match self.not_null(property) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(value) => Err(wrong(property, value, "BlittableJsonReaderObject")),
        }
    }

    fn not_null(&self, name: &str) -> Option<&Value> {
        self.get(name).filter(|value| !matches!(value, Value::Null))
    }
}

fn wrong(property: &'static str, value: &Value, wanted: &'static str) -> WrongType {
    WrongType {
        property,
        found: value.kind(),
        wanted,
    }
}

/// A date in the form `yyyy-MM-ddTHH:mm:ss`, with up to seven digits of fraction, and `Z` or an offset; without
/// either it is UTC, which is the time zone of the server (record `106-post-notafter-nozone`).
fn date(text: &str) -> Option<OffsetDateTime> {
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
    in_range.then(|| UtcOffset::from_whole_seconds(sign * (hours * 3600 + minutes * 60)).ok()).flatten()
}

struct Seed<'a> {
    depth: usize,
    fault: &'a Cell<Option<ReadError>>,
}

impl Seed<'_> {
    fn inner<E: serde::de::Error>(&self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            self.fault.set(Some(ReadError::TooDeep));
            return Err(E::custom("too deep"));
        }
        Ok(Self {
            depth: self.depth + 1,
            fault: self.fault,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(Zeroizing::new(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        while items.next_element_seed(self.inner()?)?.is_some() {}
        Ok(Value::Array)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut properties: A) -> Result<Value, A::Error> {
        let mut object = Object::default();
        let mut names = std::collections::HashSet::new();
        while let Some(name) = properties.next_key::<String>()? {
            if !names.insert(name.clone()) {
                self.fault.set(Some(ReadError::Repeated { name }));
                return Err(A::Error::custom("repeated property"));
            }
            let value = properties.next_value_seed(self.inner()?)?;
            object.0.push((name, value));
        }
        Ok(Value::Object(object))
    }
}

/// Deeper than any request of this API, which goes down two levels.
const MAX_DEPTH: usize = 32;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[cfg(test)]
mod tests {
    use super::*;

    fn error(body: &str) -> ReadError {
        match read(body.as_bytes()) {
            Err(error) => error,
            Ok(_) => panic!("{body} was read"),
        }
    }

    fn object(body: &str) -> Object {
        read(body.as_bytes()).unwrap_or_else(|error| panic!("{body}: {error}"))
    }

    #[test]
    fn text_after_the_object_is_ignored() {
        assert_eq!(object(r#" {"Name":"a"} xyz"#).text("Name"), Some("a"));
        assert_eq!(object("\u{feff}{\"Name\":\"a\"}").text("Name"), Some("a"));
    }

    #[test]
    fn a_body_that_ends_too_early_is_truncated() {
        for body in [
            "",
            "  ",
            "{",
            r#"{"Name": "#,
            r#"{"Thumb"#,
            r#"{"a":tr"#,
            r#"{"a":[1,"#,
            "\"abc",
        ] {
            assert_eq!(error(body), ReadError::Truncated, "{body}");
        }
    }

    #[test]
    fn a_body_that_is_no_object_says_what_it_starts_with() {
        for (body, found) in [
            ("[]", "an array"),
            ("[1", "an array"),
            ("\"a\"", "text"),
            ("5", "a number"),
            ("-1.5", "a number"),
            ("null", "null"),
            ("true", "a boolean"),
        ] {
            assert_eq!(error(body), ReadError::NotAnObject { found }, "{body}");
        }
    }

    #[test]
    fn a_body_that_is_not_json_is_a_syntax_error() {
        for body in [
            "xyz",
            "{a:1}",
            r#"{"a" 1}"#,
            r#"{"a":1,}"#,
            r#"{"a":"\ud800"}"#,
            "{\"a\":\"\u{0}\"}",
        ] {
            assert!(
                matches!(error(body), ReadError::Syntax { .. }),
                "{body}: {:?}",
                error(body)
            );
        }
    }

    #[test]
    fn a_repeated_property_is_refused_at_any_depth() {
        let name = "Name".to_owned();
        assert_eq!(
            error(r#"{"Name":"a","Name":"b"}"#),
            ReadError::Repeated { name: name.clone() }
        );
        assert_eq!(
            error(r#"{"Permissions":{"Name":1,"Name":1}}"#),
            ReadError::Repeated { name: name.clone() }
        );
        assert_eq!(
            error(r#"{"x":[{"Name":1,"\u004eame":1}]}"#),
            ReadError::Repeated { name }
        );
    }

    #[test]
    fn nesting_beyond_the_limit_is_refused() {
        let nested = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
        assert!(read(nested(32).as_bytes()).is_ok());
        assert_eq!(error(&nested(33)), ReadError::TooDeep);
        assert_eq!(error(&nested(100_000)), ReadError::TooDeep);
        assert_eq!(error(&format!(r#"{{"a":{}"#, "[".repeat(10_000))), ReadError::TooDeep);
    }

    #[test]
    fn what_is_not_text_counts_as_no_text() {
        for value in ["5", "true", "null", "[\"a\"]", "{}"] {
            assert_eq!(object(&format!(r#"{{"Name":{value}}}"#)).text("Name"), None, "{value}");
        }
        assert_eq!(object(r#"{"name":"a"}"#).text("Name"), None);
    }

    #[test]
    fn a_clearance_is_a_name_or_a_number() {
        use SecurityClearance::*;
        for (value, expected) in [
            ("\"Operator\"", Ok(Some(Operator))),
            ("\" ValidUser \"", Ok(Some(ValidUser))),
            ("0", Ok(Some(UnauthenticatedClients))),
            ("2", Ok(Some(ClusterNode))),
            ("\"2\"", Ok(Some(ClusterNode))),
            ("null", Ok(None)),
            ("\"\"", Err(())),
            ("\"operator\"", Err(())),
            ("\"SuperAdmin\"", Err(())),
            ("5", Err(())),
            ("-1", Err(())),
            ("2.0", Err(())),
            ("2.5", Err(())),
            ("99999999999999999999", Err(())),
            ("true", Err(())),
            ("[]", Err(())),
            ("{}", Err(())),
        ] {
            let read = object(&format!(r#"{{"C":{value}}}"#)).clearance("C");
            assert_eq!(read.map_err(|_| ()), expected, "{value}");
        }
    }

    #[test]
    fn a_date_needs_its_time_of_day() {
        let read = |text: &str| object(&format!(r#"{{"D":"{text}"}}"#)).date("D").ok().flatten();
        let seconds = |text: &str| read(text).map(OffsetDateTime::unix_timestamp);
        assert_eq!(seconds("2027-06-01T12:34:56"), Some(1_811_853_296));
        assert_eq!(seconds("2027-06-01T12:34:56Z"), Some(1_811_853_296));
        assert_eq!(seconds("2027-06-01T12:34:56.0000000Z"), Some(1_811_853_296));
        assert_eq!(seconds("2027-06-01T14:34:56.000+02:00"), Some(1_811_853_296));
        assert_eq!(
            read("2027-06-01T12:34:56.1234567Z").map(|date| date.nanosecond()),
            Some(123_456_700)
        );
        for bad in [
            "",
            "next tuesday",
            "2027-06-01",
            "01/06/2027",
            "2027-06-01 12:34:56",
            "2027-13-01T00:00:00",
            "2027-02-30T00:00:00Z",
            "2027-06-01T24:00:00Z",
            "2027-06-01T12:60:00Z",
            "2027-06-01T12:34",
            "1811853296",
            "2027-06-01T12:34:56.",
            "2027-06-01T12:34:56.12345678Z",
            "2027-06-01T12:34:56X",
            "2027-06-01T12:34:56+2",
            "2027-06-01T12:34:56+25:00",
            "+027-06-01T12:34:56",
            "２027-06-01T12:34:56",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert!(object(r#"{"D":5}"#).date("D").is_err());
    }

    #[test]
    fn a_truth_value_is_taken_from_its_usual_spellings() {
        for (value, expected) in [
            ("true", Ok(Some(true))),
            ("\"False\"", Ok(Some(false))),
            ("1", Ok(Some(true))),
            ("0", Ok(Some(false))),
            ("null", Ok(None)),
            ("\"yes\"", Err(())),
            ("[]", Err(())),
        ] {
            let read = object(&format!(r#"{{"B":{value}}}"#)).boolean("B");
            assert_eq!(read.map_err(|_| ()), expected, "{value}");
        }
    }

    #[test]
    fn a_number_may_be_written_as_text() {
        for (value, expected) in [
            ("12", Ok(Some(12))),
            ("\"012345\"", Ok(Some(12345))),
            ("\"abc\"", Err(())),
            ("1.5", Err(())),
            ("3000000000", Err(())),
        ] {
            let read = object(&format!(r#"{{"N":{value}}}"#)).integer("N");
            assert_eq!(read.map_err(|_| ()), expected, "{value}");
        }
    }

    #[test]
    fn no_error_tells_a_value() {
        let body = object(r#"{"D":"-----BEGIN PRIVATE KEY-----","C":"hunter2"}"#);
        let errors = [
            body.date("D").unwrap_err().to_string(),
            body.clearance("C").unwrap_err().to_string(),
        ];
        assert!(
            errors
                .iter()
                .all(|error| !error.contains("PRIVATE") && !error.contains("hunter2")),
            "{errors:?}"
        );
    }
}
