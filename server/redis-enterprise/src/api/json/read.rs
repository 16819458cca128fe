//! Parses a body as an object.

use super::{Object, Value};
use certward_transport::http::json::{self, Fault, MAX_DEPTH, Place};

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
    match json::read(body)? {
        (_, Some(Place { line, column })) => Err(ReadError::Trailing { line, column }),
        (Value::Object(object), None) => Ok(object),
        (other, None) => Err(ReadError::NotAnObject { found: other.kind() }),
    }
}

impl From<Fault> for ReadError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Truncated => Self::Truncated,
            Fault::Syntax {
                place: Place { line, column },
                member,
            } => Self::Syntax { line, column, member },
            Fault::Nul { name } => Self::Nul { name },
            Fault::Repeated { name } => Self::Repeated { name },
            Fault::TooDeep => Self::TooDeep,
        }
    }
}

fn within(member: Option<&str>) -> String {
    member.map_or_else(String::new, |member| format!(", at the member '{member}'"))
}
