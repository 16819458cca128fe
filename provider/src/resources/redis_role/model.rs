//! The resource as Terraform keeps it, and what can be decided about a role.

use certward::redis_enterprise::{CreateRole, ManagementRole, Role, UpdateRole};
use serde::{Deserialize, Serialize};
use tf_provider::value::Value;

use super::resources::{self, Resources};
use crate::resources::compared::{Compared, attributes};
use crate::resources::redis_object::Definition;

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

/// The configurable attributes of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoleDefinition {
    pub(crate) name: String,
    pub(crate) management: String,
    pub(crate) resources: Resources,
}

impl RoleDefinition {
    /// Reads a state or plan; `None` when something of it is not known yet.
    pub(super) fn of_state(state: &RedisRoleState) -> Option<Self> {
        Some(Self {
            name: state.name.as_ref_option()?.clone(),
            management: state.management.as_ref_option()?.clone(),
            resources: resources::known(&state.resources)?,
        })
    }

    /// Reads the cluster's answer. A role without a management role gives none.
    pub(crate) fn of_role(role: &Role) -> Self {
        Self {
            name: role.name.clone(),
            management: role
                .management
                .as_ref()
                .map_or_else(|| "none".to_owned(), ToString::to_string),
            resources: resources::of_cluster(&role.resources),
        }
    }

    /// The request that makes it. An older cluster than 8.2 does not know limits, so none are sent when there are none.
    pub(super) fn create_request(&self) -> CreateRole {
        let request = CreateRole::new(&self.name, ManagementRole::from(self.management.as_str()));
        if self.resources.is_empty() {
            request
        } else {
            request.resources(resources::to_cluster(&self.resources))
        }
    }

    /// The request that changes what is there into this; says nothing of what is there already.
    pub(super) fn update_request(&self, there: &Self) -> UpdateRole {
        self.differences(there)
            .into_iter()
            .fold(UpdateRole::new(), |request, attribute| match attribute {
                RoleAttribute::Name => request.name(&self.name),
                RoleAttribute::Management => request.management(ManagementRole::from(self.management.as_str())),
                RoleAttribute::Resources => request.resources(resources::to_cluster(&self.resources)),
            })
    }
}

attributes! {
    RoleAttribute {
        Name = "name",
        Management = "management",
        Resources = "resources",
    }
}

impl Compared for RoleDefinition {
    type Attribute = RoleAttribute;

    fn agrees(&self, there: &Self, attribute: RoleAttribute) -> bool {
        match attribute {
            RoleAttribute::Name => self.name == there.name,
            RoleAttribute::Management => self.management == there.management,
            RoleAttribute::Resources => self.resources == there.resources,
        }
    }

    fn shown(&self, attribute: RoleAttribute) -> String {
        match attribute {
            RoleAttribute::Name => format!("{:?}", self.name),
            RoleAttribute::Management => format!("{:?}", self.management),
            RoleAttribute::Resources => {
                let elements = self.resources.iter();
                let elements: Vec<String> = elements
                    .map(|(resource_type, uids)| {
                        format!(
                            "{{ type = {resource_type:?}, uids = {:?} }}",
                            uids.iter().collect::<Vec<_>>()
                        )
                    })
                    .collect();
                format!("[{}]", elements.join(", "))
            }
        }
    }
}

impl Definition for RoleDefinition {
    const NAME: RoleAttribute = RoleAttribute::Name;

    fn name(&self) -> &str {
        &self.name
    }
}
