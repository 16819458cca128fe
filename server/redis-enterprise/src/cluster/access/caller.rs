//! An authenticated caller of the cluster.

use std::sync::Arc;

use certward_pki::Certificate;
use certward_transport::administrators::{Administrator, Administrators};
use time::OffsetDateTime;

use super::{ExpiredPassword, certificate, has_expired};
use certward_redis_model::permission::{ManagementRole, Permission, PermissionSet};
use certward_redis_model::state::ClusterState;
use certward_redis_model::uid::DatabaseUid;
use certward_redis_model::user::User;
use certward_store::audit::Actor;
use certward_transport::listener::peer::Peer;

/// An authenticated caller, for one request. Only [`super::ClusterAccess`] creates one.
#[derive(Debug)]
pub struct ClusterCaller {
    origin: ClusterCallerOrigin,
    permissions: PermissionSet,
    management: ManagementRole,
    /// Records whether the caller was admitted with an expired password, which suffices for some requests only.
    expired: ExpiredPassword,
    peer: Arc<Peer>,
}

/// The reason why a caller is admitted.
#[derive(Debug)]
pub enum ClusterCallerOrigin {
    /// It is a user of the cluster.
    User {
        /// The user, as it was at admission.
        user: Arc<User>,
        /// The way in which it authenticated.
        proof: Proof,
    },
    /// It administers the whole server, and therefore the cluster.
    Administrator(Administrator),
    /// It calls from this machine as the server's own user before the cluster exists. It may create the cluster, and
    /// has no rights afterwards.
    Founder,
}

/// The way in which a user authenticated.
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
    /// Label for logs.
    pub fn as_str(self) -> &'static str {
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

    /// The same caller, admitted even if its password has expired.
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

    /// The reason why the caller is admitted.
    #[must_use]
    pub fn origin(&self) -> &ClusterCallerOrigin {
        &self.origin
    }

    /// The caller's user; none for an administrator by certificate.
    #[must_use]
    pub fn user(&self) -> Option<&Arc<User>> {
        match &self.origin {
            ClusterCallerOrigin::User { user, .. } => Some(user),
            ClusterCallerOrigin::Administrator(_) | ClusterCallerOrigin::Founder => None,
        }
    }

    /// The way in which the user authenticated; none for an administrator by certificate.
    #[must_use]
    pub fn proof(&self) -> Option<Proof> {
        match &self.origin {
            ClusterCallerOrigin::User { proof, .. } => Some(*proof),
            ClusterCallerOrigin::Administrator(_) | ClusterCallerOrigin::Founder => None,
        }
    }

    /// The caller's permissions on the cluster.
    #[must_use]
    pub fn permissions(&self) -> PermissionSet {
        self.permissions
    }

    /// The management role equivalent to the caller's roles.
    #[must_use]
    pub fn management_role(&self) -> ManagementRole {
        self.management
    }

    /// The certificate of the connection, even if it did not admit the caller.
    #[must_use]
    pub fn certificate(&self) -> Option<&Certificate> {
        self.peer.certificate()
    }

    /// The caller's permissions on a database; empty when its roles are limited to others.
    #[must_use]
    pub fn permissions_on(&self, state: &ClusterState, database: DatabaseUid) -> PermissionSet {
        match self.user() {
            None => self.permissions,
            Some(user) => state
                .user(user.uid)
                .map_or_else(PermissionSet::default, |user| state.permissions_on(user, database)),
        }
    }

    /// True if the caller may create databases, which needs a role that is not limited to existing ones.
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

    /// The caller in audit records. The thumbprint is that of the presented certificate, even if another credential
    /// admitted the caller.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor {
            name: self.name().to_owned(),
            thumbprint: self.certificate().map(Certificate::thumbprint),
            address: Some(self.peer.address().ip().to_string()),
        }
    }

    /// True if the certificate of the connection would be admitted under the settings and CAs of `state`. The result is
    /// not cached: `state` may never come into force.
    pub fn has_admissible_certificate(&self, state: &ClusterState, now: OffsetDateTime) -> bool {
        certificate::is_admissible(state, &self.peer, now)
    }

    /// The caller's permissions in `state`; none if it would not be admitted.
    pub fn permissions_now(
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
