//! An authenticated caller of the cluster.

use std::sync::Arc;

use certward_pki::Certificate;
use certward_transport::administrators::{Administrator, Administrators};
use time::OffsetDateTime;

use super::{ExpiredPassword, certificate, has_expired};
use crate::audit::Actor;
use crate::cluster::permission::{ManagementRole, Permission, PermissionSet};
use crate::cluster::state::ClusterState;
use crate::cluster::uid::DatabaseUid;
use crate::cluster::user::User;
use crate::listener::peer::Peer;

/// Somebody who proved who it is, for one request. Only [`super::ClusterAccess`] makes one.
#[derive(Debug)]
pub struct ClusterCaller {
    origin: ClusterCallerOrigin,
    permissions: PermissionSet,
    management: ManagementRole,
    /// Whether it was let in for a request that a password that has expired is good enough for.
    expired: ExpiredPassword,
    peer: Arc<Peer>,
}

/// Why a caller is let in.
#[derive(Debug)]
pub enum ClusterCallerOrigin {
    /// It is a user of the cluster.
    User {
        /// Which, as it was when it was let in.
        user: Arc<User>,
        /// How it proved that.
        proof: Proof,
    },
    /// It administers the whole server, and therefore the cluster.
    Administrator(Administrator),
    /// It calls from this machine as the server's own user, and the cluster has not been created yet: it may do that,
    /// and is nobody after it.
    Founder,
}

/// How a user proved who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// By name and password.
    Password,
    /// By a token.
    Token,
    /// By a certificate.
    Certificate,
}

impl Proof {
    /// A word for logs.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Token => "token",
            Self::Certificate => "certificate",
        }
    }
}

impl ClusterCaller {
    pub(super) fn user_by(user: Arc<User>, proof: Proof, state: &ClusterState, peer: &Arc<Peer>) -> Self {
        Self {
            permissions: state.permissions_of(&user),
            management: state.management_role_of(&user),
            origin: ClusterCallerOrigin::User { user, proof },
            expired: ExpiredPassword::Refused,
            peer: Arc::clone(peer),
        }
    }

    /// The same caller, let in although its password may have expired.
    pub(super) fn admitting(self, expired: ExpiredPassword) -> Self {
        Self { expired, ..self }
    }

    pub(super) fn administrator(administrator: Administrator, peer: &Arc<Peer>) -> Self {
        Self {
            permissions: ManagementRole::Admin.permissions(),
            management: ManagementRole::Admin,
            origin: ClusterCallerOrigin::Administrator(administrator),
            expired: ExpiredPassword::Refused,
            peer: Arc::clone(peer),
        }
    }

    pub(super) fn founder(peer: &Arc<Peer>) -> Self {
        Self {
            permissions: ManagementRole::Admin.permissions(),
            management: ManagementRole::Admin,
            origin: ClusterCallerOrigin::Founder,
            expired: ExpiredPassword::Refused,
            peer: Arc::clone(peer),
        }
    }

    /// Why the caller is let in.
    #[must_use]
    pub fn origin(&self) -> &ClusterCallerOrigin {
        &self.origin
    }

    /// The user that the caller is; none for an administrator by certificate.
    #[must_use]
    pub fn user(&self) -> Option<&Arc<User>> {
        match &self.origin {
            ClusterCallerOrigin::User { user, .. } => Some(user),
            ClusterCallerOrigin::Administrator(_) | ClusterCallerOrigin::Founder => None,
        }
    }

    /// How the caller proved to be that user.
    #[must_use]
    pub fn proof(&self) -> Option<Proof> {
        match &self.origin {
            ClusterCallerOrigin::User { proof, .. } => Some(*proof),
            ClusterCallerOrigin::Administrator(_) | ClusterCallerOrigin::Founder => None,
        }
    }

    /// What the caller may do.
    #[must_use]
    pub fn permissions(&self) -> PermissionSet {
        self.permissions
    }

    /// The management role that stands for the caller's roles.
    #[must_use]
    pub fn management_role(&self) -> ManagementRole {
        self.management
    }

    /// The certificate of the connection, whether the caller was let in by it or not.
    #[must_use]
    pub fn certificate(&self) -> Option<&Certificate> {
        self.peer.certificate()
    }

    /// What the caller may do with a database: nothing when its roles are limited to others.
    #[must_use]
    pub fn permissions_on(&self, state: &ClusterState, database: DatabaseUid) -> PermissionSet {
        match self.user() {
            None => self.permissions,
            Some(user) => state
                .user(user.uid)
                .map_or_else(PermissionSet::default, |user| state.permissions_on(user, database)),
        }
    }

    /// Whether the caller may make databases, which none of those it is limited to could be.
    #[must_use]
    pub fn may_make_databases(&self, state: &ClusterState) -> bool {
        let permissions = match self.user() {
            None => self.permissions,
            Some(user) => state
                .user(user.uid)
                .map_or_else(PermissionSet::default, |user| state.unlimited_permissions_of(user)),
        };
        permissions.contains(Permission::CreateBdb)
    }

    /// The name for logs and audit records.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.origin {
            ClusterCallerOrigin::User { user, .. } => user.name.as_str(),
            ClusterCallerOrigin::Administrator(administrator) => &administrator.name,
            ClusterCallerOrigin::Founder => "founder of the cluster",
        }
    }

    /// The caller in audit records. The thumbprint is that of the certificate shown, which may not be what let it in.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor {
            name: self.name().to_owned(),
            thumbprint: self.certificate().map(Certificate::thumbprint),
            address: Some(self.peer.address().ip().to_string()),
        }
    }

    /// Whether the certificate of the connection would let its holder in under the settings and CAs of `state`. Nothing
    /// is kept of the answer: `state` may never come to be.
    pub(crate) fn has_admissible_certificate(&self, state: &ClusterState, now: OffsetDateTime) -> bool {
        certificate::is_admissible(state, &self.peer, now)
    }

    /// What the caller may do in `state`; none when it would not be let in.
    pub(crate) fn permissions_now(
        &self,
        state: &ClusterState,
        administrators: &dyn Administrators,
        now: OffsetDateTime,
    ) -> Option<PermissionSet> {
        match &self.origin {
            ClusterCallerOrigin::Administrator(_) => {
                let administrator = administrators.administrator(&self.peer);
                administrator.map(|_| ManagementRole::Admin.permissions())
            }
            ClusterCallerOrigin::Founder => (!state.is_created()).then(|| ManagementRole::Admin.permissions()),
            ClusterCallerOrigin::User { user, proof } => {
                let user_now = state.user(user.uid)?;
                if user_now.credentials_revision != user.credentials_revision {
                    return None;
                }
                let settings = state.settings();
                match proof {
                    Proof::Password if !settings.control_plane_basic_authentication => return None,
                    Proof::Password
                        if self.expired == ExpiredPassword::Refused && has_expired(user_now, settings, now) =>
                    {
                        return None;
                    }
                    Proof::Password | Proof::Token => {}
                    Proof::Certificate => {
                        let shown = certificate::user(state, &self.peer, now).ok()?;
                        if shown.uid != user.uid {
                            return None;
                        }
                    }
                }
                Some(state.permissions_of(user_now))
            }
        }
    }
}
