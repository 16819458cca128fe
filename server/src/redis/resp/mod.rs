//! RESP, the protocol of Redis, as far as the server reads it itself.

pub(crate) mod command;
pub(crate) mod frame;
mod inline;
mod plain;
pub(crate) mod reply;
mod watched;
