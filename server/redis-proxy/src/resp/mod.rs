//! RESP, the protocol of Redis, as far as the server reads it itself.

pub mod answering;
pub mod arguments;
pub mod command;
#[cfg(any(test, feature = "fuzzing"))]
pub mod differential;
pub mod frame;
pub mod identity;
mod inline;
mod name;
mod number;
mod plain;
pub mod reply;
mod watched;
