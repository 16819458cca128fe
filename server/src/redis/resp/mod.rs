//! RESP, the protocol of Redis, as far as the server reads it itself.

pub(crate) mod answering;
pub(crate) mod arguments;
pub(crate) mod command;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod differential;
pub(crate) mod frame;
pub(crate) mod identity;
mod inline;
mod name;
mod number;
mod plain;
pub(crate) mod reply;
mod watched;
