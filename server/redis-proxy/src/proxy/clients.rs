//! The clients of a database, for administrators: identities, the objects that each depends on, and those that a change
//! would disconnect.

use std::net::SocketAddr;
use std::sync::Arc;

use certward_pki::{Certificate, Sha256Fingerprint};
use time::OffsetDateTime;

use super::DatabaseProxy;
use super::admission::{Access, Identity, Judge};
use super::policy::Policy;
use super::sessions::Session;
use certward_redis_model::database::Database;
use certward_redis_model::state::ClusterState;
use certward_transport::connected::{ConnectedClient, Ground, GroundKind, Numbered, ShownCertificate};
use certward_transport::listener::connection_table::Listed as _;
use certward_transport::listener::identity_counts::ListenerKind;

/// An open connection to a database.
#[derive(Debug)]
pub struct DatabaseConnection {
    database: Arc<Database>,
    session: Arc<Session>,
}

impl DatabaseProxy {
    /// All open connections, the oldest first.
    pub fn connections(&self, state: &ClusterState) -> Vec<DatabaseConnection> {
        self.connections_that(state, |_| true)
    }

    /// The connections that end when `state` becomes `next`. Each is decided as under `next`.
    pub fn connections_ended_by(&self, state: &ClusterState, next: &ClusterState) -> Vec<DatabaseConnection> {
        let (Some(present), Some(changed)) = (self.policy(state), next.database(self.database)) else {
            return self.connections(state);
        };
        let policy = Policy::supposed(&present, changed);
        let judge = Judge::new(&policy, next, self.now());
        self.connections_that(state, |session| session.would_end(&judge))
    }

    fn connections_that(&self, state: &ClusterState, is_meant: impl Fn(&Session) -> bool) -> Vec<DatabaseConnection> {
        let Some(database) = state.database(self.database) else {
            return Vec::new();
        };
        let meant = self.sessions.all().into_iter().filter(|session| is_meant(session));
        meant
            .map(|session| DatabaseConnection {
                database: Arc::clone(database),
                session,
            })
            .collect()
    }
}

impl DatabaseConnection {
    /// The time of its admission, and the client's address.
    pub fn age(&self) -> (OffsetDateTime, SocketAddr) {
        (self.session.opened_at(), self.session.address())
    }

    /// The database.
    pub fn database(&self) -> Numbered {
        Numbered::new(self.database.uid.get(), &self.database.name)
    }

    /// The user, if it is one of the cluster.
    pub fn user(&self) -> Option<Numbered> {
        let (identity, ..) = self.session.standing();
        access(&identity).map(numbered)
    }

    /// The connection as administrators see it.
    pub fn described(&self, state: &ClusterState) -> ConnectedClient {
        let Self { database, session } = self;
        let (identity, trusted, valid_until) = session.standing();
        let mut rests_on: Vec<_> = trusted
            .and_then(|trusted| trusted_certificate(trusted, session, database))
            .into_iter()
            .collect();
        let user = access(&identity);
        if let Some(access) = user {
            rests_on.extend(rights(access, database, state));
        }
        ConnectedClient {
            listener: ListenerKind::Database,
            database: Some(self.database()),
            address: session.address(),
            opened_at: session.opened_at(),
            identity: session.client().permit.identity(),
            user: user.map(numbered),
            certificate: session.client().end_entity().map(ShownCertificate::of),
            rests_on,
            valid_until,
        }
    }
}

fn access(identity: &Identity) -> Option<&Access> {
    match identity {
        Identity::Certificate(access) | Identity::Password(access) => Some(access),
        Identity::Default(_) => None,
    }
}

fn numbered(access: &Access) -> Numbered {
    Numbered::new(access.user.get(), &access.rights.name)
}

/// The certificate of the database that the client's chains to.
fn trusted_certificate(trusted: Sha256Fingerprint, session: &Session, database: &Database) -> Option<Ground> {
    let is_it = |certificate: &&Certificate| certificate.fingerprint() == trusted;
    let certificate = database.tls.client_certificates.certificates().iter().find(is_it)?;
    let is_its_own = session.client().end_entity() == Some(certificate);
    let kind = if is_its_own {
        GroundKind::ClientCertificate
    } else {
        GroundKind::Ca
    };
    Some(Ground::trusted(kind, certificate))
}

/// The user, those of its roles that have an ACL in the database, and these ACLs.
fn rights(access: &Access, database: &Database, state: &ClusterState) -> Vec<Ground> {
    let user = state.user(access.user);
    let mut grounds = vec![Ground::new(GroundKind::User, access.user, &access.rights.name)];
    let held = |role| user.is_some_and(|user| user.role_uids.contains(&role));
    for permission in database
        .roles_permissions
        .iter()
        .filter(|permission| held(permission.role_uid))
    {
        let role = state.role(permission.role_uid);
        grounds.extend(role.map(|role| Ground::new(GroundKind::Role, role.uid, role.name.as_str())));
        let acl = state.redis_acl(permission.redis_acl_uid);
        grounds.extend(acl.map(|acl| Ground::new(GroundKind::RedisAcl, acl.uid, acl.name.as_str())));
    }
    let mut distinct: Vec<Ground> = Vec::with_capacity(grounds.len());
    for ground in grounds {
        if !distinct.contains(&ground) {
            distinct.push(ground);
        }
    }
    distinct
}
