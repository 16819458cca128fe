//! Request bodies, read as the real server reads them, but strictly.
//!
//! Property names are case-sensitive and unknown ones are ignored (records `155`, `138`). Stricter than on the real
//! server, because two readers of one body must agree on it: content behind the object (observed record
//! `158-post-trailing-garbage`), a repeated property, a NUL in a text or name, and nesting deeper than 32 levels are
//! refused.
//!
//! Text is wiped on drop: it may be a password or hold a private key. For the same reason no error quotes a value.

mod date;
mod read;
#[cfg(test)]
mod tests;

use time::OffsetDateTime;
use zeroize::Zeroizing;

pub(super) use read::{ReadError, read};

use crate::model::clearance::SecurityClearance;
pub(super) use certward_transport::http::json::{Object, Text, Value};

/// A property whose value cannot be taken as what it should be. The value itself is not told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("could not convert the value of '{property}' ({found}) to {wanted}")]
pub(super) struct WrongType {
    /// The property.
    pub(super) property: &'static str,
    /// The kind of the JSON value that was found.
    pub(super) found: &'static str,
    /// The .NET type the real server names.
    pub(super) wanted: &'static str,
}

/// The kind of a value, for errors.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Text(_) => "text",
        other => other.kind(),
    }
}

/// The text the real server would print, which it parses enumerations and numbers from.
fn printed(value: &Value) -> Option<Zeroizing<String>> {
    match value {
        Value::Bool(value) => Some(Zeroizing::new(value.to_string())),
        Value::Number(number) => Some(Zeroizing::new(number.to_string())),
        Value::Text(text) => Some(Zeroizing::new(text.trim().to_owned())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

impl Properties for Object {
    fn value(&self, name: &str) -> Option<&Value> {
        self.get(name)
    }
}

/// The properties of an object, each in the ways in which the real server takes its type.
pub(super) trait Properties {
    /// The value of a property, `null` included.
    fn value(&self, name: &str) -> Option<&Value>;

    /// The text of a property. Anything but text counts as absent (record `119-post-number-name`).
    fn text(&self, name: &str) -> Option<&str> {
        match self.value(name) {
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
    fn clearance(&self, property: &'static str) -> Result<Option<SecurityClearance>, WrongType> {
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
        let printed = printed(value).ok_or_else(wrong)?;
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
    fn one_of(
        &self,
        property: &'static str,
        names: &[&'static str],
        wanted: &'static str,
    ) -> Result<Option<&'static str>, WrongType> {
        let Some(value) = self.not_null(property) else {
            return Ok(None);
        };
        let printed = printed(value).ok_or_else(|| wrong(property, value, wanted))?;
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
    fn boolean(&self, property: &'static str) -> Result<Option<bool>, WrongType> {
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
    fn integer(&self, property: &'static str) -> Result<Option<i32>, WrongType> {
        let Some(value) = self.not_null(property) else {
            return Ok(None);
        };
        let parsed = match value {
            Value::Number(_) | Value::Text(_) => printed(value).and_then(|text| text.parse().ok()),
            _ => None,
        };
        parsed.map(Some).ok_or_else(|| wrong(property, value, "System.Int32"))
    }

    /// A date with its time of day, in the forms [`date::parse`] takes. `null` counts as absent.
    ///
    /// # Errors
    ///
    /// [`WrongType`] for anything else (records `108-post-notafter-garbage`, `110-post-notafter-dateonly`).
    fn date(&self, property: &'static str) -> Result<Option<OffsetDateTime>, WrongType> {
        let Some(value) = self.not_null(property) else {
            return Ok(None);
        };
        match value {
            Value::Text(text) => date::parse(text),
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
    fn object(&self, property: &'static str) -> Result<Option<&Object>, WrongType> {
        match self.not_null(property) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(value) => Err(wrong(property, value, "BlittableJsonReaderObject")),
        }
    }

    fn not_null(&self, name: &str) -> Option<&Value> {
        self.value(name).filter(|value| !matches!(value, Value::Null))
    }
}

fn wrong(property: &'static str, value: &Value, wanted: &'static str) -> WrongType {
    WrongType {
        property,
        found: kind(value),
        wanted,
    }
}
