//! From a body to its object.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use super::schema::shown;
use super::{Object, Value};

/// Why a body is no object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum ReadError {
    /// There is no body.
    #[error("the request has no body; a JSON object is needed")]
    Empty,
    /// The body ends inside the object.
    #[error("the body ends before its JSON object does")]
    Truncated,
    /// The body holds something else than an object.
    #[error("the body is {found}; a JSON object is needed")]
    NotAnObject {
        /// What it is instead.
        found: &'static str,
    },
    /// The body is not JSON, or more follows the object.
    #[error("the body is not JSON: unexpected content in line {line}, column {column}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// A member stands twice in one object.
    #[error("the member '{name}' is given more than once")]
    Repeated {
        /// Its name.
        name: String,
    },
    /// Objects and arrays are nested too deep.
    #[error("the body is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// A number that is none of this API's.
    #[error("the body holds a number that is too large")]
    Number,
}

/// Reads the object that the body is.
///
/// # Errors
///
/// [`ReadError`], by the first fault found.
pub(in super::super) fn read(body: &[u8]) -> Result<Object, ReadError> {
    if body.trim_ascii().is_empty() {
        return Err(ReadError::Empty);
    }
    let fault = Cell::new(None);
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = Seed {
        depth: 0,
        fault: &fault,
    }
    .deserialize(&mut deserializer)
    .and_then(|value| deserializer.end().map(|()| value));
    match value {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => Err(ReadError::NotAnObject { found: other.kind() }),
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

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        serde_json::Number::from_f64(value).map_or_else(
            || {
                self.fault.set(Some(ReadError::Number));
                Err(E::custom("not a finite number"))
            },
            |number| Ok(Value::Number(number)),
        )
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(Zeroizing::new(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(self.inner()?)? {
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Object::default();
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if !names.insert(name.clone()) {
                let name = shown(&name);
                self.fault.set(Some(ReadError::Repeated { name }));
                return Err(A::Error::custom("repeated member"));
            }
            let value = members.next_value_seed(self.inner()?)?;
            object.0.push((name, value));
        }
        Ok(Value::Object(object))
    }
}

/// Deeper than any request of this API, which goes down four levels.
const MAX_DEPTH: usize = 32;
