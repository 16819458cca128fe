//! The calls that read and change a role.

use certward::Error;
use certward::redis_enterprise::{Client, Removal, Role};
use tf_provider::value::Value;

use super::model::{RedisRoleState, RoleDefinition};
use super::{RedisRole, resources};
use crate::resources::redis_object::{RedisObject, Run};
use crate::session::Kind;

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
