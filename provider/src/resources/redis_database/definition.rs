//! The configurable attributes of a database, in a form to compare.

use certward::SecretString;
use certward::redis_enterprise::{
    AofPolicy, CreateDatabase, DataPersistence, Database, EvictionPolicy, SnapshotPolicy, UpdateDatabase,
};
use tf_provider::value::Value;

use super::PASSWORD_VERSION;
use super::model::RedisDatabaseState;
use super::mtls::MtlsDefinition;
use super::persistence::{self, AOF, DISABLED, SNAPSHOT, SnapshotPolicies};
use super::roles_permissions::{self, RolesPermissions};
use crate::resources::compared::{Compared, attributes};
use crate::resources::redis_object::Definition;

/// A database, wanted or there.
pub(crate) struct DatabaseDefinition {
    pub(crate) name: String,
    pub(crate) memory_size: u64,
    /// `None`: the cluster chooses.
    pub(crate) port: Option<u16>,
    pub(crate) eviction_policy: String,
    pub(crate) data_persistence: String,
    /// With the persistence that it is about.
    pub(crate) aof_policy: Option<String>,
    /// With the persistence that they are about.
    pub(crate) snapshot_policy: Option<SnapshotPolicies>,
    pub(crate) mtls: MtlsDefinition,
    pub(crate) default_user_enabled: bool,
    /// The number that changes with the default user's password. `None`: the password is not managed; the cluster does
    /// not know it.
    pub(crate) password_version: Option<i64>,
    /// Wanted, and in a configuration only.
    pub(crate) password: Option<SecretString>,
    pub(crate) roles_permissions: RolesPermissions,
}

impl DatabaseDefinition {
    /// Reads a state or plan; `None` when something of it is not known yet.
    pub(crate) fn of_state(state: &RedisDatabaseState) -> Option<Self> {
        let data_persistence = state.data_persistence.as_ref_option()?.clone();
        let is = |persistence: &str| data_persistence == persistence;
        Some(Self {
            name: state.name.as_ref_option()?.clone(),
            memory_size: u64::try_from(*state.memory_size.as_ref_option()?).ok()?,
            port: match &state.port {
                Value::Value(port) => Some(u16::try_from(*port).ok()?),
                Value::Null | Value::Unknown => None,
            },
            eviction_policy: state.eviction_policy.as_ref_option()?.clone(),
            aof_policy: match is(AOF) {
                true => Some(state.aof_policy.as_ref_option()?.clone()),
                false => None,
            },
            snapshot_policy: match is(SNAPSHOT) {
                true => Some(persistence::known(&state.snapshot_policy)?),
                false => None,
            },
            mtls: MtlsDefinition::of_state(&state.mtls)?,
            default_user_enabled: *state.default_user_enabled.as_ref_option()?,
            password_version: match &state.default_user_password_wo_version {
                Value::Value(version) => Some(*version),
                Value::Null => None,
                Value::Unknown => return None,
            },
            password: None,
            roles_permissions: roles_permissions::known(&state.roles_permissions)?,
            data_persistence,
        })
    }

    /// Reads the cluster's answer. An omitted member has the default of `docs/contracts/redis-enterprise.md#databases`.
    pub(crate) fn of_database(database: &Database) -> Self {
        let persistence = database.data_persistence.as_ref();
        let data_persistence = persistence.map_or_else(|| DISABLED.to_owned(), ToString::to_string);
        let is = |persistence: &str| data_persistence == persistence;
        let eviction = database
            .eviction_policy
            .as_ref()
            .unwrap_or(&EvictionPolicy::VolatileLru);
        let aof = database.aof_policy.as_ref().unwrap_or(&AofPolicy::EverySecond);
        Self {
            name: database.name.clone(),
            memory_size: database.memory_size.unwrap_or(0),
            port: database.client_port(),
            eviction_policy: eviction.to_string(),
            aof_policy: is(AOF).then(|| aof.to_string()),
            snapshot_policy: is(SNAPSHOT).then(|| database.snapshot_policy.iter().copied().collect()),
            mtls: MtlsDefinition::of_database(database),
            default_user_enabled: database.default_user.unwrap_or(true),
            password_version: None,
            password: None,
            roles_permissions: database.roles_permissions.iter().copied().collect(),
            data_persistence,
        }
    }

    /// The request that makes it.
    pub(crate) fn create_request(&self) -> CreateDatabase {
        let mut request = CreateDatabase::new(&self.name, self.memory_size)
            .eviction_policy(EvictionPolicy::from(self.eviction_policy.as_str()))
            .data_persistence(DataPersistence::from(self.data_persistence.as_str()))
            .default_user(self.default_user_enabled)
            .roles_permissions(Vec::from_iter(self.roles_permissions.iter().copied()));
        if let Some(port) = self.port {
            request = request.port(port);
        }
        if let Some(policy) = self.aof_policy.as_deref() {
            request = request.aof_policy(AofPolicy::from(policy));
        }
        if let Some(policies) = &self.snapshot_policy {
            request = request.snapshot_policy(listed(policies));
        }
        if let Some(password) = &self.password {
            // In the same request, so that there is no moment without it.
            request = request.authentication_redis_pass(password.clone());
        }
        self.mtls.in_creation(request)
    }

    /// The request that changes what is there into this; says nothing of what is there already, nor of the password.
    pub(crate) fn update_request(&self, there: &Self) -> UpdateDatabase {
        let mut request = UpdateDatabase::new();
        for attribute in self.differences(there) {
            request = match attribute {
                DatabaseAttribute::Name => request.name(&self.name),
                DatabaseAttribute::MemorySize => request.memory_size(self.memory_size),
                DatabaseAttribute::Port => match self.port {
                    Some(port) => request.port(port),
                    None => request,
                },
                DatabaseAttribute::EvictionPolicy => {
                    request.eviction_policy(EvictionPolicy::from(self.eviction_policy.as_str()))
                }
                // The policy goes with its persistence: a cluster may want both at once.
                DatabaseAttribute::DataPersistence
                | DatabaseAttribute::AofPolicy
                | DatabaseAttribute::SnapshotPolicy => self.with_persistence(request),
                DatabaseAttribute::DefaultUserEnabled => request.default_user(self.default_user_enabled),
                DatabaseAttribute::RolesPermissions => {
                    request.roles_permissions(Vec::from_iter(self.roles_permissions.iter().copied()))
                }
                DatabaseAttribute::Mtls => self.mtls.missing(&there.mtls).in_update(request),
                DatabaseAttribute::PasswordVersion => request,
            };
        }
        request
    }

    fn with_persistence(&self, request: UpdateDatabase) -> UpdateDatabase {
        let mut request = request.data_persistence(DataPersistence::from(self.data_persistence.as_str()));
        if let Some(policy) = self.aof_policy.as_deref() {
            request = request.aof_policy(AofPolicy::from(policy));
        }
        if let Some(policies) = &self.snapshot_policy {
            request = request.snapshot_policy(listed(policies));
        }
        request
    }

    /// Returns `true` when the password has to be sent to an existing database.
    pub(crate) fn changes_password(&self, there: &Self) -> bool {
        self.password_version.is_some() && self.password_version != there.password_version
    }
}

attributes! {
    DatabaseAttribute {
        Name = "name",
        MemorySize = "memory_size",
        Port = "port",
        EvictionPolicy = "eviction_policy",
        DataPersistence = "data_persistence",
        AofPolicy = "aof_policy",
        SnapshotPolicy = "snapshot_policy",
        Mtls = "mtls",
        DefaultUserEnabled = "default_user_enabled",
        PasswordVersion = PASSWORD_VERSION,
        RolesPermissions = "roles_permissions",
    }
}

impl Compared for DatabaseDefinition {
    type Attribute = DatabaseAttribute;

    fn agrees(&self, there: &Self, attribute: DatabaseAttribute) -> bool {
        match attribute {
            DatabaseAttribute::Name => self.name == there.name,
            DatabaseAttribute::MemorySize => self.memory_size == there.memory_size,
            DatabaseAttribute::Port => self.port.is_none() || self.port == there.port,
            DatabaseAttribute::EvictionPolicy => self.eviction_policy == there.eviction_policy,
            DatabaseAttribute::DataPersistence => self.data_persistence == there.data_persistence,
            DatabaseAttribute::AofPolicy => self.aof_policy == there.aof_policy,
            DatabaseAttribute::SnapshotPolicy => self.snapshot_policy == there.snapshot_policy,
            DatabaseAttribute::Mtls => self.mtls.missing(&there.mtls).is_empty(),
            DatabaseAttribute::DefaultUserEnabled => self.default_user_enabled == there.default_user_enabled,
            DatabaseAttribute::PasswordVersion => !self.changes_password(there),
            DatabaseAttribute::RolesPermissions => self.roles_permissions == there.roles_permissions,
        }
    }

    fn shown(&self, attribute: DatabaseAttribute) -> String {
        match attribute {
            DatabaseAttribute::Name => format!("{:?}", self.name),
            DatabaseAttribute::MemorySize => self.memory_size.to_string(),
            DatabaseAttribute::Port => self.port.map_or_else(|| "not set".to_owned(), |port| port.to_string()),
            DatabaseAttribute::EvictionPolicy => format!("{:?}", self.eviction_policy),
            DatabaseAttribute::DataPersistence => format!("{:?}", self.data_persistence),
            DatabaseAttribute::AofPolicy => self
                .aof_policy
                .as_ref()
                .map_or_else(|| "not set".to_owned(), |policy| format!("{policy:?}")),
            DatabaseAttribute::SnapshotPolicy => {
                let policies = self.snapshot_policy.iter().flatten();
                let policies: Vec<String> = policies
                    .map(|policy| format!("{{ seconds = {}, writes = {} }}", policy.secs, policy.writes))
                    .collect();
                format!("[{}]", policies.join(", "))
            }
            DatabaseAttribute::Mtls => self.mtls.shown(),
            DatabaseAttribute::DefaultUserEnabled => self.default_user_enabled.to_string(),
            DatabaseAttribute::RolesPermissions => {
                let permissions = self.roles_permissions.iter();
                let permissions: Vec<String> = permissions
                    .map(|permission| {
                        format!(
                            "{{ role_id = {}, redis_acl_id = {} }}",
                            permission.role_uid, permission.redis_acl_uid
                        )
                    })
                    .collect();
                format!("[{}]", permissions.join(", "))
            }
            DatabaseAttribute::PasswordVersion => self
                .password_version
                .map_or_else(|| "not known".to_owned(), |version| version.to_string()),
        }
    }
}

impl Definition for DatabaseDefinition {
    const NAME: DatabaseAttribute = DatabaseAttribute::Name;

    fn name(&self) -> &str {
        &self.name
    }
}

fn listed(policies: &SnapshotPolicies) -> Vec<SnapshotPolicy> {
    policies.iter().copied().collect()
}
