//! The resource as Terraform keeps it.

use serde::{Deserialize, Serialize};
use tf_provider::value::Value;

/// State, configuration and plan of `certward_redis_role`; the schema says what each attribute is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes every attribute")]
pub struct RedisRoleState {
    pub name: Value<String>,
    pub management: Value<String>,
    pub resources: Value<Vec<Value<RoleResource>>>,

    pub id: Value<String>,
}

/// An element of the attribute `resources`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes every attribute")]
pub struct RoleResource {
    pub r#type: Value<String>,
    pub uids: Value<Vec<Value<String>>>,
}
