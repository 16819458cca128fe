//! Request bodies: read strictly, and checked against the schema of what they should be.
//!
//! One value is the whole body. A repeated member, nesting deeper than 32 levels and anything after the value are
//! refused: two readers of one body must agree on it. Text is wiped on drop, for it may be a password or hold a private
//! key, and no error quotes a value.

mod read;
mod schema;
#[cfg(test)]
mod tests;
mod typed;

pub(super) use read::{ReadError, read};
pub(super) use schema::{
    Access, Fixed, Kind, MAX_UID, Member, Request, Schema, SchemaError, TEXT, Unknown, check, member,
};
pub(super) use typed::{Body, Wire, begin, objects, read_member, words, write_member};

pub(super) use certward_transport::http::json::{Object, Text, Value};
