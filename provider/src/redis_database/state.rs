//! The resource as Terraform keeps it.

use serde::{Deserialize, Serialize};
use tf_provider::value::Value;

use crate::cluster_mtls_settings::AuthorizedSubjectState;

/// State, configuration and plan of `certward_redis_database`; the schema says what each attribute is.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes every attribute")]
pub struct RedisDatabaseState {
    pub name: Value<String>,
    pub memory_size: Value<i64>,
    pub port: Value<i64>,
    pub eviction_policy: Value<String>,
    pub data_persistence: Value<String>,
    pub aof_policy: Value<String>,
    pub snapshot_policy: Value<Vec<Value<SnapshotPolicyState>>>,
    pub mtls: Value<DatabaseMtls>,
    pub default_user_enabled: Value<bool>,
    /// Write-only: a secret, in configurations alone.
    pub default_user_password_wo: Value<String>,
    pub default_user_password_wo_version: Value<i64>,
    pub roles_permissions: Value<Vec<Value<RolePermissionState>>>,
    pub deletion_protection: Value<bool>,
    pub timeouts: Value<DatabaseTimeouts>,

    pub id: Value<String>,
    pub status: Value<String>,
    pub endpoint: Value<String>,
}

/// The attribute `mtls`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes every attribute")]
pub struct DatabaseMtls {
    pub tls_mode: Value<String>,
    pub client_authentication_enforced: Value<bool>,
    pub client_certificates_pem: Value<Vec<Value<String>>>,
    pub subject_validation_type: Value<String>,
    pub authorized_subjects: Value<Vec<Value<AuthorizedSubjectState>>>,
    pub allow_outdated_certificates: Value<bool>,
    pub allow_weak_hashing: Value<bool>,
    pub allow_missing_extended_key_usage: Value<bool>,
}

/// An element of the attribute `snapshot_policy`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes every attribute")]
pub struct SnapshotPolicyState {
    pub seconds: Value<i64>,
    pub writes: Value<i64>,
}

/// An element of the attribute `roles_permissions`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes every attribute")]
pub struct RolePermissionState {
    pub role_id: Value<String>,
    pub redis_acl_id: Value<String>,
}

/// The attribute `timeouts`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes every attribute")]
pub struct DatabaseTimeouts {
    pub create: Value<String>,
    pub update: Value<String>,
    pub delete: Value<String>,
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
