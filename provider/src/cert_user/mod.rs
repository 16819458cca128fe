//! The resource `certward_cert_user`.

pub(crate) mod account;
mod certificate_pem;
pub(crate) mod certificate_subject;
mod plan;
pub(crate) mod roles;
mod schema;
mod state;
mod subject;
pub(crate) mod subject_line;
mod validate;

use async_trait::async_trait;
use tf_provider::schema::Schema;
use tf_provider::value::StructEmpty;
use tf_provider::{AttributePath, Diagnostics, Resource};

pub use state::{CertUserState, CertificateSubject};

use crate::interruption::until_stopped;
use crate::plugin::{Configured, PluginResource};
use crate::redis_object;
use crate::session::{Kind, Session};

/// `certward_cert_user`: a user of Redis Enterprise who is known by the subject of a certificate.
pub struct CertUser {
    session: Configured<Session>,
}

impl CertUser {
    pub(crate) fn new(session: Configured<Session>) -> Self {
        Self { session }
    }
}

impl PluginResource for CertUser {}

#[async_trait]
impl Resource for CertUser {
    type State<'a> = CertUserState;
    type PrivateState<'a> = Option<StructEmpty>;
    type ProviderMetaState<'a> = Option<StructEmpty>;

    fn schema(&self, _diags: &mut Diagnostics) -> Option<Schema> {
        Some(schema::cert_user())
    }

    async fn validate<'a>(&self, diags: &mut Diagnostics, config: CertUserState) -> Option<()> {
        validate::validate(diags, &config);
        diags.errors.is_empty().then_some(())
    }

    async fn read<'a>(
        &self,
        diags: &mut Diagnostics,
        state: CertUserState,
        private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<(CertUserState, Option<StructEmpty>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(redis_object::read::<Self>(diags, &session, state)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, private))
    }

    async fn plan_create<'a>(
        &self,
        diags: &mut Diagnostics,
        _proposed: CertUserState,
        config: CertUserState,
        _meta: Option<StructEmpty>,
    ) -> Option<(CertUserState, Option<StructEmpty>)> {
        let session = self.session.get(diags)?;
        session.check_redis_enterprise(diags, KIND)?;
        let planned = plan::create(diags, config)?;
        let tried = until_stopped(redis_object::try_create::<Self>(diags, &session, &planned)).await;
        tried.or_interrupted(diags)?;
        Some((planned, None))
    }

    async fn plan_update<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: CertUserState,
        _proposed: CertUserState,
        config: CertUserState,
        private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<(CertUserState, Option<StructEmpty>, Vec<AttributePath>)> {
        let session = self.session.get(diags)?;
        session.check_redis_enterprise(diags, KIND)?;
        let planned = plan::update(diags, &prior, config, session.own_redis_subject())?;
        let tried = until_stopped(redis_object::try_update::<Self>(diags, &session, &prior, &planned)).await;
        tried.or_interrupted(diags)?;
        Some((planned, private, Vec::new()))
    }

    async fn plan_destroy<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: CertUserState,
        private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<Option<StructEmpty>> {
        let session = self.session.peek();
        let own = session.as_ref().and_then(|session| session.own_redis_subject());
        plan::guard_removal(diags, &prior, own);
        diags.errors.is_empty().then_some(private)
    }

    async fn create<'a>(
        &self,
        diags: &mut Diagnostics,
        planned: CertUserState,
        _config: CertUserState,
        private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<(CertUserState, Option<StructEmpty>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(redis_object::create::<Self>(diags, &session, planned)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, private))
    }

    async fn update<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: CertUserState,
        planned: CertUserState,
        _config: CertUserState,
        private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<(CertUserState, Option<StructEmpty>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(redis_object::update::<Self>(diags, &session, prior, planned)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, private))
    }

    async fn destroy<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: CertUserState,
        _private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<()> {
        let session = self.session.get(diags)?;
        plan::guard_removal(diags, &prior, session.own_redis_subject());
        if !diags.errors.is_empty() {
            return None;
        }
        let answer = until_stopped(redis_object::destroy::<Self>(diags, &session, &prior)).await;
        answer.or_interrupted(diags)
    }

    async fn import<'a>(&self, diags: &mut Diagnostics, id: String) -> Option<(CertUserState, Option<StructEmpty>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(redis_object::import::<Self>(diags, &session, &id)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, None))
    }
}

pub(crate) const KIND: Kind = Kind {
    type_name: "certward_cert_user",
    elsewhere: "RavenDB registers each certificate, and that is the user: use certward_client_certificate.",
};
