//! Administrators of the whole server, whom each product lets in.

use std::fmt;

use crate::listener::peer::Peer;

/// Decides who administers the whole server by the certificate of its connection.
pub trait Administrators: fmt::Debug + Send + Sync {
    /// The administrator that `peer` is at this moment; none when it is none.
    fn administrator(&self, peer: &Peer) -> Option<Administrator>;
}

/// An administrator of the whole server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administrator {
    /// The name for logs and audit records.
    pub name: String,
}
