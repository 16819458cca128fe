//! A connection as administrators see it: its client, and the objects that admit it. The format is Certward's own, and
//! the same on both APIs.

use std::fmt;
use std::net::SocketAddr;

use certward_pki::Certificate;
use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::listener::identity_counts::{IdentityKind, ListenerKind};
use certward_certificates::certificate::shown;

/// An open connection.
#[derive(Debug, Clone, Serialize)]
pub struct ConnectedClient {
    /// The listener that it is connected to.
    #[serde(serialize_with = "listener_word")]
    pub listener: ListenerKind,
    /// The database, if it is connected to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<Numbered>,
    /// The address of its other end.
    pub address: SocketAddr,
    /// The time at which its handshake or its login was completed.
    #[serde(serialize_with = "in_seconds")]
    pub opened_at: OffsetDateTime,
    /// The kind of identity by which it was admitted.
    #[serde(serialize_with = "identity_word")]
    pub identity: IdentityKind,
    /// The user of the cluster, if it is one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Numbered>,
    /// The certificate that it presented, even if another credential admits it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<ShownCertificate>,
    /// The objects that the connection depends on.
    pub rests_on: Vec<Ground>,
    /// The last second of the credential's validity, if it is limited.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "in_seconds_if_any")]
    pub valid_until: Option<OffsetDateTime>,
}

/// An object with a number and a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Numbered {
    /// The number.
    pub uid: u32,
    /// The name.
    pub name: String,
}

/// Selects a part of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The number of connections to skip.
    pub offset: usize,
    /// The maximum number of connections to return.
    pub limit: usize,
}

impl Page {
    /// The default limit.
    pub const DEFAULT_LIMIT: usize = 1000;
    /// The highest limit.
    pub const MAX_LIMIT: usize = 10_000;
}

/// A part of the open connections, and their total number.
#[derive(Debug, Serialize)]
pub struct ConnectionList {
    /// The number of all connections.
    pub total: usize,
    /// The connections of the page.
    pub connections: Vec<ConnectedClient>,
}

/// The effect of a removal.
#[derive(Debug, Serialize)]
pub struct RemovalEffect {
    /// The number of connections that would end.
    pub connections_total: usize,
    /// The first of them.
    pub connections: Vec<ConnectedClient>,
    /// The number of identities that would lose access.
    pub identities_total: usize,
    /// The first of them.
    pub identities: Vec<LosingIdentity>,
}

/// An identity that would lose access.
#[derive(Debug, Serialize)]
pub struct LosingIdentity {
    /// The kind of the identity.
    pub kind: LosingKind,
    /// The identifier in the API: a UID or a thumbprint.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The databases in which its rights would end or change.
    pub databases: Vec<Numbered>,
    /// True if its access to the API would end, or its rights there would change.
    pub api: bool,
}

/// The kinds of identities that lose access.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LosingKind {
    /// A user of the cluster.
    User,
    /// A registered certificate of RavenDB's API.
    Certificate,
}

/// A certificate whose key a client has proved to hold.
#[derive(Debug, Clone, Serialize)]
pub struct ShownCertificate {
    subject: String,
    /// SHA-256.
    fingerprint: String,
    /// SHA-1, as RavenDB names certificates.
    thumbprint: String,
    #[serde(serialize_with = "in_seconds")]
    not_after: OffsetDateTime,
}

/// An object that a connection depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ground {
    /// The kind of the object.
    pub kind: GroundKind,
    /// The identifier in the API: a UID, a fingerprint or a thumbprint.
    pub id: String,
    /// Its name, or the subject of a certificate.
    pub name: String,
}

/// The kinds of objects that connections depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GroundKind {
    /// A trusted CA, by its fingerprint.
    Ca,
    /// A client's own certificate in a database's list, by its fingerprint.
    ClientCertificate,
    /// A user of the cluster, by its UID.
    User,
    /// A role, by its UID.
    Role,
    /// An ACL, by its UID.
    RedisAcl,
    /// A registered certificate of RavenDB's API, by its thumbprint.
    Certificate,
    /// The server's own certificate, by its thumbprint.
    ServerCertificate,
    /// A thumbprint of `Security.WellKnownCertificates.Admin`.
    WellKnownAdministrator,
    /// A certificate of `Security.WellKnownIssuers.Admin`, by its fingerprint.
    WellKnownIssuer,
}

impl ShownCertificate {
    /// Describes a certificate.
    pub fn of(certificate: &Certificate) -> Self {
        Self {
            subject: shown(certificate.subject()),
            fingerprint: certificate.fingerprint().to_string(),
            thumbprint: certificate.thumbprint().to_string(),
            not_after: certificate.validity().not_after,
        }
    }
}

impl Numbered {
    /// An object with this number and this name.
    pub fn new(uid: u32, name: impl fmt::Display) -> Self {
        Self {
            uid,
            name: name.to_string(),
        }
    }
}

impl Ground {
    /// An object of this kind, with this number or digest and this name.
    pub fn new(kind: GroundKind, id: impl fmt::Display, name: impl fmt::Display) -> Self {
        Self {
            kind,
            id: id.to_string(),
            name: name.to_string(),
        }
    }

    /// A CA, or another trusted certificate.
    pub fn trusted(kind: GroundKind, certificate: &Certificate) -> Self {
        Self::new(kind, certificate.fingerprint(), shown(certificate.subject()))
    }
}

fn listener_word<S: Serializer>(listener: &ListenerKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(listener.as_str())
}

fn identity_word<S: Serializer>(identity: &IdentityKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(identity.as_str())
}

/// Formats as RFC 3339 in UTC, without fractions of a second.
fn in_seconds<S: Serializer>(moment: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    let moment = moment.to_offset(time::UtcOffset::UTC);
    let seconds = moment.replace_nanosecond(0).unwrap_or(moment);
    let text = seconds.format(&Rfc3339).map_err(serde::ser::Error::custom)?;
    serializer.serialize_str(&text)
}

fn in_seconds_if_any<S: Serializer>(moment: &Option<OffsetDateTime>, serializer: S) -> Result<S::Ok, S::Error> {
    match moment {
        Some(moment) => in_seconds(moment, serializer),
        None => serializer.serialize_none(),
    }
}
