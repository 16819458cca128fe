//! The cluster without a certain object, to predict the effects of a removal. Nothing is changed, and the checks of a
//! deletion do not apply: objects in use can be removed here.

use std::sync::Arc;

use certward_pki::Sha256Fingerprint;

use super::database::Database;
use super::named_certificate::{CertificateName, NamedCertificate};
use super::state::{Change, ClusterState};
use super::uid::{DatabaseUid, RedisAclUid, RoleUid, UserUid};
use super::user::User;

/// A removal that can affect connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// A user.
    User(UserUid),
    /// A role, also from its users and databases.
    Role(RoleUid),
    /// An ACL, also from the databases.
    RedisAcl(RedisAclUid),
    /// A database.
    Database(DatabaseUid),
    /// A trusted certificate.
    Certificate(Sha256Fingerprint, TrustedBy),
}

/// The trust from which a certificate is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrustedBy {
    /// `mtls_trusted_ca` of the cluster, and the client certificates of every database.
    Anybody,
    /// `mtls_trusted_ca` only.
    Cluster,
    /// The client certificates of one database only.
    Database(DatabaseUid),
}

/// There is nothing to remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotThere {
    /// The object to remove does not exist.
    Removed,
    /// The database to remove it from does not exist.
    Database(DatabaseUid),
}

impl ClusterState {
    /// The state of the cluster after the removal.
    ///
    /// # Errors
    ///
    /// The object does not exist.
    pub fn without(&self, removal: Removal) -> Result<Self, NotThere> {
        if let Removal::Certificate(_, TrustedBy::Database(uid)) = removal
            && self.database(uid).is_none()
        {
            return Err(NotThere::Database(uid));
        }
        let changes = self.changes_without(removal).ok_or(NotThere::Removed)?;
        let mut next = self.clone();
        next.apply(&changes);
        Ok(next)
    }

    fn changes_without(&self, removal: Removal) -> Option<Vec<Change>> {
        match removal {
            Removal::User(uid) => Some(vec![Change::DeleteUser(self.user(uid)?.uid)]),
            Removal::Role(uid) => self.changes_without_role(uid),
            Removal::RedisAcl(uid) => self.changes_without_redis_acl(uid),
            Removal::Database(uid) => Some(vec![Change::DeleteDatabase(self.database(uid)?.uid)]),
            Removal::Certificate(fingerprint, place) => self.changes_without_certificate(fingerprint, place),
        }
    }

    fn changes_without_role(&self, uid: RoleUid) -> Option<Vec<Change>> {
        self.role(uid)?;
        let mut changes: Vec<_> = self
            .users()
            .filter(|user| user.role_uids.contains(&uid))
            .map(|user| {
                Change::PutUser(Arc::new(User {
                    uid: user.uid,
                    name: user.name.clone(),
                    email: user.email.clone(),
                    authentication: user.authentication.clone(),
                    credentials_revision: user.credentials_revision,
                    role_uids: user.role_uids.iter().copied().filter(|role| *role != uid).collect(),
                    alerts: user.alerts.clone(),
                }))
            })
            .collect();
        changes.extend(self.databases().filter_map(|database| {
            let gives = database
                .roles_permissions
                .iter()
                .any(|permission| permission.role_uid == uid);
            gives.then(|| {
                changed(database, |database| {
                    database
                        .roles_permissions
                        .retain(|permission| permission.role_uid != uid);
                })
            })
        }));
        changes.push(Change::DeleteRole(uid));
        Some(changes)
    }

    fn changes_without_redis_acl(&self, uid: RedisAclUid) -> Option<Vec<Change>> {
        self.redis_acl(uid)?;
        let mut changes: Vec<_> = self
            .databases()
            .filter(|database| {
                let permissions = &database.roles_permissions;
                permissions.iter().any(|permission| permission.redis_acl_uid == uid)
            })
            .map(|database| {
                changed(database, |database| {
                    database
                        .roles_permissions
                        .retain(|permission| permission.redis_acl_uid != uid);
                })
            })
            .collect();
        changes.push(Change::DeleteRedisAcl(uid));
        Some(changes)
    }

    fn changes_without_certificate(&self, fingerprint: Sha256Fingerprint, place: TrustedBy) -> Option<Vec<Change>> {
        let of_cluster = matches!(place, TrustedBy::Anybody | TrustedBy::Cluster);
        let of_database = |database: &&Arc<Database>| match place {
            TrustedBy::Anybody => true,
            TrustedBy::Cluster => false,
            TrustedBy::Database(uid) => database.uid == uid,
        };
        let mut changes: Vec<_> = of_cluster
            .then(|| self.change_without_trusted_ca(fingerprint))
            .flatten()
            .into_iter()
            .collect();
        changes.extend(self.databases().filter(of_database).filter_map(|database| {
            let left = database.tls.client_certificates.without(fingerprint)?;
            Some(changed(database, |database| database.tls.client_certificates = left))
        }));
        (!changes.is_empty()).then_some(changes)
    }

    fn change_without_trusted_ca(&self, fingerprint: Sha256Fingerprint) -> Option<Change> {
        let anchors = self.trust_anchors()?.certificates();
        if !anchors.iter().any(|anchor| anchor.fingerprint() == fingerprint) {
            return None;
        }
        let left = anchors.iter().filter(|anchor| anchor.fingerprint() != fingerprint);
        let pem: String = left.map(|anchor| anchor.to_pem()).collect();
        let bundle = self.certificates().get(CertificateName::MtlsTrustedCa)?;
        Some(if pem.is_empty() {
            Change::DeleteCertificate(CertificateName::MtlsTrustedCa)
        } else {
            Change::PutCertificate(Arc::new(NamedCertificate {
                name: bundle.name,
                certificate: pem,
                key: None,
                installed_at: bundle.installed_at,
            }))
        })
    }
}

fn changed(database: &Database, change: impl FnOnce(&mut Database)) -> Change {
    let mut database = database.clone();
    change(&mut database);
    Change::PutDatabase(Arc::new(database))
}
