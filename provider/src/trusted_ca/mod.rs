//! The resource `certward_trusted_ca`.

mod lifecycle;
mod plan;
mod schema;
mod state;

use async_trait::async_trait;
use certward::redis_enterprise::{Removal, TrustScope};
use tf_provider::schema::Schema;
use tf_provider::value::StructEmpty;
use tf_provider::{AttributePath, Diagnostics, Resource};

pub use state::TrustedCaState;

use crate::effects::{self, Act, Loss};
use crate::interruption::until_stopped;
use crate::plugin::{Configured, PluginResource};
use crate::session::{Kind, Session};

/// `certward_trusted_ca`: one authority that a Redis Enterprise cluster trusts.
pub struct TrustedCa {
    session: Configured<Session>,
}

impl TrustedCa {
    pub(crate) fn new(session: Configured<Session>) -> Self {
        Self { session }
    }
}

impl PluginResource for TrustedCa {}

#[async_trait]
impl Resource for TrustedCa {
    type State<'a> = TrustedCaState;
    type PrivateState<'a> = Option<StructEmpty>;
    type ProviderMetaState<'a> = Option<StructEmpty>;

    fn schema(&self, _diags: &mut Diagnostics) -> Option<Schema> {
        Some(schema::trusted_ca())
    }

    async fn validate<'a>(&self, diags: &mut Diagnostics, config: TrustedCaState) -> Option<()> {
        plan::validate(diags, &config);
        diags.errors.is_empty().then_some(())
    }

    async fn read<'a>(
        &self,
        diags: &mut Diagnostics,
        mut state: TrustedCaState,
        private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<(TrustedCaState, Option<StructEmpty>)> {
        let session = self.session.get(diags)?;
        // Before it is looked for: the fingerprint is one of them.
        state.describe_again();
        let answer = until_stopped(lifecycle::read(diags, &session, state)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, private))
    }

    async fn plan_create<'a>(
        &self,
        diags: &mut Diagnostics,
        _proposed: TrustedCaState,
        config: TrustedCaState,
        _meta: Option<StructEmpty>,
    ) -> Option<(TrustedCaState, Option<StructEmpty>)> {
        let session = self.session.get(diags)?;
        session.check_redis_enterprise(diags, KIND)?;
        let planned = plan::create(diags, config, session.clock.now())?;
        Some((planned, None))
    }

    async fn plan_update<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: TrustedCaState,
        _proposed: TrustedCaState,
        config: TrustedCaState,
        private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<(TrustedCaState, Option<StructEmpty>, Vec<AttributePath>)> {
        let session = self.session.get(diags)?;
        session.check_redis_enterprise(diags, KIND)?;
        let (planned, requires_replace) = plan::update(diags, &prior, config)?;
        if let Some(attribute) = requires_replace.first() {
            warn_of_end(diags, &session, &prior, Act::Replace, attribute.clone()).await;
        }
        Some((planned, private, requires_replace))
    }

    /// Whether the authority can go is asked when it goes: what depends on it may go before it in the same run.
    async fn plan_destroy<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: TrustedCaState,
        private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<Option<StructEmpty>> {
        if let Some(session) = self.session.peek() {
            warn_of_end(diags, &session, &prior, Act::Destroy, AttributePath::root()).await;
        }
        Some(private)
    }

    async fn create<'a>(
        &self,
        diags: &mut Diagnostics,
        planned: TrustedCaState,
        _config: TrustedCaState,
        private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<(TrustedCaState, Option<StructEmpty>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(lifecycle::create(diags, &session, planned)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, private))
    }

    /// Only what Terraform alone knows can change: another certificate is another object.
    async fn update<'a>(
        &self,
        _diags: &mut Diagnostics,
        _prior: TrustedCaState,
        planned: TrustedCaState,
        _config: TrustedCaState,
        private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<(TrustedCaState, Option<StructEmpty>)> {
        Some((planned, private))
    }

    async fn destroy<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: TrustedCaState,
        _private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<()> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(lifecycle::destroy(diags, &session, &prior)).await;
        answer.or_interrupted(diags)
    }

    async fn import<'a>(&self, diags: &mut Diagnostics, id: String) -> Option<(TrustedCaState, Option<StructEmpty>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(lifecycle::import(diags, &session, &id)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, None))
    }
}

/// Warns of what the end of the trust in the authority would end.
async fn warn_of_end(
    diags: &mut Diagnostics,
    session: &Session,
    prior: &TrustedCaState,
    act: Act,
    attribute: AttributePath,
) {
    if let Some(Ok(fingerprint)) = prior.fingerprint_sha256.as_deref_option().map(str::parse) {
        let loss = Loss {
            act,
            subject: effects::named("trusted CA", &prior.subject_dn),
            attribute,
        };
        let removal = Removal::TrustedCertificate(fingerprint, TrustScope::Cluster);
        effects::warn_redis_enterprise(diags, session, loss, &[removal]).await;
    }
}

const KIND: Kind = Kind {
    type_name: "certward_trusted_ca",
    elsewhere: "RavenDB has its trusted issuers in the server's settings (Security.WellKnownIssuers.Admin), and would \
                register an authority's certificate as a login of whoever holds its key: to let a client in there, use \
                certward_client_certificate.",
};
