//! The resource `certward_redis_role`.

mod definition;
mod plan;
pub(crate) mod resources;
mod schema;
mod state;

use async_trait::async_trait;
use tf_provider::schema::Schema;
use tf_provider::value::StructEmpty;
use tf_provider::{AttributePath, Diagnostics, Resource};

pub use state::{RedisRoleState, RoleResource};

use crate::interruption::until_stopped;
use crate::plugin::{Configured, PluginResource};
use crate::redis_object;
use crate::session::{Kind, Session};

/// `certward_redis_role`: a role on a Redis Enterprise cluster.
pub struct RedisRole {
    session: Configured<Session>,
}

impl RedisRole {
    pub(crate) fn new(session: Configured<Session>) -> Self {
        Self { session }
    }
}

impl PluginResource for RedisRole {}

#[async_trait]
impl Resource for RedisRole {
    type State<'a> = RedisRoleState;
    type PrivateState<'a> = Option<StructEmpty>;
    type ProviderMetaState<'a> = Option<StructEmpty>;

    fn schema(&self, _diags: &mut Diagnostics) -> Option<Schema> {
        Some(schema::redis_role())
    }

    async fn validate<'a>(&self, diags: &mut Diagnostics, config: RedisRoleState) -> Option<()> {
        plan::validate(diags, &config);
        diags.errors.is_empty().then_some(())
    }

    async fn read<'a>(
        &self,
        diags: &mut Diagnostics,
        state: RedisRoleState,
        private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<(RedisRoleState, Option<StructEmpty>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(redis_object::read::<Self>(diags, &session, state)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, private))
    }

    async fn plan_create<'a>(
        &self,
        diags: &mut Diagnostics,
        _proposed: RedisRoleState,
        config: RedisRoleState,
        _meta: Option<StructEmpty>,
    ) -> Option<(RedisRoleState, Option<StructEmpty>)> {
        let session = self.session.get(diags)?;
        session.check_redis_enterprise(diags, KIND)?;
        let planned = plan::create(config);
        let tried = until_stopped(redis_object::try_create::<Self>(diags, &session, &planned)).await;
        tried.or_interrupted(diags)?;
        Some((planned, None))
    }

    async fn plan_update<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: RedisRoleState,
        _proposed: RedisRoleState,
        config: RedisRoleState,
        private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<(RedisRoleState, Option<StructEmpty>, Vec<AttributePath>)> {
        let session = self.session.get(diags)?;
        session.check_redis_enterprise(diags, KIND)?;
        let planned = plan::update(&prior, config);
        let tried = until_stopped(redis_object::try_update::<Self>(diags, &session, &prior, &planned)).await;
        tried.or_interrupted(diags)?;
        Some((planned, private, Vec::new()))
    }

    async fn plan_destroy<'a>(
        &self,
        _diags: &mut Diagnostics,
        _prior: RedisRoleState,
        private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<Option<StructEmpty>> {
        Some(private)
    }

    async fn create<'a>(
        &self,
        diags: &mut Diagnostics,
        planned: RedisRoleState,
        _config: RedisRoleState,
        private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<(RedisRoleState, Option<StructEmpty>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(redis_object::create::<Self>(diags, &session, planned)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, private))
    }

    async fn update<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: RedisRoleState,
        planned: RedisRoleState,
        _config: RedisRoleState,
        private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<(RedisRoleState, Option<StructEmpty>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(redis_object::update::<Self>(diags, &session, prior, planned)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, private))
    }

    async fn destroy<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: RedisRoleState,
        _private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<()> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(redis_object::destroy::<Self>(diags, &session, &prior)).await;
        answer.or_interrupted(diags)
    }

    async fn import<'a>(&self, diags: &mut Diagnostics, id: String) -> Option<(RedisRoleState, Option<StructEmpty>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(redis_object::import::<Self>(diags, &session, &id)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, None))
    }
}

pub(crate) const KIND: Kind = Kind {
    type_name: "certward_redis_role",
    elsewhere: "RavenDB has no roles: what a certificate may do stands in certward_client_certificate \
                (security_clearance, database_permissions).",
};
