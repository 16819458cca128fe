//! RESP, the protocol of Redis, as far as the server reads it itself.

pub(crate) mod reply;
