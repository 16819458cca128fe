//! Creation of a database from the defaults, and changes to an existing one.

use std::num::NonZeroU16;

use secrecy::SecretString;
use time::OffsetDateTime;

use super::{check_name, check_port, client_certificates, permissions};
use crate::cluster::{ClusterError, Planning, list_length, settings_update};
use certward_certificates::trust::{AuthorizedSubject, SubjectValidation};
use certward_redis_model::database::{
    AofPolicy, ClientCertificates, Database, DatabaseName, DatabaseTls, DefaultUser, EvictionPolicy, PasswordDigest,
    Persistence, RolePermission, SnapshotPolicy, TlsMode,
};
use certward_redis_model::uid::DatabaseUid;

/// A database to create. Omitted parts get their defaults: no TLS (once there is TLS, every client needs a
/// certificate); an open default user; no persistence.
#[derive(Debug)]
pub struct NewDatabase {
    /// The requested number; otherwise the next one.
    pub uid: Option<DatabaseUid>,
    /// The name.
    pub name: DatabaseName,
    /// Limit of the data in bytes; 0 means unlimited.
    pub memory_size: u64,
    /// Everything else. Its name, port and memory are ignored.
    pub rest: DatabaseUpdate,
}

/// Changes to a database; `None` leaves a part as it is. A list replaces the former one.
#[derive(Debug, Default)]
pub struct DatabaseUpdate {
    /// The name.
    pub name: Option<DatabaseName>,
    /// TCP port for clients, already reserved.
    pub port: Option<NonZeroU16>,
    /// Limit of the data in bytes; 0 means unlimited.
    pub memory_size: Option<u64>,
    /// Selects the keys to evict when the memory limit is reached.
    pub eviction_policy: Option<EvictionPolicy>,
    /// Selects the form in which the data is kept on disk.
    pub persistence: Option<PersistenceKind>,
    /// Controls when the append-only file is synchronized to disk.
    pub aof_policy: Option<AofPolicy>,
    /// Controls when a snapshot is written.
    pub snapshot_policy: Option<Vec<SnapshotPolicy>>,
    /// TLS mode of client connections.
    pub tls_mode: Option<TlsMode>,
    /// Requires a certificate of clients.
    pub enforce_client_authentication: Option<bool>,
    /// The trusted client certificates and CAs.
    pub client_certificates: Option<ClientCertificates>,
    /// Strictness of the comparison with the authorized subjects.
    pub subject_validation: Option<SubjectValidation>,
    /// The authorized subjects.
    pub authorized_subjects: Option<Vec<AuthorizedSubject>>,
    /// The authorized common names and DNS names.
    pub authorized_names: Option<Vec<String>>,
    /// Accepts expired client certificates.
    pub allow_outdated_certificates: Option<bool>,
    /// Accepts weak signatures and keys.
    pub allow_weak_hashing: Option<bool>,
    /// Accepts client certificates without an extended key usage.
    pub allow_missing_extended_key_usage: Option<bool>,
    /// Enables Redis's user `default`.
    pub default_user: Option<bool>,
    /// Replaces all passwords of that user with this one.
    pub default_password: Option<SecretString>,
    /// ACL of each role in this database.
    pub roles_permissions: Option<Vec<RolePermission>>,
}

/// `data_persistence`: [`Persistence`] without its policies, which are members of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersistenceKind {
    /// No persistence.
    Disabled,
    /// Snapshots.
    Snapshot,
    /// An append-only file.
    Aof,
}

impl PersistenceKind {
    /// The kind of the present persistence.
    #[must_use]
    pub fn of(persistence: &Persistence) -> Self {
        match persistence {
            Persistence::Disabled => Self::Disabled,
            Persistence::Snapshot(_) => Self::Snapshot,
            Persistence::Aof(_) => Self::Aof,
        }
    }
}

/// The definition of a database before its checks.
pub(super) struct Definition {
    database: Database,
    persistence: Result<Persistence, ClusterError>,
}

impl Definition {
    pub(super) fn of_new(uid: DatabaseUid, new: NewDatabase, port: NonZeroU16, now: OffsetDateTime) -> Self {
        let fresh = Database {
            uid,
            name: new.name,
            port,
            memory_size: new.memory_size,
            eviction_policy: EvictionPolicy::default(),
            persistence: Persistence::default(),
            tls: DatabaseTls {
                enforce_client_authentication: true,
                ..DatabaseTls::default()
            },
            default_user: DefaultUser {
                is_enabled: true,
                password_hashes: Vec::new(),
            },
            roles_permissions: Vec::new(),
            created_at: now,
            changed_at: now,
        };
        let rest = DatabaseUpdate {
            name: None,
            port: None,
            memory_size: None,
            ..new.rest
        };
        Self::of_update(&fresh, rest)
    }

    pub(super) fn of_update(present: &Database, update: DatabaseUpdate) -> Self {
        let mut database = present.clone();
        let persistence = persistence(&present.persistence, &update);
        set(&mut database.name, update.name);
        set(&mut database.port, update.port);
        set(&mut database.memory_size, update.memory_size);
        set(&mut database.eviction_policy, update.eviction_policy);
        let tls = &mut database.tls;
        set(&mut tls.mode, update.tls_mode);
        set(
            &mut tls.enforce_client_authentication,
            update.enforce_client_authentication,
        );
        set(&mut tls.client_certificates, update.client_certificates);
        set(&mut tls.subject_validation, update.subject_validation);
        set(&mut tls.authorized_subjects, update.authorized_subjects);
        set(&mut tls.authorized_names, update.authorized_names);
        set(&mut tls.allow_outdated_certificates, update.allow_outdated_certificates);
        set(&mut tls.allow_weak_hashing, update.allow_weak_hashing);
        set(
            &mut tls.allow_missing_extended_key_usage,
            update.allow_missing_extended_key_usage,
        );
        set(&mut database.default_user.is_enabled, update.default_user);
        let password = update.default_password.as_ref().map(PasswordDigest::of);
        set(
            &mut database.default_user.password_hashes,
            password.map(|password| vec![password]),
        );
        set(&mut database.roles_permissions, update.roles_permissions);
        Self { database, persistence }
    }

    /// The database, if it is valid. Parts that `present` has already were checked when they were set.
    ///
    /// # Errors
    ///
    /// As [`super::Cluster::update_database`].
    pub(super) fn checked(self, planning: &Planning<'_>, present: Option<&Database>) -> Result<Database, ClusterError> {
        let mut database = self.database;
        check_name(planning.state, &database)?;
        if present.is_none_or(|present| present.port != database.port) {
            check_port(planning.state, &database)?;
        }
        database.persistence = self.persistence?;
        client_certificates::check(&database.tls, present.map(|present| &present.tls), planning.now)?;
        settings_update::check_subjects("authorized_subjects", &database.tls.authorized_subjects)?;
        check_names(&database.tls.authorized_names)?;
        permissions::check(planning.state, &database.roles_permissions)?;
        Ok(database)
    }
}

fn set<T>(part: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *part = value;
    }
}

/// The persistence after the update. A policy of another kind of persistence is refused, because it would be lost.
fn persistence(present: &Persistence, update: &DatabaseUpdate) -> Result<Persistence, ClusterError> {
    let kind = update.persistence.unwrap_or_else(|| PersistenceKind::of(present));
    let invalid = |problem: &str| {
        Err(ClusterError::InvalidPersistence {
            problem: problem.to_owned(),
        })
    };
    let snapshots = match (&update.snapshot_policy, present) {
        (Some(policies), _) => policies.clone(),
        (None, Persistence::Snapshot(policies)) if kind == PersistenceKind::Snapshot => policies.clone(),
        (None, _) => Vec::new(),
    };
    let appends = match (update.aof_policy, present) {
        (Some(policy), _) => policy,
        (None, Persistence::Aof(policy)) if kind == PersistenceKind::Aof => *policy,
        (None, _) => AofPolicy::default(),
    };
    if kind != PersistenceKind::Snapshot && !snapshots.is_empty() {
        return invalid("snapshot_policy belongs to data_persistence snapshot; leave it out or empty");
    }
    if kind != PersistenceKind::Aof && appends != AofPolicy::default() {
        return invalid("aof_policy appendfsync-always belongs to data_persistence aof; leave it out");
    }
    match kind {
        PersistenceKind::Disabled => Ok(Persistence::Disabled),
        PersistenceKind::Aof => Ok(Persistence::Aof(appends)),
        PersistenceKind::Snapshot if snapshots.is_empty() => {
            invalid("data_persistence snapshot needs a snapshot_policy such as [{\"secs\": 3600, \"writes\": 1}]")
        }
        PersistenceKind::Snapshot if snapshots.len() > MAX_SNAPSHOT_POLICIES => invalid(&format!(
            "snapshot_policy has {} entries; at most {MAX_SNAPSHOT_POLICIES} are kept",
            snapshots.len()
        )),
        PersistenceKind::Snapshot => Ok(Persistence::Snapshot(snapshots)),
    }
}

fn check_names(names: &[String]) -> Result<(), ClusterError> {
    let setting = "authorized_names";
    let invalid = |problem| Err(ClusterError::InvalidSetting { setting, problem });
    list_length::check(setting, names.len())?;
    if names
        .iter()
        .any(|name| name.is_empty() || name.chars().any(char::is_control))
    {
        return invalid("has an entry that is empty or holds a control character".to_owned());
    }
    Ok(())
}

/// The API's names of the differing parts.
pub(super) fn differing(old: &Database, new: &Database) -> Vec<&'static str> {
    let tls = (&old.tls, &new.tls);
    let parts = [
        ("name", old.name != new.name),
        ("port", old.port != new.port),
        ("memory_size", old.memory_size != new.memory_size),
        ("eviction_policy", old.eviction_policy != new.eviction_policy),
        ("data_persistence", old.persistence != new.persistence),
        ("tls_mode", tls.0.mode != tls.1.mode),
        (
            "enforce_client_authentication",
            tls.0.enforce_client_authentication != tls.1.enforce_client_authentication,
        ),
        (
            "authentication_ssl_client_certs",
            tls.0.client_certificates != tls.1.client_certificates,
        ),
        (
            "client_cert_subject_validation_type",
            tls.0.subject_validation != tls.1.subject_validation,
        ),
        (
            "authorized_subjects",
            tls.0.authorized_subjects != tls.1.authorized_subjects,
        ),
        ("authorized_names", tls.0.authorized_names != tls.1.authorized_names),
        (
            "mtls_allow_outdated_certs",
            tls.0.allow_outdated_certificates != tls.1.allow_outdated_certificates,
        ),
        (
            "mtls_allow_weak_hashing",
            tls.0.allow_weak_hashing != tls.1.allow_weak_hashing,
        ),
        (
            "certward_mtls_allow_missing_eku",
            tls.0.allow_missing_extended_key_usage != tls.1.allow_missing_extended_key_usage,
        ),
        ("the server certificate", tls.0.certificate != tls.1.certificate),
        (
            "default_user",
            old.default_user.is_enabled != new.default_user.is_enabled,
        ),
        (
            "the default user's passwords",
            old.default_user.password_hashes != new.default_user.password_hashes,
        ),
        ("roles_permissions", old.roles_permissions != new.roles_permissions),
    ];
    parts
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect()
}

/// Generous for any use; each policy is a line of the engine's configuration.
const MAX_SNAPSHOT_POLICIES: usize = 32;
