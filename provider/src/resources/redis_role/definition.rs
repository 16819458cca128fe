//! A role as Redis Enterprise has it, and what the resource compares.

use certward::Error;
use certward::redis_enterprise::{Client, CreateRole, ManagementRole, Removal, Role, UpdateRole};
use tf_provider::value::Value;

use super::RedisRole;
use super::resources::{self, Resources};
use super::state::RedisRoleState;
use crate::provider::session::Kind;
use crate::resources::redis_object::{Definition, RedisObject, Run};

/// The configurable attributes of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoleDefinition {
    pub(crate) name: String,
    pub(crate) management: String,
    pub(crate) resources: Resources,
}

impl RoleDefinition {
    /// Reads a state or plan; `None` when something of it is not known yet.
    fn of_state(state: &RedisRoleState) -> Option<Self> {
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
    fn create_request(&self) -> CreateRole {
        let request = CreateRole::new(&self.name, ManagementRole::from(self.management.as_str()));
        if self.resources.is_empty() {
            request
        } else {
            request.resources(resources::to_cluster(&self.resources))
        }
    }

    /// The request that changes what is there into this; says nothing of what is there already.
    fn update_request(&self, there: &Self) -> UpdateRole {
        self.differences(there)
            .into_iter()
            .fold(UpdateRole::new(), |request, attribute| match attribute {
                "name" => request.name(&self.name),
                "management" => request.management(ManagementRole::from(self.management.as_str())),
                _ => request.resources(resources::to_cluster(&self.resources)),
            })
    }
}

impl Definition for RoleDefinition {
    fn name(&self) -> &str {
        &self.name
    }

    fn differences(&self, there: &Self) -> Vec<&'static str> {
        [
            ("name", self.name == there.name),
            ("management", self.management == there.management),
            ("resources", self.resources == there.resources),
        ]
        .into_iter()
        .filter_map(|(attribute, same)| (!same).then_some(attribute))
        .collect()
    }

    fn shown(&self, attribute: &str) -> String {
        match attribute {
            "name" => format!("{:?}", self.name),
            "management" => format!("{:?}", self.management),
            _ => {
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

impl RedisObject for RedisRole {
    type State = RedisRoleState;
    type Object = Role;
    type Definition = RoleDefinition;

    const KIND: Kind = super::KIND;
    const NOUN: &'static str = "role";

    fn id_and_name(state: &RedisRoleState) -> (&Value<String>, &Value<String>) {
        (&state.id, &state.name)
    }

    fn of_state(state: &RedisRoleState) -> Option<RoleDefinition> {
        RoleDefinition::of_state(state)
    }

    fn of_object(role: &Role) -> RoleDefinition {
        RoleDefinition::of_role(role)
    }

    fn uid(role: &Role) -> u64 {
        role.uid.get()
    }

    fn removal(uid: u64) -> Removal {
        Removal::Role(uid.into())
    }

    fn take_over(state: &mut RedisRoleState, role: &Role) {
        let there = RoleDefinition::of_role(role);
        if resources::known(&state.resources).as_ref() != Some(&there.resources) {
            state.resources = resources::to_value(&there.resources);
        }
        state.id = Value::Value(role.uid.to_string());
        state.name = Value::Value(there.name);
        state.management = Value::Value(there.management);
    }

    fn imported() -> RedisRoleState {
        RedisRoleState::default()
    }

    async fn find(client: &Client, uid: u64) -> Result<Option<Role>, Error> {
        client.roles().get(uid.into()).await
    }

    async fn list(client: &Client) -> Result<Vec<Role>, Error> {
        client.roles().list().await
    }

    async fn create(client: &Client, wanted: &RoleDefinition, run: Run) -> Result<Role, Error> {
        let request = wanted.create_request();
        match run {
            Run::Apply => client.roles().create(&request).send().await,
            Run::Try => client.roles().create(&request).dry_run().send().await,
        }
    }

    async fn update(
        client: &Client,
        uid: u64,
        there: &RoleDefinition,
        wanted: &RoleDefinition,
        run: Run,
    ) -> Result<Role, Error> {
        let request = wanted.update_request(there);
        match run {
            Run::Apply => client.roles().update(uid.into(), &request).send().await,
            Run::Try => client.roles().update(uid.into(), &request).dry_run().send().await,
        }
    }

    async fn delete(client: &Client, uid: u64) -> Result<(), Error> {
        client.roles().delete(uid.into()).send().await.map(drop)
    }
}
