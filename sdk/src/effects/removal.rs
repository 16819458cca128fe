//! The effect of a removal.

use std::fmt;

use serde::Deserialize;

use super::connection::{Connection, ConnectionDatabase, short};
use crate::client::words::words;

words! {
    /// The kind of an identity that loses access.
    AffectedKind {
        /// A user of Redis Enterprise; its id is the uid.
        User = "user",
        /// A certificate registered on RavenDB; its id is the thumbprint.
        Certificate = "certificate",
    }
}

/// The effect that a removal would have now. The request changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RemovalEffect {
    /// Number of open connections that would end.
    pub connections_total: u64,
    /// The first of them, at most 1,000.
    #[serde(default)]
    pub connections: Vec<Connection>,
    /// Number of identities that would lose access, or some of their rights.
    pub identities_total: u64,
    /// The first of them, at most 1,000.
    #[serde(default)]
    pub identities: Vec<AffectedIdentity>,
}

/// An identity that would lose access or rights.
///
/// `Display` says in one line who and where: `user app: database 1 (cache), the administration API`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct AffectedIdentity {
    /// The kind of the identity.
    pub kind: AffectedKind,
    /// Its uid or thumbprint; see [`AffectedKind`].
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// The databases in which its rights would end or change.
    #[serde(default)]
    pub databases: Vec<ConnectionDatabase>,
    /// Its access to the administration API would end, or its rights there would change.
    #[serde(default)]
    pub api: bool,
}

impl RemovalEffect {
    /// Returns `true` when the removal would end no connection and withdraw no rights.
    pub fn is_empty(&self) -> bool {
        let listed = self.connections.is_empty() && self.identities.is_empty();
        listed && self.connections_total == 0 && self.identities_total == 0
    }
}

impl fmt::Display for AffectedIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let called = if self.name.is_empty() { &self.id } else { &self.name };
        write!(f, "{} {}", short(self.kind.as_str()), short(called))?;
        let shown = self.databases.iter().take(MOST_DATABASES);
        let mut places: Vec<String> = shown.map(ToString::to_string).collect();
        match self.databases.len().saturating_sub(MOST_DATABASES) {
            0 => {}
            1 => places.push("1 more database".to_owned()),
            more => places.push(format!("{more} more databases")),
        }
        if self.api {
            places.push("the administration API".to_owned());
        }
        if places.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", places.join(", "))
    }
}

/// A line stays readable.
const MOST_DATABASES: usize = 5;

#[cfg(test)]
#[path = "removal_tests.rs"]
mod tests;
