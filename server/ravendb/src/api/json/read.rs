//! Parses a body as an object.

use super::{Object, Value, kind};
use certward_transport::http::json::{self, Fault, MAX_DEPTH, Place};

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
    match json::read(body) {
        Ok((Value::Object(object), None)) => Ok(object),
        Ok((Value::Object(_), Some(Place { line, column }))) => Err(ReadError::Trailing { line, column }),
        Ok((other, _)) => Err(ReadError::NotAnObject { found: kind(&other) }),
        // An array is told from its first character, as the real server does (record `114-post-json-array`).
        Err(_) if body.trim_ascii_start().starts_with(b"[") => Err(ReadError::NotAnObject { found: "an array" }),
        Err(fault) => Err(fault.into()),
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

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
