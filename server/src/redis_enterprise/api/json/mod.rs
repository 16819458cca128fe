//! Request bodies: read strictly, and checked against the schema of what they should be.
//!
//! One value is the whole body. A repeated member, nesting deeper than 32 levels and anything after the value are
//! refused: two readers of one body must agree on it. Text is wiped on drop, for it may be a password or hold a private
//! key, and no error quotes a value.

mod read;
mod schema;
#[cfg(test)]
mod tests;

use zeroize::Zeroizing;

pub(super) use read::{ReadError, read};
pub(super) use schema::{Access, Kind, MAX_UID, Member, Request, Schema, SchemaError, Unknown, check, member};

/// A JSON object: its members in the order written, each name once.
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
    pub(super) fn kind(&self) -> &'static str {
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
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number.
    pub(super) fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Number(number) => number.as_i64(),
            _ => None,
        }
    }

    /// The members of an object.
    pub(super) fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The elements of an array.
    pub(super) fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// Returns `true` when the value equals one of an answer.
    pub(super) fn says(&self, answer: &serde_json::Value) -> bool {
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

/// The accessors give nothing for a member that is missing or has another type: a schema has been checked before.
impl Object {
    /// The value of a member.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// The members, in the order written.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Takes members away that are not looked at.
    pub(super) fn forget(&mut self, names: &[&str]) {
        self.0.retain(|(name, _)| !names.contains(&name.as_str()));
    }

    /// The value of a member, which is taken out.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        let place = self.0.iter().position(|(other, _)| other == name)?;
        Some(self.0.swap_remove(place).1)
    }

    /// The text of a member.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_text()
    }

    /// The truth value of a member.
    pub(super) fn boolean(&self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The whole number of a member, when it is one of `T`.
    pub(super) fn integer<T: TryFrom<i64>>(&self, name: &str) -> Option<T> {
        T::try_from(self.get(name)?.as_integer()?).ok()
    }

    /// The elements of an array.
    pub(super) fn array(&self, name: &str) -> Option<&[Value]> {
        self.get(name)?.as_array()
    }

    /// The texts of an array.
    pub(super) fn texts(&self, name: &str) -> Option<Vec<String>> {
        let elements = self.array(name)?;
        Some(elements.iter().filter_map(Value::as_text).map(str::to_owned).collect())
    }

    /// The whole numbers of an array.
    pub(super) fn integers<T: TryFrom<i64>>(&self, name: &str) -> Option<Vec<T>> {
        let elements = self.array(name)?;
        Some(
            elements
                .iter()
                .filter_map(Value::as_integer)
                .filter_map(|number| T::try_from(number).ok())
                .collect(),
        )
    }
}
