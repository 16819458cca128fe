//! The resource as Terraform keeps it, and what can be decided about an ACL.

use certward::redis_enterprise::UpdateRedisAcl;
use serde::{Deserialize, Serialize};
use tf_provider::value::Value;

use super::rules;
use crate::resources::compared::{Compared, attributes};
use crate::resources::redis_object::Definition;

/// State, configuration and plan of `certward_redis_acl`; the schema says what each attribute is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RedisAclState {
    pub(crate) name: Value<String>,
    pub(crate) acl: Value<String>,

    pub(crate) id: Value<String>,
    pub(crate) min_version: Value<String>,
    pub(crate) max_version: Value<String>,
}

/// The configurable attributes of an ACL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AclDefinition {
    pub(crate) name: String,
    pub(crate) acl: String,
}

impl AclDefinition {
    /// The request that changes what is there into this; says nothing of what is there already.
    pub(super) fn update_request(&self, there: &Self) -> UpdateRedisAcl {
        self.differences(there)
            .into_iter()
            .fold(UpdateRedisAcl::new(), |request, attribute| match attribute {
                AclAttribute::Name => request.name(&self.name),
                AclAttribute::Acl => request.acl(&self.acl),
            })
    }
}

attributes! {
    AclAttribute {
        Name = "name",
        Acl = "acl",
    }
}

impl Compared for AclDefinition {
    type Attribute = AclAttribute;

    fn agrees(&self, there: &Self, attribute: AclAttribute) -> bool {
        match attribute {
            AclAttribute::Name => self.name == there.name,
            AclAttribute::Acl => rules::same(&self.acl, &there.acl),
        }
    }

    fn shown(&self, attribute: AclAttribute) -> String {
        match attribute {
            AclAttribute::Name => format!("{:?}", self.name),
            AclAttribute::Acl => format!("{:?}", self.acl),
        }
    }
}

impl Definition for AclDefinition {
    const NAME: AclAttribute = AclAttribute::Name;

    fn name(&self) -> &str {
        &self.name
    }
}
