//! Parses a body as an object.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use super::{Object, Value};

/// A body cannot be parsed as a JSON object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum ReadError {
    /// The body ends inside the object, or is empty.
    #[error("the stream ended before the end of the JSON content")]
    Truncated,
    /// The body is not an object.
    #[error("a JSON object was expected at the start of the body, but it starts with {found}")]
    NotAnObject {
        /// The kind of the value that was found.
        found: &'static str,
    },
    /// The body is not JSON.
    #[error("the body is not JSON: unexpected content in line {line}, column {column}{}", within(member.as_deref()))]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// The last property before it.
        member: Option<String>,
    },
    /// The object is followed by further content.
    #[error("the body goes on behind its JSON object, in line {line}, column {column}; send one object alone")]
    Trailing {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// A text contains a NUL, which some programs take for its end.
    #[error("the property '{name}' holds a NUL character; omit it")]
    Nul {
        /// The name of the property, or of the enclosing one.
        name: String,
    },
    /// A property occurs twice in one object.
    #[error("the property '{name}' is given more than once")]
    Repeated {
        /// Its name.
        name: String,
    },
    /// Objects and arrays are nested too deep.
    #[error("the body is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

impl ReadError {
    /// Returns `true` if the real server accepts such a body, so that only Certward refuses it.
    pub(in super::super) fn is_stricter(&self) -> bool {
        match self {
            Self::Trailing { .. } | Self::Nul { .. } | Self::Repeated { .. } | Self::TooDeep => true,
            Self::Truncated | Self::NotAnObject { .. } | Self::Syntax { .. } => false,
        }
    }
}

fn within(member: Option<&str>) -> String {
    member.map_or_else(String::new, |member| format!(", at the property '{member}'"))
}

/// Parses a body as an object.
///
/// # Errors
///
/// [`ReadError`] for the first error.
pub(in super::super) fn read(body: &[u8]) -> Result<Object, ReadError> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let faults = Faults::default();
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = Seed {
        depth: 0,
        faults: &faults,
    }
    .deserialize(&mut deserializer);
    match value {
        Ok(Value::Object(object)) => match deserializer.end() {
            Ok(()) => Ok(object),
            Err(error) => Err(ReadError::Trailing {
                line: error.line(),
                column: error.column(),
            }),
        },
        Ok(other) => Err(ReadError::NotAnObject { found: other.kind() }),
        // An array is told from its first character, as the real server does (record `114-post-json-array`).
        Err(_) if body.trim_ascii_start().starts_with(b"[") => Err(ReadError::NotAnObject { found: "an array" }),
        Err(error) => Err(faults.fault.take().unwrap_or_else(|| {
            if error.is_eof() {
                ReadError::Truncated
            } else {
                ReadError::Syntax {
                    line: error.line(),
                    column: error.column(),
                    member: faults.member.take(),
                }
            }
        })),
    }
}

/// The position at which parsing stopped, and the reason.
#[derive(Default)]
struct Faults {
    fault: Cell<Option<ReadError>>,
    member: RefCell<Option<String>>,
}

impl Faults {
    fn member(&self) -> String {
        self.member.borrow().clone().unwrap_or_default()
    }
}

struct Seed<'a> {
    depth: usize,
    faults: &'a Faults,
}

impl Seed<'_> {
    fn inner<E: serde::de::Error>(&self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            self.faults.fault.set(Some(ReadError::TooDeep));
            return Err(E::custom("too deep"));
        }
        Ok(Self {
            depth: self.depth + 1,
            faults: self.faults,
        })
    }

    fn check_text<E: serde::de::Error>(&self, text: &str) -> Result<(), E> {
        if !text.contains('\0') {
            return Ok(());
        }
        let name = self.faults.member();
        self.faults.fault.set(Some(ReadError::Nul { name }));
        Err(E::custom("NUL"))
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

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.check_text(value)?;
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
            *self.faults.member.borrow_mut() = Some(shown(&name));
            self.check_text(&name)?;
            if !names.insert(name.clone()) {
                let name = shown(&name);
                self.faults.fault.set(Some(ReadError::Repeated { name }));
                return Err(A::Error::custom("repeated property"));
            }
            let value = properties.next_value_seed(self.inner()?)?;
            object.0.push((name, value));
        }
        Ok(Value::Object(object))
    }
}

/// The beginning of a name, for errors.
fn shown(name: &str) -> String {
    name.chars().take(MAX_NAME).collect()
}

const MAX_NAME: usize = 80;

/// Requests of this API have two levels.
const MAX_DEPTH: usize = 32;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
