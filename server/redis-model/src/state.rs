//! The cluster in memory, on which every request is decided.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use certward_pki::DistinguishedName;
use time::OffsetDateTime;

use super::database::Database;
use super::named_certificate::{CertificateName, NamedCertificate, NamedCertificates};
use super::permission::{ManagementRole, PermissionSet};
use super::redis_acl::{self, RedisAcl};
use super::role::{self, Role};
use super::settings::ClusterSettings;
use super::uid::{DatabaseUid, MAX_UID, RedisAclUid, RoleUid, UserUid};
use super::user::{Authentication, User};
use certward_certificates::trust::{TrustAnchors, passes_gate};

/// The cluster at one moment. It is immutable; a change builds a new one.
#[derive(Debug, Clone)]
pub struct ClusterState {
    revision: u64,
    identity: Arc<ClusterIdentity>,
    bootstrapped_at: Option<OffsetDateTime>,
    users: BTreeMap<UserUid, Arc<User>>,
    users_by_name: HashMap<String, UserUid>,
    users_by_email: HashMap<String, UserUid>,
    users_by_subject: HashMap<DistinguishedName, UserUid>,
    roles: BTreeMap<RoleUid, Arc<Role>>,
    redis_acls: BTreeMap<RedisAclUid, Arc<RedisAcl>>,
    databases: BTreeMap<DatabaseUid, Arc<Database>>,
    settings: Arc<ClusterSettings>,
    certificates: NamedCertificates,
    trust_anchors: Option<Arc<TrustAnchors>>,
    /// The revision of the last change that affects the admission of certificates.
    trust_revision: u64,
    highest: HighestUids,
}

/// The identity of a cluster, from its creation on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterIdentity {
    /// The name: the server's, until `create_cluster` sets another.
    pub name: String,
    /// The time of creation.
    pub created_at: OffsetDateTime,
}

/// The highest numbers used so far: no number is reused, so that records about a deleted user cannot be mistaken for
/// those of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HighestUids {
    /// Of the users.
    pub user: u32,
    /// Of the roles.
    pub role: u32,
    /// Of the ACLs.
    pub redis_acl: u32,
    /// Of the databases.
    pub database: u32,
}

impl HighestUids {
    /// The highest numbers after `changes`.
    pub fn after(mut self, changes: &[Change]) -> Self {
        for change in changes {
            match change {
                Change::PutUser(user) => self.user = self.user.max(user.uid.get()),
                Change::PutRole(role) => self.role = self.role.max(role.uid.get()),
                Change::PutRedisAcl(acl) => self.redis_acl = self.redis_acl.max(acl.uid.get()),
                Change::PutDatabase(database) => self.database = self.database.max(database.uid.get()),
                _ => {}
            }
        }
        self
    }
}

/// A change to one part of the cluster.
#[derive(Debug, Clone)]
pub enum Change {
    /// Adds the user, or replaces the one with its number.
    PutUser(Arc<User>),
    /// Deletes the user.
    DeleteUser(UserUid),
    /// Adds the role, or replaces the one with its number.
    PutRole(Arc<Role>),
    /// Deletes the role.
    DeleteRole(RoleUid),
    /// Adds the ACL, or replaces the one with its number.
    PutRedisAcl(Arc<RedisAcl>),
    /// Deletes the ACL.
    DeleteRedisAcl(RedisAclUid),
    /// Adds the database, or replaces the one with its number.
    PutDatabase(Arc<Database>),
    /// Deletes the database.
    DeleteDatabase(DatabaseUid),
    /// Replaces the settings.
    PutSettings(Arc<ClusterSettings>),
    /// Adds the certificate, or replaces the one with its name.
    PutCertificate(Arc<NamedCertificate>),
    /// Deletes the certificate.
    DeleteCertificate(CertificateName),
    /// Creates the cluster with this name.
    Bootstrap {
        /// The new identity.
        identity: Arc<ClusterIdentity>,
        /// The time of creation.
        at: OffsetDateTime,
    },
}

impl ClusterState {
    /// A cluster that has not been created yet: the built-in roles and ACLs, the default settings, no user.
    #[must_use]
    pub fn fresh(identity: ClusterIdentity) -> Self {
        let mut state = Self::empty(0, identity, None, HighestUids::default());
        state.apply(&fresh_changes());
        state
    }

    /// An empty cluster, to be filled from a store.
    pub fn empty(
        revision: u64,
        identity: ClusterIdentity,
        bootstrapped_at: Option<OffsetDateTime>,
        highest: HighestUids,
    ) -> Self {
        Self {
            revision,
            identity: Arc::new(identity),
            bootstrapped_at,
            users: BTreeMap::new(),
            users_by_name: HashMap::new(),
            users_by_email: HashMap::new(),
            users_by_subject: HashMap::new(),
            roles: BTreeMap::new(),
            redis_acls: BTreeMap::new(),
            databases: BTreeMap::new(),
            settings: Arc::default(),
            certificates: NamedCertificates::default(),
            trust_anchors: None,
            trust_revision: revision,
            highest,
        }
    }

    /// Increases by one with each change: the `cluster-state-id` of responses.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The revision of the last change to settings or trusted CAs.
    #[must_use]
    pub fn trust_revision(&self) -> u64 {
        self.trust_revision
    }

    /// The identity of the cluster.
    #[must_use]
    pub fn identity(&self) -> &ClusterIdentity {
        &self.identity
    }

    /// The time of the call of `create_cluster`; none before. Certificates are accepted before that as well.
    #[must_use]
    pub fn bootstrapped_at(&self) -> Option<OffsetDateTime> {
        self.bootstrapped_at
    }

    /// Returns `true` if the cluster has been created, or is in use because it has a user.
    #[must_use]
    pub fn is_created(&self) -> bool {
        self.bootstrapped_at.is_some() || !self.users.is_empty()
    }

    /// The highest numbers used so far.
    pub fn highest_uids(&self) -> HighestUids {
        self.highest
    }

    /// The user with this number.
    #[must_use]
    pub fn user(&self, uid: UserUid) -> Option<&Arc<User>> {
        self.users.get(&uid)
    }

    /// All users, by number.
    pub fn users(&self) -> impl ExactSizeIterator<Item = &Arc<User>> {
        self.users.values()
    }

    /// The user with this name.
    #[must_use]
    pub fn user_named(&self, name: &str) -> Option<&Arc<User>> {
        self.users_by_name.get(name).and_then(|uid| self.users.get(uid))
    }

    /// The user with this e-mail address, regardless of case.
    #[must_use]
    pub fn user_with_email(&self, email: &str) -> Option<&Arc<User>> {
        let uid = self.users_by_email.get(&email.to_ascii_lowercase())?;
        self.users.get(uid)
    }

    /// The user who logs in as `login`: its name, or else its e-mail address.
    #[must_use]
    pub fn user_logging_in_as(&self, login: &str) -> Option<&Arc<User>> {
        self.user_named(login).or_else(|| self.user_with_email(login))
    }

    /// The certificate user with this subject.
    #[must_use]
    pub fn user_with_subject(&self, subject: &DistinguishedName) -> Option<&Arc<User>> {
        self.users_by_subject.get(subject).and_then(|uid| self.users.get(uid))
    }

    /// The role with this number.
    #[must_use]
    pub fn role(&self, uid: RoleUid) -> Option<&Arc<Role>> {
        self.roles.get(&uid)
    }

    /// All roles, by number.
    pub fn roles(&self) -> impl ExactSizeIterator<Item = &Arc<Role>> {
        self.roles.values()
    }

    /// The ACL with this number.
    #[must_use]
    pub fn redis_acl(&self, uid: RedisAclUid) -> Option<&Arc<RedisAcl>> {
        self.redis_acls.get(&uid)
    }

    /// All ACLs, by number.
    pub fn redis_acls(&self) -> impl ExactSizeIterator<Item = &Arc<RedisAcl>> {
        self.redis_acls.values()
    }

    /// The database with this number.
    #[must_use]
    pub fn database(&self, uid: DatabaseUid) -> Option<&Arc<Database>> {
        self.databases.get(&uid)
    }

    /// All databases, by number.
    pub fn databases(&self) -> impl ExactSizeIterator<Item = &Arc<Database>> {
        self.databases.values()
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Arc<ClusterSettings> {
        &self.settings
    }

    /// The certificates.
    #[must_use]
    pub fn certificates(&self) -> &NamedCertificates {
        &self.certificates
    }

    /// The CAs of `mtls_trusted_ca`.
    #[must_use]
    pub fn trust_anchors(&self) -> Option<&Arc<TrustAnchors>> {
        self.trust_anchors.as_ref()
    }

    /// The union of the permissions of the user's roles.
    #[must_use]
    pub fn permissions_of(&self, user: &User) -> PermissionSet {
        self.management_roles(&user.role_uids)
            .fold(PermissionSet::default(), |all, role| all.union(role.permissions()))
    }

    /// The permissions of the user's roles that are not limited to databases.
    #[must_use]
    pub fn unlimited_permissions_of(&self, user: &User) -> PermissionSet {
        self.permissions_by(user, |role| role.databases.is_empty())
    }

    /// The user's permissions on this database: those of its roles, except roles that are limited to other databases.
    #[must_use]
    pub fn permissions_on(&self, user: &User, database: DatabaseUid) -> PermissionSet {
        self.permissions_by(user, |role| {
            role.databases.is_empty() || role.databases.contains(&database.get())
        })
    }

    fn permissions_by(&self, user: &User, counts: impl Fn(&Role) -> bool) -> PermissionSet {
        let roles = user.role_uids.iter().filter_map(|uid| self.roles.get(uid));
        roles
            .filter(|role| counts(role))
            .fold(PermissionSet::default(), |all, role| {
                all.union(role.management.permissions())
            })
    }

    /// The highest management role of the user's roles.
    #[must_use]
    pub fn management_role_of(&self, user: &User) -> ManagementRole {
        self.highest_management_role(&user.role_uids)
    }

    /// The highest management role of these roles.
    #[must_use]
    pub fn highest_management_role(&self, roles: &[RoleUid]) -> ManagementRole {
        self.management_roles(roles).max().unwrap_or(ManagementRole::None)
    }

    /// True if the server's current settings and CAs admit users with this login. For a certificate, no alternative
    /// names are assumed, because they are unknown until it is presented.
    #[must_use]
    pub fn lets_in_by(&self, authentication: &Authentication, now: OffsetDateTime) -> bool {
        let settings = self.settings();
        match authentication {
            Authentication::Regular { .. } => settings.control_plane_basic_authentication,
            Authentication::Certificate { subject } => {
                settings.mtls_certificate_authentication
                    && self.trust_anchors().is_some_and(|anchors| anchors.any_in_date(now))
                    && passes_gate(
                        subject.name(),
                        settings.mtls_client_cert_subject_validation_type,
                        &settings.mtls_authorized_subjects,
                    )
            }
            Authentication::EntraId | Authentication::Sso => false,
        }
    }

    /// The administrators who can log in. If the settings admit none of them, those that other settings would admit.
    pub fn administrators(&self, now: OffsetDateTime) -> impl Iterator<Item = &Arc<User>> {
        let may_get_in =
            |user: &&Arc<User>| user.authentication.lets_in() && self.management_role_of(user) == ManagementRole::Admin;
        let any_gets_in = self
            .users()
            .any(|user| may_get_in(&user) && self.lets_in_by(&user.authentication, now));
        self.users()
            .filter(may_get_in)
            .filter(move |user| !any_gets_in || self.lets_in_by(&user.authentication, now))
    }

    fn management_roles(&self, roles: &[RoleUid]) -> impl Iterator<Item = ManagementRole> {
        roles
            .iter()
            .filter_map(|uid| self.roles.get(uid))
            .map(|role| role.management)
    }

    /// The uid of the next user; none when all are used up.
    #[must_use]
    pub fn next_user_uid(&self) -> Option<UserUid> {
        next(self.highest.user, |uid| !self.users.contains_key(&uid), UserUid::new)
    }

    /// The uid of the next role; none when all are used up.
    #[must_use]
    pub fn next_role_uid(&self) -> Option<RoleUid> {
        next(self.highest.role, |uid| !self.roles.contains_key(&uid), RoleUid::new)
    }

    /// The uid of the next ACL; none when all are used up.
    #[must_use]
    pub fn next_redis_acl_uid(&self) -> Option<RedisAclUid> {
        next(
            self.highest.redis_acl,
            |uid| !self.redis_acls.contains_key(&uid),
            RedisAclUid::new,
        )
    }

    /// The uid of the next database; none when all are used up.
    #[must_use]
    pub fn next_database_uid(&self) -> Option<DatabaseUid> {
        next(
            self.highest.database,
            |uid| !self.databases.contains_key(&uid),
            DatabaseUid::new,
        )
    }

    /// Applies `changes`, which count as one.
    pub fn apply(&mut self, changes: &[Change]) {
        self.revision += 1;
        self.highest = self.highest.after(changes);
        for change in changes {
            self.apply_one(change);
        }
    }

    /// Makes one change.
    pub fn apply_one(&mut self, change: &Change) {
        match change {
            Change::PutUser(user) => self.put_user(user),
            Change::DeleteUser(uid) => self.delete_user(*uid),
            Change::PutRole(role) => {
                self.roles.insert(role.uid, Arc::clone(role));
            }
            Change::DeleteRole(uid) => {
                self.roles.remove(uid);
            }
            Change::PutRedisAcl(acl) => {
                self.redis_acls.insert(acl.uid, Arc::clone(acl));
            }
            Change::DeleteRedisAcl(uid) => {
                self.redis_acls.remove(uid);
            }
            Change::PutDatabase(database) => {
                self.databases.insert(database.uid, Arc::clone(database));
            }
            Change::DeleteDatabase(uid) => {
                self.databases.remove(uid);
            }
            Change::PutSettings(settings) => {
                self.settings = Arc::clone(settings);
                self.trust_revision = self.revision;
            }
            Change::PutCertificate(certificate) => {
                self.certificates.put(Arc::clone(certificate));
                self.read_trust_anchors(certificate.name);
            }
            Change::DeleteCertificate(name) => {
                self.certificates.delete(*name);
                self.read_trust_anchors(*name);
            }
            Change::Bootstrap { identity, at } => {
                self.identity = Arc::clone(identity);
                self.bootstrapped_at = Some(*at);
            }
        }
    }

    fn put_user(&mut self, user: &Arc<User>) {
        self.delete_user(user.uid);
        self.users_by_name.insert(user.name.as_str().to_owned(), user.uid);
        if let Some(email) = &user.email {
            self.users_by_email.insert(email.to_key(), user.uid);
        }
        if let Some(subject) = user.certificate_subject_line() {
            self.users_by_subject.insert(subject.name().clone(), user.uid);
        }
        self.users.insert(user.uid, Arc::clone(user));
    }

    fn delete_user(&mut self, uid: UserUid) {
        let Some(user) = self.users.remove(&uid) else {
            return;
        };
        self.users_by_name.remove(user.name.as_str());
        if let Some(email) = &user.email {
            self.users_by_email.remove(&email.to_key());
        }
        if let Some(subject) = user.certificate_subject_line() {
            self.users_by_subject.remove(subject.name());
        }
    }

    /// Loads the CAs. They were checked when they were set, as of that time: one that has expired since stays in the
    /// bundle and admits no client.
    fn read_trust_anchors(&mut self, changed: CertificateName) {
        if changed != CertificateName::MtlsTrustedCa {
            return;
        }
        self.trust_revision = self.revision;
        self.trust_anchors = self.certificates.get(changed).and_then(|bundle| {
            match TrustAnchors::from_stored_bundle(&bundle.certificate) {
                Ok(anchors) => Some(Arc::new(anchors)),
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "mtls_trusted_ca cannot be read; no certificate lets anybody in by it"
                    );
                    None
                }
            }
        });
    }
}

/// The changes that turn an empty cluster into a fresh one.
pub fn fresh_changes() -> Vec<Change> {
    let roles = (1..).zip(role::BUILT_IN).map(|(number, (name, management))| {
        Change::PutRole(Arc::new(Role {
            uid: RoleUid::new(number).expect("there are a few roles, counted from 1"),
            name: name.parse().expect("the built-in names are names"),
            management,
            databases: Vec::new(),
        }))
    });
    let redis_acls = (1..).zip(redis_acl::BUILT_IN).map(|(number, (name, acl))| {
        Change::PutRedisAcl(Arc::new(RedisAcl {
            uid: RedisAclUid::new(number).expect("there are a few ACLs, counted from 1"),
            name: name.parse().expect("the built-in names are names"),
            acl: acl.parse().expect("the built-in rules are rules"),
        }))
    });
    roles
        .chain(redis_acls)
        .chain([Change::PutSettings(Arc::default())])
        .collect()
}

/// The number after the highest, or, once the very last one has been requested, the lowest free one.
fn next<U: Copy>(highest: u32, is_free: impl Fn(U) -> bool, uid: impl Fn(u32) -> Option<U>) -> Option<U> {
    uid(highest.saturating_add(1)).or_else(|| (1..=MAX_UID).filter_map(uid).find(|uid| is_free(*uid)))
}
