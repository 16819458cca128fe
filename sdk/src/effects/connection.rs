//! An open connection, and what it rests on.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use time::OffsetDateTime;
use time::serde::rfc3339;

use crate::client::words::words;
use crate::pki::{Printable, Sha256Fingerprint, Thumbprint};
use crate::uids::{DatabaseUid, UserUid};

words! {
    /// The listener that accepted a connection.
    Listener {
        /// RavenDB's administration API.
        RavenDb = "ravendb",
        /// Redis Enterprise's administration API.
        RedisEnterprise = "redis_enterprise",
        /// A Redis database.
        Database = "database",
    }
}

words! {
    /// The authentication of a connection. On an API, where each request is authenticated, the last one counts.
    ConnectionIdentity {
        /// A client certificate.
        Certificate = "certificate",
        /// A password.
        Password = "password",
        /// A token.
        Token = "token",
        /// Nothing, where nothing is asked for: a database whose default user has no password.
        Anonymous = "anonymous",
        /// Being the server's own user on its machine, who creates the cluster.
        LocalUser = "local_user",
        /// Nothing: nobody has been let in on it.
        Unauthenticated = "unauthenticated",
    }
}

words! {
    /// The kind of object that a connection depends on.
    RestsOnKind {
        /// A trusted CA's certificate; its id is the SHA-256 fingerprint.
        Ca = "ca",
        /// A client's own certificate among those that a database trusts; its id is the SHA-256 fingerprint.
        ClientCertificate = "client_certificate",
        /// A user of Redis Enterprise; its id is the uid.
        User = "user",
        /// A role of Redis Enterprise; its id is the uid.
        Role = "role",
        /// A Redis ACL; its id is the uid.
        RedisAcl = "redis_acl",
        /// A certificate registered on RavenDB; its id is the thumbprint.
        Certificate = "certificate",
        /// The server's own certificate.
        ServerCertificate = "server_certificate",
        /// An administrator's certificate from the server's settings.
        WellKnownAdministrator = "well_known_administrator",
        /// An issuer of administrators' certificates from the server's settings.
        WellKnownIssuer = "well_known_issuer",
    }
}

/// A connection that is open.
///
/// `Display` says in one line from where to where it goes, and as whom:
/// `127.0.0.1:35004 to database 1 (cache) as user app`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Connection {
    /// The listener that accepted the connection.
    pub listener: Listener,
    /// The database it is connected to, on the listener of one.
    pub database: Option<ConnectionDatabase>,
    /// The client's address and port.
    pub address: String,
    /// The time at which the connection was opened.
    #[serde(deserialize_with = "rfc3339::deserialize")]
    pub opened_at: OffsetDateTime,
    /// The authentication of the client.
    pub identity: ConnectionIdentity,
    /// The user of Redis Enterprise that the client is.
    pub user: Option<ConnectionUser>,
    /// The client certificate that was shown.
    pub certificate: Option<ConnectionCertificate>,
    /// The objects that let it in: without one of them it ends.
    #[serde(default)]
    pub rests_on: Vec<RestsOn>,
    /// The time at which the connection ends because a certificate expires.
    #[serde(default, deserialize_with = "rfc3339::option::deserialize")]
    pub valid_until: Option<OffsetDateTime>,
}

/// A database, as far as connections and rights name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[non_exhaustive]
pub struct ConnectionDatabase {
    /// Its number on Redis Enterprise.
    pub uid: Option<DatabaseUid>,
    /// Its name.
    #[serde(default)]
    pub name: String,
}

/// A user, as far as a connection names it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ConnectionUser {
    /// Its number.
    pub uid: UserUid,
    /// Its name.
    #[serde(default)]
    pub name: String,
}

/// A client certificate, as far as a connection names it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ConnectionCertificate {
    /// Its subject in the form of RFC 4514.
    pub subject: String,
    /// SHA-256 of its DER.
    #[serde(deserialize_with = "parsed")]
    pub fingerprint: Sha256Fingerprint,
    /// SHA-1 of its DER.
    #[serde(deserialize_with = "parsed")]
    pub thumbprint: Thumbprint,
    /// The end of validity.
    #[serde(deserialize_with = "rfc3339::deserialize")]
    pub not_after: OffsetDateTime,
}

/// An object without which a connection ends.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RestsOn {
    /// The kind of the object.
    pub kind: RestsOnKind,
    /// Its uid, fingerprint or thumbprint; see [`RestsOnKind`].
    pub id: Option<String>,
    /// The display name: a name or a subject.
    pub name: Option<String>,
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to ", short(&self.address))?;
        match (&self.database, &self.listener) {
            (Some(database), _) => write!(f, "{database}")?,
            (None, Listener::Database) => f.write_str("a database")?,
            (None, Listener::RavenDb) => f.write_str("the RavenDB API")?,
            (None, Listener::RedisEnterprise) => f.write_str("the Redis Enterprise API")?,
            (None, Listener::Unknown(listener)) => write!(f, "the listener {}", short(listener.as_str()))?,
        }
        match (&self.user, &self.certificate, &self.identity) {
            (Some(user), ..) if user.name.is_empty() => write!(f, " as user {}", user.uid),
            (Some(user), ..) => write!(f, " as user {}", short(&user.name)),
            (None, Some(certificate), _) => write!(f, " with the certificate {}", short(&certificate.subject)),
            (None, None, ConnectionIdentity::Anonymous) => f.write_str(" as the default user"),
            (None, None, ConnectionIdentity::Token) => f.write_str(" with a token"),
            (None, None, ConnectionIdentity::LocalUser) => f.write_str(" as the server's own user"),
            (None, None, ConnectionIdentity::Certificate) => f.write_str(" with a certificate"),
            (None, None, ConnectionIdentity::Password) => f.write_str(" with a password"),
            (None, None, ConnectionIdentity::Unknown(identity)) => write!(f, " by {}", short(identity.as_str())),
            (None, None, ConnectionIdentity::Unauthenticated) => Ok(()),
        }
    }
}

impl fmt::Display for ConnectionDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.uid, self.name.as_str()) {
            (Some(uid), "") => write!(f, "database {uid}"),
            (Some(uid), name) => write!(f, "database {uid} ({})", short(name)),
            (None, name) => write!(f, "database {}", short(name)),
        }
    }
}

/// A server's name for something, inside a line of several.
pub(super) fn short(text: &str) -> Printable<'_> {
    Printable::line(text).at_most(LONGEST_NAME)
}

/// Texts that a type of the SDK reads.
fn parsed<'de, D: Deserializer<'de>, T: FromStr>(deserializer: D) -> Result<T, D::Error>
where
    T::Err: fmt::Display,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

/// A subject with every usual attribute is shorter.
const LONGEST_NAME: usize = 200;

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
