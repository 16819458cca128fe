//! Identity of a peer, its rights, and its one-time codes.

pub mod authn;
pub mod authz;
pub mod two_factor;
