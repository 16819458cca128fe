//! RESP, the protocol of Redis, as far as the server reads it itself.

pub(crate) mod command;
mod inline;
mod plain;
pub(crate) mod reply;
mod watched;
