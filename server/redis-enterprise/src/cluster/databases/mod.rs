//! Creating, changing and deleting databases (`docs/contracts/redis-enterprise.md#databases`).
//!
//! This module decides on the recorded state. `certward_redis_proxy` binds ports and starts engines.

mod administration;
mod certificate;
mod client_certificates;
mod password;
mod permissions;
mod update;

pub use self::administration::DatabaseAdministration;
use std::num::NonZeroU16;
use std::sync::Arc;

pub use update::{DatabaseUpdate, NewDatabase, PersistenceKind};

use self::update::Definition;
use super::access::action::{ChangesDatabases, CreateDatabase, DeleteDatabase};
use super::access::{ClusterAction, ClusterPermit};
use super::{Asked, Cluster, ClusterError, ClusterState, Plan, Planning, Run};
use certward_redis_model::database::{Database, DatabaseName};
use certward_redis_model::settings::ClusterSettings;
use certward_redis_model::state::Change;
use certward_redis_model::uid::DatabaseUid;

impl Cluster {
    /// Creates a database, whose port is reserved already.
    ///
    /// # Errors
    ///
    /// In this order: [`ClusterError::OutsideScope`] if the caller is limited to other databases;
    /// [`ClusterError::UidTaken`]; [`ClusterError::NameTaken`]; [`ClusterError::PortTaken`]; those of the values, as in
    /// [`Self::update_database`]; [`ClusterError::Store`].
    pub async fn create_database(
        &self,
        permit: &ClusterPermit<CreateDatabase>,
        new: NewDatabase,
        port: NonZeroU16,
        run: Run,
    ) -> Result<Arc<Database>, ClusterError> {
        let asked = asked_to_make(permit, &new.name);
        let caller = Arc::clone(permit.caller());
        self.change(asked, run, move |planning| {
            if !caller.may_make_databases(planning.state) {
                return Err(ClusterError::MakingOutsideScope);
            }
            plan_create(planning, new, port)
        })
        .await
    }

    /// Changes a database. Connections that the change does not admit any more are closed; their clients may reconnect.
    ///
    /// # Errors
    ///
    /// In this order: [`ClusterError::NoSuchDatabase`]; [`ClusterError::OutsideScope`]; [`ClusterError::NameTaken`];
    /// [`ClusterError::PortTaken`]; [`ClusterError::InvalidPersistence`]; for new client certificates:
    /// [`ClusterError::DuplicateClientCertificate`], [`ClusterError::ClientCertificateExpired`],
    /// [`ClusterError::ClientCertificateMissing`]; [`ClusterError::InvalidSetting`] for subjects;
    /// [`ClusterError::InvalidRolePermission`]; [`ClusterError::Store`].
    pub async fn update_database<A: ChangesDatabases>(
        &self,
        permit: &ClusterPermit<A>,
        uid: DatabaseUid,
        update: DatabaseUpdate,
        run: Run,
    ) -> Result<Arc<Database>, ClusterError> {
        let plan = |planning: &Planning<'_>, database: &Arc<Database>| plan_update(planning, database, update);
        self.change_database(permit, uid, run, plan).await
    }

    /// Records that the data of a database will be deleted.
    ///
    /// # Errors
    ///
    /// In this order: [`ClusterError::NoSuchDatabase`]; [`ClusterError::OutsideScope`]; [`ClusterError::Store`].
    pub async fn record_flush<A: ChangesDatabases>(
        &self,
        permit: &ClusterPermit<A>,
        uid: DatabaseUid,
        run: Run,
    ) -> Result<Arc<Database>, ClusterError> {
        let plan = |planning: &Planning<'_>, database: &Arc<Database>| {
            let mut flushed = Database::clone(database);
            flushed.changed_at = planning.now;
            Ok(changed(flushed, |database| format!("flushed {}", described(database))))
        };
        self.change_database(permit, uid, run, plan).await
    }

    /// Deletes a database.
    ///
    /// # Errors
    ///
    /// In this order: [`ClusterError::NoSuchDatabase`]; [`ClusterError::OutsideScope`]; [`ClusterError::Store`].
    pub async fn delete_database(
        &self,
        permit: &ClusterPermit<DeleteDatabase>,
        uid: DatabaseUid,
    ) -> Result<(), ClusterError> {
        let plan = move |_: &Planning<'_>, database: &Arc<Database>| {
            Ok(Plan {
                changes: vec![Change::DeleteDatabase(uid)],
                detail: format!("deleted {}", described(database)),
                outcome: (),
            })
        };
        self.change_database(permit, uid, Run::Apply, plan).await
    }

    /// Changes the database with this number according to `plan`, if the caller may.
    async fn change_database<A, T, F>(
        &self,
        permit: &ClusterPermit<A>,
        uid: DatabaseUid,
        run: Run,
        plan: F,
    ) -> Result<T, ClusterError>
    where
        A: ChangesDatabases,
        T: Send + 'static,
        F: FnOnce(&Planning<'_>, &Arc<Database>) -> Result<Plan<T>, ClusterError> + Send + 'static,
    {
        let asked = asked_about(permit, uid);
        let caller = Arc::clone(permit.caller());
        self.change(asked, run, move |planning| {
            let database = planning
                .state
                .database(uid)
                .ok_or(ClusterError::NoSuchDatabase { uid })?;
            if !caller.permissions_on(planning.state, uid).contains(A::PERMISSION) {
                return Err(ClusterError::OutsideScope { uid });
            }
            plan(planning, database)
        })
        .await
    }
}

/// The request to create a database, for the audit record.
pub fn asked_to_make(permit: &ClusterPermit<CreateDatabase>, name: &DatabaseName) -> Asked {
    Asked::by(permit, format!("database {:?}", name.as_str()))
}

/// The request concerning a database, for the audit record.
pub fn asked_about<A: ClusterAction>(permit: &ClusterPermit<A>, uid: DatabaseUid) -> Asked {
    Asked::by(permit, format!("database {uid}"))
}

fn plan_create(
    planning: &Planning<'_>,
    new: NewDatabase,
    port: NonZeroU16,
) -> Result<Plan<Arc<Database>>, ClusterError> {
    let state = planning.state;
    let uid = match new.uid {
        Some(uid) if state.database(uid).is_some() => return Err(ClusterError::UidTaken { uid: uid.get() }),
        Some(uid) => uid,
        None => state.next_database_uid().ok_or(ClusterError::NoUidLeft)?,
    };
    let database = Definition::of_new(uid, new, port, planning.now).checked(planning, None)?;
    Ok(changed(database, |database| format!("created {}", described(database))))
}

fn plan_update(
    planning: &Planning<'_>,
    present: &Arc<Database>,
    update: DatabaseUpdate,
) -> Result<Plan<Arc<Database>>, ClusterError> {
    let database = Definition::of_update(present, update).checked(planning, Some(present))?;
    if database == **present {
        return Ok(Plan {
            changes: Vec::new(),
            detail: String::new(),
            outcome: Arc::clone(present),
        });
    }
    let names = update::differing(present, &database).join(", ");
    let database = Database {
        changed_at: planning.now,
        ..database
    };
    Ok(changed(database, |database| {
        format!("changed {} of {}", names, described(database))
    }))
}

/// The plan that stores a database.
fn changed(database: Database, detail: impl FnOnce(&Database) -> String) -> Plan<Arc<Database>> {
    let database = Arc::new(database);
    Plan {
        changes: vec![Change::PutDatabase(Arc::clone(&database))],
        detail: detail(&database),
        outcome: database,
    }
}

/// Refuses the name of another database.
fn check_name(state: &ClusterState, database: &Database) -> Result<(), ClusterError> {
    match others(state, database).find(|other| other.name == database.name) {
        Some(holder) => Err(ClusterError::NameTaken {
            name: database.name.to_string(),
            holder: format!("database {}", holder.uid),
        }),
        None => Ok(()),
    }
}

/// Refuses the port of another database, or a reserved one.
fn check_port(state: &ClusterState, database: &Database) -> Result<(), ClusterError> {
    let port = database.port.get();
    refuse_port_of_the_system(database.port)?;
    let taken = |holder| ClusterError::PortTaken { port, holder };
    if let Some(holder) = others(state, database).find(|other| other.port == database.port) {
        return Err(taken(format!("database {}", holder.uid)));
    }
    if is_reserved(state.settings(), port) {
        return Err(taken("reserved_ports of the cluster".to_owned()));
    }
    Ok(())
}

/// Refuses ports below 1024 for all callers: a server that may bind them would let a caller with this permission
/// impersonate a service of the machine, such as SSH.
pub fn refuse_port_of_the_system(port: NonZeroU16) -> Result<(), ClusterError> {
    if port.get() < FIRST_PORT {
        return Err(ClusterError::PortOfTheSystem {
            port: port.get(),
            first: FIRST_PORT,
        });
    }
    Ok(())
}

/// Returns `true` when the settings reserve the port.
pub fn is_reserved(settings: &ClusterSettings, port: u16) -> bool {
    settings.reserved_ports.iter().any(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let bounds = first.parse::<u16>().ok().zip(last.parse::<u16>().ok());
        bounds.is_some_and(|(first, last)| (first..=last).contains(&port))
    })
}

fn others<'a>(state: &'a ClusterState, database: &Database) -> impl Iterator<Item = &'a Arc<Database>> {
    let own = database.uid;
    state.databases().filter(move |other| other.uid != own)
}

fn described(database: &Database) -> String {
    format!(
        "database {} {:?} on port {}",
        database.uid,
        database.name.as_str(),
        database.port
    )
}

/// The first port that is not a system port (RFC 6335, section 6).
const FIRST_PORT: u16 = 1024;
