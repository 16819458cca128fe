//! Administrators of the whole server, whom each product admits.

use std::fmt;

use crate::listener::peer::Peer;

/// Decides who administers the whole server, by the certificate of the connection.
pub trait Administrators: fmt::Debug + Send + Sync {
    /// The administrator at the other end of `peer`'s connection; none if it is not one.
    fn administrator(&self, peer: &Peer) -> Option<Administrator>;
}

/// An administrator of the whole server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administrator {
    /// The name for logs and audit records.
    pub name: String,
}
