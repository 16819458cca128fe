//! Schemas of bodies: one table serves the check, the OpenAPI document and `/v1/jsonschema`.

use std::fmt;

use serde_json::Map;

use super::{Object, Value};
use certward_system::suggestion;
use certward_transport::http::json::shown;

/// An object of the API.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Schema {
    /// Its name in the documents.
    pub(in super::super) name: &'static str,
    /// A description of the object.
    pub(in super::super) summary: &'static str,
    /// Its members.
    pub(in super::super) members: &'static [Member],
    /// The treatment of members that are not in the table.
    pub(in super::super) unknown: Unknown,
    /// Further members, which mean nothing to this server.
    pub(in super::super) fixed: Option<fn() -> &'static Fixed>,
}

/// The members that mean nothing to this server, with the values captured from a real cluster. Answers show them, and a
/// request may hold them as long as it says the same.
pub(in super::super) struct Fixed {
    pub(in super::super) values: &'static Map<String, serde_json::Value>,
    members: Vec<Member>,
}

/// The treatment of a member that is not in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Unknown {
    /// The member is refused.
    Refused,
    /// It is not looked at: the vendor has more of them than this server knows, and none changes what it does.
    Ignored,
}

/// A member of an object.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Member {
    /// Its name.
    pub(in super::super) name: &'static str,
    /// The type of the value.
    pub(in super::super) kind: Kind,
    /// The side that writes the member.
    pub(in super::super) access: Access,
    /// The meaning of the member.
    pub(in super::super) meaning: &'static str,
}

/// The side that writes a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Access {
    /// The client writes the member; a request may omit it.
    Optional,
    /// The client; a request that makes something new must have it.
    Required,
    /// The client; no answer holds it.
    WriteOnly,
    /// The client; no answer holds it, and a request must have it.
    RequiredWriteOnly,
    /// The client; a request that makes something new must have it, which the use case says with a code of its own.
    Needed,
    /// The client, in vain: the use case refuses it with a code of its own. The documents leave it out.
    Refused,
    /// The client when it makes something new; the use case refuses another value in a change.
    Chosen,
    /// The server; a request may hold it when it says what is so anyway.
    ReadOnly,
    /// The client when it makes something new; afterwards as [`Self::ReadOnly`].
    Fixed,
}

/// The type of a value.
#[derive(Debug, Clone, Copy)]
pub(in super::super) enum Kind {
    /// `true` or `false`.
    Boolean,
    /// A whole number in this range.
    Integer {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// Text of at most this many characters.
    Text {
        /// In characters.
        max: usize,
    },
    /// Text of at least one character and at most this many.
    FilledText {
        /// In characters.
        max: usize,
    },
    /// Text that the function takes, and what it takes in words.
    Pattern {
        /// Returns `true` for a valid value.
        is_right: fn(&str) -> bool,
        /// "a …", for errors.
        wanted: &'static str,
        /// The same as a regular expression (the vendor's schema, where it has one).
        regex: &'static str,
        /// The greatest number of characters that the function takes.
        max: usize,
    },
    /// Text of this form. Only its length is checked with the schema: the use case refuses another form with a code of
    /// its own.
    CheckedLater {
        /// The form.
        regex: &'static str,
        /// In characters.
        max: usize,
    },
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Texts, no two alike.
    Texts,
    /// Texts of one kind, no two alike.
    TextsOf(&'static Kind),
    /// Texts.
    TextList,
    /// Whole numbers from 1, no two alike, at least one.
    Uids,
    /// An object.
    Object(&'static Schema),
    /// Objects.
    Objects(&'static Schema),
    /// An object, which the use case holds against this schema.
    Later(&'static Schema),
    /// Something that the server does not look into.
    Anything,
}

/// The reason that a body does not match its schema. No error quotes the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum SchemaError {
    /// The member is not in the table.
    #[error("there is no field '{path}'{}", suggestion::did_you_mean(*near))]
    Unknown {
        /// The path of the member.
        path: String,
        /// The member whose name it is a misspelling of.
        near: Option<&'static str>,
    },
    /// A member that is needed.
    #[error("the field '{path}' is missing")]
    Missing {
        /// The path of the member.
        path: String,
    },
    /// A value that is not what it should be.
    #[error("the field '{path}' is {found}; it must be {wanted}")]
    Wrong {
        /// The path of the member.
        path: String,
        /// A description of the object.
        found: &'static str,
        /// The expected type.
        wanted: String,
    },
    /// A value of the server's, and another one than the server has.
    #[error("the field '{path}' cannot be changed; leave it out")]
    ReadOnly {
        /// The path of the member.
        path: String,
    },
}

impl Fixed {
    /// Of the text of a JSON object; its types are the values' own, and no number is less than `least`.
    pub(in super::super) fn read(json: &str, least: i64, meaning: impl Fn(&str) -> &'static str) -> Self {
        let values: Map<String, serde_json::Value> = serde_json::from_str(json).expect("the text is a JSON object");
        // Made once, for as long as the process lives.
        let values: &'static Map<_, _> = Box::leak(Box::new(values));
        let members = values.iter().map(|(name, value)| {
            let kind = match value {
                serde_json::Value::Bool(_) => Kind::Boolean,
                serde_json::Value::String(_) => TEXT,
                serde_json::Value::Number(number) if number.is_i64() && name.ends_with("_port") => PORT,
                serde_json::Value::Number(number) if number.is_i64() => Kind::Integer {
                    min: least,
                    max: i64::MAX,
                },
                serde_json::Value::Array(texts) if texts.first().is_some_and(serde_json::Value::is_string) => {
                    Kind::Texts
                }
                _ => Kind::Anything,
            };
            member(name, kind, meaning(name)).read_only()
        });
        Self {
            members: members.collect(),
            values,
        }
    }
}

impl Schema {
    /// Its own members, then the fixed ones.
    pub(in super::super) fn members(&self) -> impl Iterator<Item = &'static Member> + use<> {
        let fixed = self.fixed.map_or(&[][..], |fixed| fixed().members.as_slice());
        self.members.iter().chain(fixed)
    }
}

/// The kind of a request.
#[derive(Debug, Clone, Copy)]
pub(in super::super) enum Request<'a> {
    /// The request creates an object: required members must be present.
    New,
    /// The request changes an object: omitted members stay as they are, and read-only members must equal those of this
    /// answer.
    Change(&'a Map<String, serde_json::Value>),
}

/// A member that may be left out.
pub(in super::super) const fn member(name: &'static str, kind: Kind, meaning: &'static str) -> Member {
    Member {
        name,
        kind,
        access: Access::Optional,
        meaning,
    }
}

macro_rules! accesses {
    ($($name:ident: $Access:ident, $meaning:literal;)*) => {
        impl Member {
            $(
                #[doc = $meaning]
                pub(in super::super) const fn $name(self) -> Self {
                    Self { access: Access::$Access, ..self }
                }
            )*

            /// The same member, needed in requests that make something new.
            pub(in super::super) const fn required(self) -> Self {
                match self.access {
                    Access::WriteOnly => Self { access: Access::RequiredWriteOnly, ..self },
                    _ => Self { access: Access::Required, ..self },
                }
            }
        }
    };
}

accesses! {
    needed: Needed, "The same member, which the use case asks for when a request makes something new.";
    refused: Refused, "The same member, which the use case refuses.";
    chosen: Chosen, "The same member, which a change leaves out.";
    read_only: ReadOnly, "The same member, which only the server writes.";
    fixed: Fixed, "The same member, which cannot be changed once it is there.";
    write_only: WriteOnly, "The same member, which no answer holds.";
}

/// Checks the body of a request.
///
/// # Errors
///
/// [`SchemaError`], by the first fault found: members in the order written, then what is missing.
pub(in super::super) fn check(object: &Object, schema: &Schema, request: Request<'_>) -> Result<(), SchemaError> {
    check_members(object, schema, "", request)
}

fn check_members(object: &Object, schema: &Schema, at: &str, request: Request<'_>) -> Result<(), SchemaError> {
    for (name, value) in object.iter() {
        let path = || format!("{at}{name}");
        let Some(member) = schema.members().find(|member| member.name == name) else {
            if schema.unknown == Unknown::Ignored {
                continue;
            }
            return Err(SchemaError::Unknown {
                path: format!("{at}{}", shown(name)),
                near: suggestion::near(name, schema.members().map(|member| member.name)),
            });
        };
        match (member.access, request) {
            (Access::ReadOnly | Access::Fixed, Request::Change(current)) => {
                if !current.get(name).is_some_and(|current| value.says(current)) {
                    return Err(SchemaError::ReadOnly { path: path() });
                }
            }
            (Access::ReadOnly, Request::New) => return Err(SchemaError::ReadOnly { path: path() }),
            _ => check_value(value, member.kind, &path())?,
        }
    }
    if matches!(request, Request::New) {
        for member in schema.members {
            let needed = matches!(member.access, Access::Required | Access::RequiredWriteOnly);
            if needed && object.get(member.name).is_none() {
                return Err(SchemaError::Missing {
                    path: format!("{at}{}", member.name),
                });
            }
        }
    }
    Ok(())
}

fn check_value(value: &Value, kind: Kind, path: &str) -> Result<(), SchemaError> {
    let right = match (kind, value) {
        (Kind::Anything, _) | (Kind::Boolean, Value::Bool(_)) | (Kind::Later(_), Value::Object(_)) => true,
        (Kind::Integer { min, max }, value) => value.as_integer().is_some_and(|number| (min..=max).contains(&number)),
        (Kind::Text { max } | Kind::CheckedLater { max, .. }, Value::Text(text)) => text.chars().count() <= max,
        (Kind::FilledText { max }, Value::Text(text)) => (1..=max).contains(&text.chars().count()),
        (Kind::Pattern { is_right, .. }, Value::Text(text)) => is_right(text),
        (Kind::OneOf(words), Value::Text(text)) => words.contains(&text.as_str()),
        (Kind::Texts, Value::Array(elements)) => each_once(elements, Value::as_text),
        (Kind::TextsOf(kind), Value::Array(elements)) if each_once(elements, Value::as_text) => {
            for (index, element) in elements.iter().enumerate() {
                check_value(element, *kind, &format!("{path}[{index}]"))?;
            }
            true
        }
        (Kind::TextList, Value::Array(elements)) => elements.iter().all(|element| element.as_text().is_some()),
        (Kind::Uids, Value::Array(elements)) => {
            !elements.is_empty()
                && each_once(elements, Value::as_integer)
                && elements
                    .iter()
                    .all(|uid| uid.as_integer().is_some_and(|uid| (1..=MAX_UID).contains(&uid)))
        }
        (Kind::Object(schema), Value::Object(object)) => {
            return check_members(object, schema, &format!("{path}."), Request::New);
        }
        (Kind::Objects(schema), Value::Array(elements)) => {
            for (index, element) in elements.iter().enumerate() {
                check_value(element, Kind::Object(schema), &format!("{path}[{index}]"))?;
            }
            true
        }
        _ => false,
    };
    if right {
        Ok(())
    } else {
        Err(SchemaError::Wrong {
            path: path.to_owned(),
            found: found(kind, value),
            wanted: kind.to_string(),
        })
    }
}

/// Describes a wrong value without quoting it, since it may be a password in the wrong place.
fn found(kind: Kind, value: &Value) -> &'static str {
    match (kind, value) {
        (Kind::OneOf(_), Value::Text(_)) => "an unknown word",
        _ => value.kind(),
    }
}

/// Returns `true` when `of` accepts every element, and no element occurs twice.
fn each_once<'a, T: Eq + std::hash::Hash>(elements: &'a [Value], of: impl Fn(&'a Value) -> Option<T>) -> bool {
    let mut seen = std::collections::HashSet::new();
    elements
        .iter()
        .all(|element| of(element).is_some_and(|value| seen.insert(value)))
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("true or false"),
            Self::Integer { min, max: i64::MAX } => write!(f, "a whole number from {min}"),
            Self::Integer { min, max } => write!(f, "a whole number from {min} to {max}"),
            Self::Text { max } | Self::CheckedLater { max, .. } => write!(f, "a string of at most {max} characters"),
            Self::FilledText { max } => write!(f, "a string of 1 to {max} characters"),
            Self::Pattern { wanted, .. } => f.write_str(wanted),
            Self::OneOf(words) => write!(f, "one of \"{}\"", words.join("\", \"")),
            Self::Texts | Self::TextsOf(_) => f.write_str("an array of strings, no two alike"),
            Self::TextList => f.write_str("an array of strings"),
            Self::Uids => f.write_str("an array of at least one uid, no two alike; a uid is a whole number from 1"),
            Self::Object(schema) | Self::Later(schema) => write!(f, "an object: {}", schema.summary),
            Self::Objects(schema) => write!(f, "an array of objects: {}", schema.summary),
            Self::Anything => f.write_str("any JSON value"),
        }
    }
}

/// As [`certward_redis_model::uid::MAX_UID`].
pub(in super::super) const MAX_UID: i64 = i32::MAX as i64;

/// Text of the usual length: none of this API but PEM needs more.
pub(in super::super) const TEXT: Kind = Kind::Text { max: 4096 };

const PORT: Kind = Kind::Integer { min: 1024, max: 65535 };
