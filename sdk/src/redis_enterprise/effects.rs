//! Open connections, and what a removal would end: routes of Certward's own.

use std::sync::Arc;

use futures_util::Stream;

use super::client::Client;
use super::error_code::ErrorCode;
use super::values::{DatabaseUid, RedisAclUid, RoleUid, UserUid};
use crate::Error;
use crate::client::handle::handle;
use crate::client::transport::{Call, Transport};
use crate::effects::question::{self, Asked};
use crate::effects::{Connection, ConnectionList, ListConnections, RemovalEffect};
use crate::pki::Sha256Fingerprint;

/// A removal to ask about with [`Client::removal_effect`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Removal {
    /// Of a user.
    User(UserUid),
    /// Of a role.
    Role(RoleUid),
    /// Of a Redis ACL.
    RedisAcl(RedisAclUid),
    /// Of a database.
    Database(DatabaseUid),
    /// Of a certificate that is trusted to let clients in: a CA's, or a client's own.
    TrustedCertificate(Sha256Fingerprint, TrustScope),
}

/// The scope in which a certificate is no longer trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TrustScope {
    /// The whole cluster, with all its databases.
    Everywhere,
    /// In the cluster's trusted CA (`mtls_trusted_ca`) only.
    Cluster,
    /// Among the client certificates of this database only.
    Database(DatabaseUid),
}

handle! {
    /// Open connections of clients.
    Connections = connections
}

impl Connections<'_> {
    /// Lists open connections, oldest first; `None` when the server is not Certward's.
    ///
    /// ```no_run
    /// use certward::effects::ListConnections;
    ///
    /// # async fn example(client: certward::redis_enterprise::Client) -> Result<(), certward::Error> {
    /// if let Some(list) = client.connections().list(&ListConnections::new().limit(20)).await? {
    ///     for connection in &list.connections {
    ///         println!("{connection}");
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn list(self, list: &ListConnections) -> Result<Option<ConnectionList>, Error> {
        question::connections(self.0, list).await
    }

    /// Lists open connections page by page, each once; `None` when the server is not Certward's.
    ///
    /// [`ListConnections::limit`] sets the size of a page (default: 1,000). While others open and close, a connection can
    /// be missing from the list. All pages together have the time and four times the bytes of one operation; more than 200
    /// pages or 200,000 connections are an error.
    ///
    /// # Errors
    /// [`Error::is_too_large`] when the list has no end, [`Error::is_forbidden`], and the errors that every operation
    /// can return.
    pub async fn list_all(self, list: &ListConnections) -> Result<Option<ConnectionList>, Error> {
        question::all_connections(self.0, list).await
    }

    /// The connections of [`Connections::list_all`], one by one: the next page is asked for when it is needed, and has the
    /// time and the bytes of one operation.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) when the server is not Certward's, and as
    /// [`Connections::list_all`]; an error ends the stream.
    pub fn stream(
        self,
        list: &ListConnections,
    ) -> impl Stream<Item = Result<Connection, Error>> + Send + Unpin + use<> {
        question::connection_stream(self.0, list)
    }
}

impl Client {
    /// Says which connections would end and who would lose access or rights if something were removed. Nothing is changed.
    /// `None` when the server is not Certward's.
    ///
    /// ```no_run
    /// use certward::redis_enterprise::{Removal, TrustScope};
    ///
    /// # async fn example(client: certward::redis_enterprise::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// for old in certward::pki::certificates_from_pem(&std::fs::read_to_string("old-ca.crt")?)? {
    ///     let removal = Removal::TrustedCertificate(old.fingerprint(), TrustScope::Cluster);
    ///     if let Some(effect) = client.removal_effect(&removal).await? {
    ///         println!("{} connections still rest on {}", effect.connections_total, old.subject());
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_not_found`] when the cluster has no such object, [`Error::is_forbidden`], and the errors that every
    /// operation can return.
    pub async fn removal_effect(&self, removal: &Removal) -> Result<Option<RemovalEffect>, Error> {
        question::removal_effect(self, removal.call()).await
    }
}

impl Removal {
    fn call(&self) -> Call {
        let get = |path: String| Call::get("ask what a removal would end", format!("/v1/certward/removals/{path}"));
        match self {
            Self::User(uid) => get(format!("users/{uid}")),
            Self::Role(uid) => get(format!("roles/{uid}")),
            Self::RedisAcl(uid) => get(format!("redis_acls/{uid}")),
            Self::Database(uid) => get(format!("bdbs/{uid}")),
            Self::TrustedCertificate(fingerprint, scope) => {
                let call = get(format!("certificates/{fingerprint}"));
                match scope {
                    TrustScope::Everywhere => call,
                    TrustScope::Cluster => call.query("bdb", 0),
                    TrustScope::Database(uid) => call.query("bdb", uid),
                }
            }
        }
    }
}

impl Asked for Client {
    const CONNECTIONS: &'static str = "/v1/certward/connections";

    fn transport(&self) -> &Arc<Transport> {
        &self.transport
    }

    fn with_login(&self, call: Call) -> Result<Call, Error> {
        self.with_authorization(call)
    }

    /// A missing object has a code of its kind, such as `user_not_exist`; a missing route has none, or this one.
    fn lacks_route(refusal: &Error) -> bool {
        refusal.is_not_found() && matches!(refusal.redis_enterprise_code(), None | Some(ErrorCode::NotFound))
    }
}
