//! From a body to its first object.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use super::{Object, Value};

/// Why a body is no object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum ReadError {
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

/// Reads the object a body starts with.
///
/// # Errors
///
/// [`ReadError`], by the first fault found.
pub(in super::super) fn read(body: &[u8]) -> Result<Object, ReadError> {
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
