//! The rights of a certificate: a clearance for the whole server, and an access for each database.

use std::fmt;
use std::str::FromStr;

use certward_pki::ravendb_names::folded;
use hashlink::LinkedHashMap;

/// The rights of a registered certificate on the server as a whole (`docs/contracts/ravendb.md#clearances-and-access`).
///
/// The order of the variants is that of RavenDB's own enumeration: a number on the wire is an index into it
/// (observed on 7.2.7: `2` is stored as `ClusterNode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecurityClearance {
    /// The clearance of a definition without one. Treated as [`Self::ValidUser`] at login.
    UnauthenticatedClients,
    /// All rights.
    ClusterAdmin,
    /// Another server of the cluster; all rights, as with [`Self::ClusterAdmin`].
    ClusterNode,
    /// Certificates up to its own clearance, and every database; no changes of the cluster itself.
    Operator,
    /// The databases named in the definition's permissions, and nothing else.
    ValidUser,
}

impl SecurityClearance {
    /// All clearances, in the order of the wire's numbers.
    pub const ALL: [Self; 5] = [
        Self::UnauthenticatedClients,
        Self::ClusterAdmin,
        Self::ClusterNode,
        Self::Operator,
        Self::ValidUser,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnauthenticatedClients => "UnauthenticatedClients",
            Self::ClusterAdmin => "ClusterAdmin",
            Self::ClusterNode => "ClusterNode",
            Self::Operator => "Operator",
            Self::ValidUser => "ValidUser",
        }
    }

    /// The clearance with this number on the wire, 0 to 4.
    #[must_use]
    pub fn from_index(index: i64) -> Option<Self> {
        Self::ALL.get(usize::try_from(index).ok()?).copied()
    }

    /// The level that this clearance gives at login.
    #[must_use]
    pub fn level(self) -> Level {
        match self {
            Self::ClusterAdmin | Self::ClusterNode => Level::ClusterAdmin,
            Self::Operator => Level::Operator,
            Self::ValidUser | Self::UnauthenticatedClients => Level::ValidUser,
        }
    }
}

impl fmt::Display for SecurityClearance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SecurityClearance {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL
            .into_iter()
            .find(|clearance| clearance.as_str() == text)
            .ok_or(UnknownName)
    }
}

/// The three ranks that routes require. Ordered: a higher rank includes the rights of the lower ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Any valid certificate.
    ValidUser,
    /// An operator or above.
    Operator,
    /// A cluster administrator, another node, or the server's own certificate.
    ClusterAdmin,
}

/// The rights on one database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DatabaseAccess {
    /// Reads and writes documents.
    ReadWrite,
    /// All of `ReadWrite`, and the database's own settings and indexes.
    Admin,
    /// Reads documents. Needs a licence on a real server, which answers 402 without it.
    Read,
}

impl DatabaseAccess {
    /// All accesses, in the order of the wire's numbers.
    pub const ALL: [Self; 3] = [Self::ReadWrite, Self::Admin, Self::Read];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadWrite => "ReadWrite",
            Self::Admin => "Admin",
            Self::Read => "Read",
        }
    }
}

impl fmt::Display for DatabaseAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for DatabaseAccess {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL
            .into_iter()
            .find(|access| access.as_str() == text)
            .ok_or(UnknownName)
    }
}

/// The text is not the name of a clearance or access. Names are case-sensitive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one of the known names")]
pub struct UnknownName;

/// The access that a certificate has to each named database.
///
/// Names are case-insensitive: of two that differ in case only, the last one wins (observed record `135-post-…`). The
/// order of first mention is kept, as on the real server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Permissions(LinkedHashMap<FoldedName, (String, DatabaseAccess)>);

/// The case-folded form of a name.
type FoldedName = String;

impl Permissions {
    /// Permissions on no database.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Grants `access` to `database`, replacing any access under another spelling of that name.
    pub fn grant(&mut self, database: String, access: DatabaseAccess) {
        let key = folded(&database);
        match self.0.get_mut(&key) {
            Some(entry) => entry.1 = access,
            None => drop(self.0.insert(key, (database, access))),
        }
    }

    /// The access to `database`, whose name is case-insensitive.
    #[must_use]
    pub fn access_to(&self, database: &str) -> Option<DatabaseAccess> {
        self.0.get(&folded(database)).map(|(_, access)| *access)
    }

    /// The databases and accesses, in the order of first mention.
    pub fn iter(&self) -> impl Iterator<Item = (&str, DatabaseAccess)> {
        self.0.values().map(|(name, access)| (name.as_str(), *access))
    }

    /// Returns `true` when no database is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, DatabaseAccess)> for Permissions {
    fn from_iter<I: IntoIterator<Item = (String, DatabaseAccess)>>(entries: I) -> Self {
        let mut permissions = Self::none();
        for (database, access) in entries {
            permissions.grant(database, access);
        }
        permissions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_two_spellings_of_a_database_counts() {
        let permissions: Permissions = [
            ("Db".to_owned(), DatabaseAccess::ReadWrite),
            ("dB".to_owned(), DatabaseAccess::Admin),
        ]
        .into_iter()
        .collect();
        assert_eq!(permissions.access_to("DB"), Some(DatabaseAccess::Admin));
        assert_eq!(permissions.iter().count(), 1);
    }

    #[test]
    fn a_number_names_a_clearance_by_its_place_in_the_enumeration() {
        assert_eq!(SecurityClearance::from_index(2), Some(SecurityClearance::ClusterNode));
        assert_eq!(SecurityClearance::from_index(5), None);
        assert_eq!(SecurityClearance::from_index(-1), None);
    }

    #[test]
    fn names_are_case_sensitive() {
        assert_eq!("ClusterAdmin".parse(), Ok(SecurityClearance::ClusterAdmin));
        assert_eq!("clusteradmin".parse::<SecurityClearance>(), Err(UnknownName));
    }
}
