//! The resource as Terraform keeps it.

use serde::{Deserialize, Serialize};
use tf_provider::value::Value;

/// State, configuration and plan of `certward_redis_role`; the schema says what each attribute is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RedisRoleState {
    pub(crate) name: Value<String>,
    pub(crate) management: Value<String>,
    pub(crate) resources: Value<Vec<Value<RoleResource>>>,

    pub(crate) id: Value<String>,
}

/// An element of the attribute `resources`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RoleResource {
    pub(crate) r#type: Value<String>,
    pub(crate) uids: Value<Vec<Value<String>>>,
}
