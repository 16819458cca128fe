//! Parses a body as an object.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use super::schema::shown;
use super::{Object, Value};

/// A body cannot be parsed as a JSON object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum ReadError {
    /// The body is empty.
    #[error("the request has no body; a JSON object is needed")]
    Empty,
    /// The body ends inside the object.
    #[error("the body ends before its JSON object does")]
    Truncated,
    /// The body holds something else than an object.
    #[error("the body is {found}; a JSON object is needed")]
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
        /// The last member that began before.
        member: Option<String>,
    },
    /// More follows the value.
    #[error("the body goes on behind its JSON object, in line {line}, column {column}; send one object alone")]
    Trailing {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// A text contains a NUL, which some programs take for its end.
    #[error("the field '{name}' is a string; it must be one without NUL characters")]
    Nul {
        /// The name of the property, or of the enclosing one.
        name: String,
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
}

/// Reads the object that the body is.
///
/// # Errors
///
/// [`ReadError`] for the first error.
pub(in super::super) fn read(body: &[u8]) -> Result<Object, ReadError> {
    if body.trim_ascii().is_empty() {
        return Err(ReadError::Empty);
    }
    let faults = Faults::default();
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = Seed {
        depth: 0,
        faults: &faults,
    }
    .deserialize(&mut deserializer);
    match value {
        Ok(value) => match (deserializer.end(), value) {
            (Ok(()), Value::Object(object)) => Ok(object),
            (Ok(()), other) => Err(ReadError::NotAnObject { found: other.kind() }),
            (Err(error), _) => Err(ReadError::Trailing {
                line: error.line(),
                column: error.column(),
            }),
        },
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

fn within(member: Option<&str>) -> String {
    member.map_or_else(String::new, |member| format!(", at the member '{member}'"))
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

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = serde_json::Number::from_f64(value).ok_or_else(|| E::custom("not a finite number"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.check_text(value)?;
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
            *self.faults.member.borrow_mut() = Some(shown(&name));
            self.check_text(&name)?;
            if !names.insert(name.clone()) {
                let name = shown(&name);
                self.faults.fault.set(Some(ReadError::Repeated { name }));
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
