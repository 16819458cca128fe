//! The resource as Terraform keeps it.

use serde::{Deserialize, Serialize};
use tf_provider::value::Value;

/// State, configuration and plan of `certward_redis_acl`; the schema says what each attribute is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RedisAclState {
    pub(crate) name: Value<String>,
    pub(crate) acl: Value<String>,

    pub(crate) id: Value<String>,
    pub(crate) min_version: Value<String>,
    pub(crate) max_version: Value<String>,
}
