//! The resource as Terraform keeps it.

use serde::{Deserialize, Serialize};
use tf_provider::value::Value;

/// State, configuration and plan of `certward_redis_acl`; the schema says what each attribute is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes every attribute")]
pub struct RedisAclState {
    pub name: Value<String>,
    pub acl: Value<String>,

    pub id: Value<String>,
    pub min_version: Value<String>,
    pub max_version: Value<String>,
}
