//! Use cases of databases, with their engines and ports: a port is reserved before a database is recorded, and a
//! response waits briefly for the engine.

use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::{DatabaseUpdate, NewDatabase};
use crate::cluster::access::ClusterPermit;
use crate::cluster::access::action::{ChangesDatabases, CreateDatabase, DeleteDatabase, UpdateDatabase};
use crate::cluster::databases;
use crate::cluster::{Cluster, ClusterError, Run};
use certward_redis_model::database::{Database, DatabaseName, RolePermission};
use certward_redis_model::redis_acl::RedisAcl;
use certward_redis_model::redis_acl_rules::DatabaseVersion;
use certward_redis_model::uid::DatabaseUid;
use certward_redis_proxy::{Databases, PortError, ReservedPort};

/// The use cases of databases, with what runs for them.
#[derive(Debug)]
pub struct DatabaseAdministration {
    cluster: Arc<Cluster>,
    databases: Arc<Databases>,
}

impl DatabaseAdministration {
    /// Joins the use cases of `cluster` with what runs for its databases.
    #[must_use]
    pub fn new(cluster: Arc<Cluster>, databases: Arc<Databases>) -> Self {
        Self { cluster, databases }
    }

    /// Creates a database, and chooses a port if none is given. Waits briefly until it can be used.
    ///
    /// # Errors
    ///
    /// [`ClusterError::NoEngine`] if no engine can be started; [`ClusterError::RedisAclUnsupported`];
    /// [`ClusterError::PortTaken`], [`ClusterError::NoPortLeft`]; those of
    /// [`Cluster::create_database`](Cluster::create_database).
    pub async fn create(
        &self,
        permit: &ClusterPermit<CreateDatabase>,
        new: NewDatabase,
        run: Run,
    ) -> Result<Arc<Database>, ClusterError> {
        let reserved = self.prepare(&new).await;
        let reserved =
            reserved.map_err(|error| self.cluster.refused(databases::asked_to_make(permit, &new.name), error))?;
        let made = self.cluster.create_database(permit, new, reserved.port(), run).await?;
        if run == Run::Apply {
            self.databases.wait_until_applied(&made).await;
            self.databases.review_acls_of(made.uid).await;
        }
        Ok(made)
    }

    /// Changes a database. Waits briefly until the change is in force.
    ///
    /// # Errors
    ///
    /// [`ClusterError::RedisAclUnsupported`]; [`ClusterError::PortTaken`]; those of
    /// [`Cluster::update_database`](Cluster::update_database).
    pub async fn update<A: ChangesDatabases>(
        &self,
        permit: &ClusterPermit<A>,
        uid: DatabaseUid,
        update: DatabaseUpdate,
        run: Run,
    ) -> Result<Arc<Database>, ClusterError> {
        let reserved = self.prepare_update(uid, &update).await;
        let _reserved = reserved.map_err(|error| self.cluster.refused(databases::asked_about(permit, uid), error))?;
        let changed = self.cluster.update_database(permit, uid, update, run).await?;
        if run == Run::Apply {
            self.databases.wait_until_applied(&changed).await;
            self.databases.review_acls_of(uid).await;
        }
        Ok(changed)
    }

    /// Deletes a database with its data. Waits until its port is free, for at most `END`.
    ///
    /// # Errors
    ///
    /// Those of [`Cluster::delete_database`](Cluster::delete_database).
    pub async fn delete(&self, permit: &ClusterPermit<DeleteDatabase>, uid: DatabaseUid) -> Result<(), ClusterError> {
        let end = self.databases.end_of(uid);
        self.cluster.delete_database(permit, uid).await?;
        // What is not done by then goes on.
        let _ = tokio::time::timeout(END, end).await;
        Ok(())
    }

    /// Replaces all passwords of the default user with this one.
    ///
    /// # Errors
    ///
    /// Those of [`Cluster::set_database_password`](Cluster::set_database_password); the same holds for
    /// the next two operations.
    pub async fn set_password(
        &self,
        permit: &ClusterPermit<UpdateDatabase>,
        uid: DatabaseUid,
        password: &SecretString,
    ) -> Result<(), ClusterError> {
        let changed = self.cluster.set_database_password(permit, uid, password).await?;
        self.databases.wait_until_applied(&changed).await;
        Ok(())
    }

    /// Adds a password to those of the default user.
    ///
    /// # Errors
    ///
    /// As above.
    pub async fn add_password(
        &self,
        permit: &ClusterPermit<UpdateDatabase>,
        uid: DatabaseUid,
        password: &SecretString,
    ) -> Result<(), ClusterError> {
        let changed = self.cluster.add_database_password(permit, uid, password).await?;
        self.databases.wait_until_applied(&changed).await;
        Ok(())
    }

    /// Removes a password from those of the default user.
    ///
    /// # Errors
    ///
    /// As above.
    pub async fn delete_password(
        &self,
        permit: &ClusterPermit<UpdateDatabase>,
        uid: DatabaseUid,
        password: &SecretString,
    ) -> Result<(), ClusterError> {
        let changed = self.cluster.delete_database_password(permit, uid, password).await?;
        self.databases.wait_until_applied(&changed).await;
        Ok(())
    }

    /// Deletes all data of a database.
    ///
    /// # Errors
    ///
    /// Those of [`Cluster::update_database`](Cluster::update_database) concerning permissions;
    /// [`ClusterError::DatabaseUnavailable`] if the engine fails.
    pub async fn flush<A: ChangesDatabases>(
        &self,
        permit: &ClusterPermit<A>,
        uid: DatabaseUid,
        run: Run,
    ) -> Result<Arc<Database>, ClusterError> {
        let flushed = self.cluster.record_flush(permit, uid, run).await?;
        if run == Run::Apply {
            let done = self.databases.flush(uid).await;
            done.map_err(|reason| ClusterError::DatabaseUnavailable { uid, reason })?;
            self.databases.wait_until_applied(&flushed).await;
        }
        Ok(flushed)
    }

    /// Fails unless clients can use the database now.
    ///
    /// # Errors
    ///
    /// [`ClusterError::NoSuchDatabase`]; [`ClusterError::DatabaseUnavailable`].
    pub fn check_usable(&self, uid: DatabaseUid) -> Result<(), ClusterError> {
        let state = self.cluster.state();
        let database = state.database(uid).ok_or(ClusterError::NoSuchDatabase { uid })?;
        if self.databases.status(database).is_usable() {
            return Ok(());
        }
        let reason = self.databases.reason(uid);
        Err(ClusterError::DatabaseUnavailable { uid, reason })
    }

    /// Checks that a new database could run, and reserves its port.
    async fn prepare(&self, new: &NewDatabase) -> Result<ReservedPort, ClusterError> {
        self.check_can_run(&new.name).await?;
        self.check_acls(None, new.rest.roles_permissions.as_deref()).await?;
        self.reserve(new.rest.port).await
    }

    /// Checks that a database could run with the changes, and reserves the port if it changes.
    async fn prepare_update(
        &self,
        uid: DatabaseUid,
        update: &DatabaseUpdate,
    ) -> Result<Option<ReservedPort>, ClusterError> {
        self.check_acls(Some(uid), update.roles_permissions.as_deref()).await?;
        let present = self.cluster.state().database(uid).map(|database| database.port);
        match update.port {
            Some(port) if present.is_some_and(|present| present != port) => self.reserve(Some(port)).await.map(Some),
            _ => Ok(None),
        }
    }

    async fn check_can_run(&self, name: &DatabaseName) -> Result<(), ClusterError> {
        let checked = self.databases.check_can_run(name).await;
        checked.map_err(|error| ClusterError::NoEngine {
            reason: error.to_string(),
        })
    }

    /// Fails if the engine refuses the rules of these ACLs. Without a running engine, the version of the program
    /// decides.
    async fn check_acls(
        &self,
        uid: Option<DatabaseUid>,
        permissions: Option<&[RolePermission]>,
    ) -> Result<(), ClusterError> {
        let Some(permissions) = permissions else { return Ok(()) };
        let state = self.cluster.state();
        let version = match uid {
            Some(uid) => self.databases.version_of(uid),
            None => self.databases.program_version(),
        };
        let given: Vec<&RedisAcl> = permissions
            .iter()
            .filter_map(|permission| state.redis_acl(permission.redis_acl_uid))
            .map(Arc::as_ref)
            .collect();
        for acl in &given {
            let needed = acl.acl.min_version();
            if let Some(version) = version.filter(|version| !version.takes(needed)) {
                return Err(ClusterError::RedisAclUnsupported {
                    uid: acl.uid,
                    problem: format!(
                        "needs {}, and the engine of the database is {version}",
                        needed_engine(needed)
                    ),
                });
            }
        }
        let Some(uid) = uid else { return Ok(()) };
        let rules: Vec<_> = given.iter().map(|acl| &acl.acl).collect();
        let objections = self.databases.objections_to(uid, &rules).await.unwrap_or_default();
        for (acl, objection) in given.iter().zip(objections) {
            if let Some(objection) = objection {
                return Err(ClusterError::RedisAclUnsupported {
                    uid: acl.uid,
                    problem: format!("is refused by the engine of the database: {objection}"),
                });
            }
        }
        Ok(())
    }

    async fn reserve(&self, wanted: Option<NonZeroU16>) -> Result<ReservedPort, ClusterError> {
        let state = self.cluster.state();
        let spoken_for = |port: u16| {
            let is_a_databases = state.databases().any(|database| database.port.get() == port);
            is_a_databases || databases::is_reserved(state.settings(), port)
        };
        if let Some(port) = wanted {
            databases::refuse_port_of_the_system(port)?;
        }
        if let Some(port) = wanted.filter(|port| spoken_for(port.get())) {
            return Err(ClusterError::PortTaken {
                port: port.get(),
                holder: "another database, or reserved_ports of the cluster".to_owned(),
            });
        }
        let reserved = self.databases.reserve_port(wanted, spoken_for).await;
        reserved.map_err(|error| match error {
            PortError::Taken { port, source } => ClusterError::PortTaken {
                port: port.get(),
                holder: match source {
                    Some(source) => format!("another program, or kept by the system ({source})"),
                    None => "another request".to_owned(),
                },
            },
            PortError::NoneLeft { range } => ClusterError::NoPortLeft {
                ports: format!("{}-{}", range.start(), range.end()),
            },
        })
    }
}

fn needed_engine(version: DatabaseVersion) -> &'static str {
    match version {
        DatabaseVersion::V6_0 => "Redis 6.0",
        DatabaseVersion::V6_2 => "Redis 6.2",
        DatabaseVersion::V7_2 => "Redis 7.0",
    }
}

/// A cut takes up to one second; afterwards the engine still has to write pending data.
const END: Duration = Duration::from_secs(5);
