//! The resource as Terraform keeps it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostic};

use crate::report::diagnostic;
use crate::resources::cluster_mtls_settings::AuthorizedSubjectState;
use crate::values::duration;

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

/// The timeouts of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timeouts {
    pub(crate) create: Duration,
    pub(crate) update: Duration,
    pub(crate) delete: Duration,
}

impl Timeouts {
    /// Reads a state or plan; a missing or unknown value is [`DEFAULT_TIMEOUT`].
    pub(crate) fn of_state(timeouts: &Value<DatabaseTimeouts>) -> Self {
        let read = |text: fn(&DatabaseTimeouts) -> &Value<String>| {
            let text = timeouts
                .as_ref_option()
                .and_then(|timeouts| text(timeouts).as_deref_option());
            text.and_then(|text| duration::parse(text).ok())
                .unwrap_or(DEFAULT_TIMEOUT)
        };
        Self {
            create: read(|timeouts| &timeouts.create),
            update: read(|timeouts| &timeouts.update),
            delete: read(|timeouts| &timeouts.delete),
        }
    }
}

/// Checks the value and returns a diagnostic when it is invalid.
pub(crate) fn check_timeouts(timeouts: &DatabaseTimeouts) -> Vec<Diagnostic> {
    let DatabaseTimeouts { create, update, delete } = timeouts;
    let named = [("create", create), ("update", update), ("delete", delete)];
    let findings = named.into_iter().filter_map(|(name, value)| {
        let problem = duration::parse(value.as_deref_option()?).err()?;
        // Terraform shows the line of a nested attribute as a whole, and of nothing inside it.
        let path = AttributePath::new("timeouts");
        Some(diagnostic(
            path,
            "Unsuitable duration",
            format!("timeouts.{name}: {problem}."),
        ))
    });
    findings.collect()
}

/// A database is made within seconds; on a cluster under load it takes minutes.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    fn timeouts(create: Value<String>) -> DatabaseTimeouts {
        DatabaseTimeouts {
            create,
            ..DatabaseTimeouts::default()
        }
    }

    #[test]
    fn what_is_not_set_is_five_minutes() {
        let five_minutes = Timeouts {
            create: DEFAULT_TIMEOUT,
            update: DEFAULT_TIMEOUT,
            delete: DEFAULT_TIMEOUT,
        };
        assert_eq!(Timeouts::of_state(&Value::Null), five_minutes);
        let thirty = Value::Value(timeouts(Value::Value("30s".to_owned())));
        let expected = Timeouts {
            create: Duration::from_secs(30),
            ..five_minutes
        };
        assert_eq!(Timeouts::of_state(&thirty), expected);
    }

    #[test]
    fn what_is_no_duration_is_refused_on_its_attribute() {
        assert_eq!(check_timeouts(&timeouts(Value::Null)), []);
        assert_eq!(check_timeouts(&timeouts(Value::Unknown)), []);
        let findings = check_timeouts(&timeouts(Value::Value("30".to_owned())));
        assert_eq!(findings[0].attribute.to_string(), "timeouts");
        assert!(findings[0].detail.starts_with("timeouts.create: "), "{findings:?}");
        assert!(findings[0].detail.contains("\"30s\""), "{findings:?}");
    }
}
