//! The resource as Terraform keeps it.

use serde::{Deserialize, Serialize};
use tf_provider::value::Value;

use crate::resources::cluster_mtls_settings::AuthorizedSubjectState;

/// State, configuration and plan of `certward_redis_database`; the schema says what each attribute is.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RedisDatabaseState {
    pub(crate) name: Value<String>,
    pub(crate) memory_size: Value<i64>,
    pub(crate) port: Value<i64>,
    pub(crate) eviction_policy: Value<String>,
    pub(crate) data_persistence: Value<String>,
    pub(crate) aof_policy: Value<String>,
    pub(crate) snapshot_policy: Value<Vec<Value<SnapshotPolicyState>>>,
    pub(crate) mtls: Value<DatabaseMtls>,
    pub(crate) default_user_enabled: Value<bool>,
    /// Write-only: a secret, in configurations alone.
    pub(crate) default_user_password_wo: Value<String>,
    pub(crate) default_user_password_wo_version: Value<i64>,
    pub(crate) roles_permissions: Value<Vec<Value<RolePermissionState>>>,
    pub(crate) deletion_protection: Value<bool>,
    pub(crate) timeouts: Value<DatabaseTimeouts>,

    pub(crate) id: Value<String>,
    pub(crate) status: Value<String>,
    pub(crate) endpoint: Value<String>,
}

/// The attribute `mtls`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct DatabaseMtls {
    pub(crate) tls_mode: Value<String>,
    pub(crate) client_authentication_enforced: Value<bool>,
    pub(crate) client_certificates_pem: Value<Vec<Value<String>>>,
    pub(crate) subject_validation_type: Value<String>,
    pub(crate) authorized_subjects: Value<Vec<Value<AuthorizedSubjectState>>>,
    pub(crate) allow_outdated_certificates: Value<bool>,
    pub(crate) allow_weak_hashing: Value<bool>,
    pub(crate) allow_missing_extended_key_usage: Value<bool>,
}

/// An element of the attribute `snapshot_policy`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct SnapshotPolicyState {
    pub(crate) seconds: Value<i64>,
    pub(crate) writes: Value<i64>,
}

/// An element of the attribute `roles_permissions`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RolePermissionState {
    pub(crate) role_id: Value<String>,
    pub(crate) redis_acl_id: Value<String>,
}

/// The attribute `timeouts`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct DatabaseTimeouts {
    pub(crate) create: Value<String>,
    pub(crate) update: Value<String>,
    pub(crate) delete: Value<String>,
}

/// A configuration holds a password: nothing but the name is shown.
impl std::fmt::Debug for RedisDatabaseState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisDatabaseState")
            .field("id", &self.id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
