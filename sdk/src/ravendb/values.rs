//! The words of RavenDB's API: clearances, access, usages.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident,)* }) => {
        $(#[$about])*
        ///
        /// A word this version does not know is kept as it came.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)*
            /// A word this version does not know.
            Unknown(String),
        }

        impl $name {
            /// The word as RavenDB writes it. Letter case counts.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => stringify!($variant),)*
                    Self::Unknown(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $(stringify!($variant) => Self::$variant,)*
                    other => Self::Unknown(other.to_owned()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(|word| Self::from(word.as_str()))
            }
        }
    };
}

words! {
    /// What the holder of a certificate may do on the server (contract `ravendb.md` 2).
    SecurityClearance {
        /// Everything.
        ClusterAdmin,
        /// Everything; for the nodes of a cluster among themselves.
        ClusterNode,
        /// Everything but the cluster itself, the server certificate and ClusterAdmin certificates.
        Operator,
        /// What the permissions on single databases allow.
        ValidUser,
        /// What RavenDB stores when no clearance is given; treated like `ValidUser` at login.
        UnauthenticatedClients,
    }
}

words! {
    /// What a `ValidUser` may do with one database.
    DatabaseAccess {
        /// Read and write documents.
        ReadWrite,
        /// Read, write, and administer the database.
        Admin,
        /// Read only. Needs a licence on RavenDB ([`crate::Error::is_license_limit`]).
        Read,
    }
}

words! {
    /// What a certificate is registered for (RavenDB 7.2).
    CertificateUsage {
        /// The server's own certificate.
        RavenServer,
        /// The certificate servers talk to each other with.
        RavenServerForCommunication,
        /// A client's certificate.
        Client,
        /// A server that vouches for the users of single sign-on.
        SsoServer,
        /// A user of single sign-on.
        SsoClient,
        /// An issuer whose certificates are let in as ClusterAdmin.
        WellKnownIssuer,
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
        self.0.retain(|name, _| !same_database(name, &database));
        self.0.insert(database, access);
    }

    /// The access to one database, by its name in any letter case.
    pub fn get(&self, database: &str) -> Option<&DatabaseAccess> {
        self.0
            .iter()
            .find(|(name, _)| same_database(name, database))
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

fn same_database(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}
