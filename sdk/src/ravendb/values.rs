//! The words of RavenDB's API: clearances, access, usages.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::client::words::words;
use crate::ravendb_names::{eq_ignore_case, folded};

words! {
    /// The rights of a certificate on the server as a whole, RavenDB's [security clearance].
    ///
    /// [security clearance]: https://docs.ravendb.net/7.0/server/security/authentication/certificate-management
    SecurityClearance {
        /// Everything.
        ClusterAdmin = "ClusterAdmin",
        /// Everything; for the nodes of a cluster among themselves.
        ClusterNode = "ClusterNode",
        /// Everything but the cluster itself, the server certificate and ClusterAdmin certificates.
        Operator = "Operator",
        /// Only the rights of the permissions on single databases.
        ValidUser = "ValidUser",
        /// The clearance that RavenDB stores when none is given; treated like `ValidUser` at login.
        UnauthenticatedClients = "UnauthenticatedClients",
    }
}

words! {
    /// The rights of a `ValidUser` on one database.
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
    /// The purpose that a certificate is registered for (RavenDB 7.2).
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
        self.0.retain(|name, _| !eq_ignore_case(name, &database));
        self.0.insert(database, access);
    }

    /// The access to one database, by its name in any letter case.
    pub fn get(&self, database: &str) -> Option<&DatabaseAccess> {
        self.0
            .iter()
            .find(|(name, _)| eq_ignore_case(name, database))
            .map(|(_, access)| access)
    }

    /// Names and access, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &DatabaseAccess)> {
        self.0.iter().map(|(name, access)| (name.as_str(), access))
    }

    /// The number of databases.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns `true` when there are no databases.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<S: Into<String>> FromIterator<(S, DatabaseAccess)> for Permissions {
    fn from_iter<I: IntoIterator<Item = (S, DatabaseAccess)>>(entries: I) -> Self {
        // The last of two spellings counts, as in `insert`.
        let entries = entries.into_iter().map(|(database, access)| (database.into(), access));
        let by_folded: HashMap<String, (String, DatabaseAccess)> =
            entries.map(|entry| (folded(&entry.0), entry)).collect();
        Self(by_folded.into_values().collect())
    }
}
