//! JSON bodies, read strictly.
//!
//! A repeated member, a NUL in a text or name and nesting deeper than 32 levels are refused, and what follows the value
//! is told: two readers of one body must agree on it. Text is wiped on drop, for it may be a password or hold a private
//! key, and no fault quotes a value.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

/// A JSON object: its members in the order written, each name once.
#[derive(Default)]
pub struct Object(Vec<(String, Value)>);

/// Text of a body, wiped on drop.
pub type Text = Zeroizing<String>;

/// A JSON value.
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Any number.
    Number(serde_json::Number),
    /// Text, wiped on drop.
    Text(Text),
    /// An array.
    Array(Vec<Value>),
    /// An object.
    Object(Object),
}

impl Value {
    /// The kind of the value, for errors.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// The text of a string.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Number(number) => number.as_i64(),
            _ => None,
        }
    }

    /// The members of an object.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The elements of an array.
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// Returns `true` when the value equals one of an answer.
    pub fn says(&self, answer: &serde_json::Value) -> bool {
        match (self, answer) {
            (Self::Null, serde_json::Value::Null) => true,
            (Self::Bool(own), serde_json::Value::Bool(other)) => own == other,
            (Self::Number(own), serde_json::Value::Number(other)) => own == other,
            (Self::Text(own), serde_json::Value::String(other)) => own.as_str() == other,
            (Self::Array(own), serde_json::Value::Array(others)) => {
                own.len() == others.len() && own.iter().zip(others).all(|(own, other)| own.says(other))
            }
            (Self::Object(own), serde_json::Value::Object(others)) => {
                own.0.len() == others.len()
                    && own
                        .iter()
                        .all(|(name, own)| others.get(name).is_some_and(|other| own.says(other)))
            }
            _ => false,
        }
    }
}

impl Object {
    /// The value of a member.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// The members, in the order written.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Takes members away that are not looked at.
    pub fn forget(&mut self, names: &[&str]) {
        self.0.retain(|(name, _)| !names.contains(&name.as_str()));
    }

    /// The value of a member, which is taken out.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        let place = self.0.iter().position(|(other, _)| other == name)?;
        Some(self.0.swap_remove(place).1)
    }
}

/// The reason that a body is not read. Each API has its own words for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The body ends inside the value, or is empty.
    Truncated,
    /// The body is not JSON.
    Syntax {
        /// The position.
        place: Place,
        /// The last member that began before.
        member: Option<String>,
    },
    /// A text with a NUL in it, which ends it for some readers and not for others.
    Nul {
        /// Its name, or the one around it.
        name: String,
    },
    /// A member stands twice in one object.
    Repeated {
        /// Its name.
        name: String,
    },
    /// Objects and arrays are nested too deep.
    TooDeep,
}

/// A place in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

impl Place {
    fn of(error: &serde_json::Error) -> Self {
        Self {
            line: error.line(),
            column: error.column(),
        }
    }
}

/// Reads the value at the start of a body, and tells where more follows it.
///
/// # Errors
///
/// [`Fault`], the first that is found.
pub fn read(body: &[u8]) -> Result<(Value, Option<Place>), Fault> {
    let faults = Faults::default();
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let seed = Seed {
        depth: 0,
        faults: &faults,
    };
    match seed.deserialize(&mut deserializer) {
        Ok(value) => Ok((value, deserializer.end().err().map(|error| Place::of(&error)))),
        Err(error) => Err(faults.fault.take().unwrap_or_else(|| {
            if error.is_eof() {
                Fault::Truncated
            } else {
                Fault::Syntax {
                    place: Place::of(&error),
                    member: faults.member.take(),
                }
            }
        })),
    }
}

/// Cuts a name from a request to the length that errors quote.
pub fn shown(name: &str) -> String {
    name.chars().take(MAX_NAME).collect()
}

/// The place where reading stopped, and the reason.
#[derive(Default)]
struct Faults {
    fault: Cell<Option<Fault>>,
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
            self.faults.fault.set(Some(Fault::TooDeep));
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
        self.faults.fault.set(Some(Fault::Nul { name }));
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
                self.faults.fault.set(Some(Fault::Repeated { name }));
                return Err(A::Error::custom("repeated member"));
            }
            let value = members.next_value_seed(self.inner()?)?;
            object.0.push((name, value));
        }
        Ok(Value::Object(object))
    }
}

/// Deeper than any request of the APIs, which go down four levels.
pub const MAX_DEPTH: usize = 32;

/// Longer than any name of the APIs.
const MAX_NAME: usize = 80;
