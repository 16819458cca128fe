//! The words of RavenDB's API: clearances, access, usages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::client::words::words;

words! {
    /// What the holder of a certificate may do on the server (contract `ravendb.md` 2).
    SecurityClearance {
        /// Everything.
        ClusterAdmin = "ClusterAdmin",
        /// Everything; for the nodes of a cluster among themselves.
        ClusterNode = "ClusterNode",
        /// Everything but the cluster itself, the server certificate and ClusterAdmin certificates.
        Operator = "Operator",
        /// What the permissions on single databases allow.
        ValidUser = "ValidUser",
        /// What RavenDB stores when no clearance is given; treated like `ValidUser` at login.
        UnauthenticatedClients = "UnauthenticatedClients",
    }
}

words! {
    /// What a `ValidUser` may do with one database.
    DatabaseAccess {
        /// Read and write documents.
        ReadWrite = "ReadWrite",
        /// Read, write, and administer the database.
        Admin = "Admin",
        /// Read only. Needs a licence on RavenDB ([`crate::Error::is_license_limit`]).
        Read = "Read",
    }
}

words! {
    /// What a certificate is registered for (RavenDB 7.2).
    CertificateUsage {
        /// The server's own certificate.
        RavenServer = "RavenServer",
        /// The certificate servers talk to each other with.
        RavenServerForCommunication = "RavenServerForCommunication",
        /// A client's certificate.
        Client = "Client",
        /// A server that vouches for the users of single sign-on.
        SsoServer = "SsoServer",
        /// A user of single sign-on.
        SsoClient = "SsoClient",
        /// An issuer whose certificates are let in as ClusterAdmin.
        WellKnownIssuer = "WellKnownIssuer",
    }
}

/// Database names and the access to each. RavenDB compares the names without letter case.
///
/// ```
/// use certward::ravendb::{DatabaseAccess, Permissions};
///
/// let permissions: Permissions = [("Orders", DatabaseAccess::ReadWrite)].into_iter().collect();
/// assert_eq!(permissions.get("orders"), Some(&DatabaseAccess::ReadWrite));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Permissions(BTreeMap<String, DatabaseAccess>);

impl Permissions {
    /// No database at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// Sets the access to one database; a name that differs only by letter case is replaced.
    pub fn insert(&mut self, database: impl Into<String>, access: DatabaseAccess) {
        let database = database.into();
        self.0.retain(|name, _| !is_same_database(name, &database));
        self.0.insert(database, access);
    }

    /// The access to one database, by its name in any letter case.
    pub fn get(&self, database: &str) -> Option<&DatabaseAccess> {
        self.0
            .iter()
            .find(|(name, _)| is_same_database(name, database))
            .map(|(_, access)| access)
    }

    /// Names and access, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &DatabaseAccess)> {
        self.0.iter().map(|(name, access)| (name.as_str(), access))
    }

    /// How many databases there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<S: Into<String>> FromIterator<(S, DatabaseAccess)> for Permissions {
    fn from_iter<I: IntoIterator<Item = (S, DatabaseAccess)>>(entries: I) -> Self {
        let mut permissions = Self::default();
        entries
            .into_iter()
            .for_each(|(database, access)| permissions.insert(database, access));
        permissions
    }
}

/// Whether RavenDB takes two names for the same database: it compares them as .NET's `OrdinalIgnoreCase` does, character by
/// character in upper case.
///
/// ```
/// use certward::ravendb::is_same_database;
///
/// assert!(is_same_database("Orders", "ORDERS"));
/// // As .NET has it, and Rust's lower case does not.
/// assert!(is_same_database("\u{b5}", "\u{39c}"));
/// assert!(!is_same_database("\u{df}", "\u{1e9e}"));
/// assert!(!is_same_database("\u{131}", "I"));
/// ```
pub fn is_same_database(one: &str, other: &str) -> bool {
    one.chars().map(upper).eq(other.chars().map(upper))
}

/// The simple upper case of Unicode. As in .NET, no character outside ASCII becomes one of ASCII.
fn upper(character: char) -> char {
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) if character.is_ascii() || !upper.is_ascii() => upper,
        _ => character,
    }
}
