//! The calls that read and change an ACL.

use certward::Error;
use certward::redis_enterprise::{Client, CreateRedisAcl, RedisAcl as StoredAcl, Removal};
use tf_provider::value::Value;

use super::model::{AclDefinition, RedisAclState};
use super::{RedisAcl, rules};
use crate::resources::redis_object::{RedisObject, Run};
use crate::session::Kind;

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
