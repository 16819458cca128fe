//! Who a peer is, what it may do, and its one-time codes.

pub mod authn;
pub mod authz;
pub mod two_factor;
