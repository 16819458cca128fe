//! An ACL as Redis Enterprise has it, and what the resource compares.

use certward::Error;
use certward::redis_enterprise::{Client, CreateRedisAcl, RedisAcl as StoredAcl, Removal, UpdateRedisAcl};
use tf_provider::value::Value;

use super::state::RedisAclState;
use super::{RedisAcl, rules};
use crate::provider::session::Kind;
use crate::resources::redis_object::{Definition, RedisObject, Run};

/// The configurable attributes of an ACL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AclDefinition {
    pub(crate) name: String,
    pub(crate) acl: String,
}

impl AclDefinition {
    /// The request that changes what is there into this; says nothing of what is there already.
    fn update_request(&self, there: &Self) -> UpdateRedisAcl {
        self.differences(there)
            .into_iter()
            .fold(UpdateRedisAcl::new(), |request, attribute| match attribute {
                "name" => request.name(&self.name),
                _ => request.acl(&self.acl),
            })
    }
}

impl Definition for AclDefinition {
    fn name(&self) -> &str {
        &self.name
    }

    fn differences(&self, there: &Self) -> Vec<&'static str> {
        [
            ("name", self.name == there.name),
            ("acl", rules::same(&self.acl, &there.acl)),
        ]
        .into_iter()
        .filter_map(|(attribute, same)| (!same).then_some(attribute))
        .collect()
    }

    fn shown(&self, attribute: &str) -> String {
        match attribute {
            "name" => format!("{:?}", self.name),
            _ => format!("{:?}", self.acl),
        }
    }
}

impl RedisObject for RedisAcl {
    type State = RedisAclState;
    type Object = StoredAcl;
    type Definition = AclDefinition;

    const KIND: Kind = super::KIND;
    const NOUN: &'static str = "Redis ACL";

    fn id_and_name(state: &RedisAclState) -> (&Value<String>, &Value<String>) {
        (&state.id, &state.name)
    }

    fn of_state(state: &RedisAclState) -> Option<AclDefinition> {
        Some(AclDefinition {
            name: state.name.as_ref_option()?.clone(),
            acl: state.acl.as_ref_option()?.clone(),
        })
    }

    fn of_object(acl: &StoredAcl) -> AclDefinition {
        AclDefinition {
            name: acl.name.clone(),
            acl: acl.acl.clone(),
        }
    }

    fn uid(acl: &StoredAcl) -> u64 {
        acl.uid.get()
    }

    fn removal(uid: u64) -> Removal {
        Removal::RedisAcl(uid.into())
    }

    fn take_over(state: &mut RedisAclState, acl: &StoredAcl) {
        let kept = state.acl.as_ref_option();
        if !kept.is_some_and(|kept| rules::same(kept, &acl.acl)) {
            state.acl = Value::Value(acl.acl.clone());
        }
        let version = |version: &Option<String>| version.clone().map_or(Value::Null, Value::Value);
        state.id = Value::Value(acl.uid.to_string());
        state.name = Value::Value(acl.name.clone());
        state.min_version = version(&acl.min_version);
        state.max_version = version(&acl.max_version);
    }

    fn imported() -> RedisAclState {
        RedisAclState::default()
    }

    async fn find(client: &Client, uid: u64) -> Result<Option<StoredAcl>, Error> {
        client.redis_acls().get(uid.into()).await
    }

    fn warnings(acl: &StoredAcl) -> &[String] {
        &acl.certward_warnings
    }

    async fn list(client: &Client) -> Result<Vec<StoredAcl>, Error> {
        client.redis_acls().list().await
    }

    async fn create(client: &Client, wanted: &AclDefinition, run: Run) -> Result<StoredAcl, Error> {
        let request = CreateRedisAcl::new(&wanted.name, &wanted.acl);
        match run {
            Run::Apply => client.redis_acls().create(&request).send().await,
            Run::Try => client.redis_acls().create(&request).dry_run().send().await,
        }
    }

    async fn update(
        client: &Client,
        uid: u64,
        there: &AclDefinition,
        wanted: &AclDefinition,
        run: Run,
    ) -> Result<StoredAcl, Error> {
        let request = wanted.update_request(there);
        match run {
            Run::Apply => client.redis_acls().update(uid.into(), &request).send().await,
            Run::Try => client.redis_acls().update(uid.into(), &request).dry_run().send().await,
        }
    }

    async fn delete(client: &Client, uid: u64) -> Result<(), Error> {
        client.redis_acls().delete(uid.into()).await.map(drop)
    }
}
