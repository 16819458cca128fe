//! The resource `certward_trusted_ca_bundle`.

mod lifecycle;
mod plan;
mod schema;
mod state;

use async_trait::async_trait;
use certward::redis_enterprise::{Removal, TrustScope};
use tf_provider::schema::Schema;
use tf_provider::value::{StructEmpty, Value};
use tf_provider::{AttributePath, Diagnostics, Resource};

pub(crate) use state::TrustedCaBundleState;
use terraform_plugin::{Configured, PluginResource};

use self::state::Members;
use crate::effects::{self, Act, Loss};
use crate::provider::session::{Kind, Session};
use crate::run::interruption::until_stopped;
use crate::run::{Key, Way};
use crate::trust::kept::Kept;
use crate::trust::store;

/// `certward_trusted_ca_bundle`: every authority that a Redis Enterprise cluster trusts.
pub(crate) struct TrustedCaBundle {
    session: Configured<Session>,
}

impl TrustedCaBundle {
    pub(crate) fn new(session: Configured<Session>) -> Self {
        Self { session }
    }
}

impl PluginResource for TrustedCaBundle {}

#[async_trait]
impl Resource for TrustedCaBundle {
    type State<'a> = TrustedCaBundleState;
    type PrivateState<'a> = Option<Kept>;
    type ProviderMetaState<'a> = Option<StructEmpty>;

    fn schema(&self, _diags: &mut Diagnostics) -> Option<Schema> {
        Some(schema::trusted_ca_bundle())
    }

    async fn validate<'a>(&self, diags: &mut Diagnostics, config: TrustedCaBundleState) -> Option<()> {
        plan::validate(diags, &config);
        diags.errors.is_empty().then_some(())
    }

    async fn read<'a>(
        &self,
        diags: &mut Diagnostics,
        state: TrustedCaBundleState,
        private: Option<Kept>,
        _meta: Option<StructEmpty>,
    ) -> Option<(TrustedCaBundleState, Option<Kept>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(lifecycle::read(diags, &session, state)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, private))
    }

    async fn plan_create<'a>(
        &self,
        diags: &mut Diagnostics,
        _proposed: TrustedCaBundleState,
        config: TrustedCaBundleState,
        _meta: Option<StructEmpty>,
    ) -> Option<(TrustedCaBundleState, Option<Kept>)> {
        let session = self.session.get(diags)?;
        session.check_redis_enterprise(diags, KIND)?;
        let planned = plan::create(diags, config, session.clock.now())?;
        note(diags, &session, &planned, None);
        diags.errors.is_empty().then_some((planned, None))
    }

    async fn plan_update<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: TrustedCaBundleState,
        _proposed: TrustedCaBundleState,
        config: TrustedCaBundleState,
        private: Option<Kept>,
        _meta: Option<StructEmpty>,
    ) -> Option<(TrustedCaBundleState, Option<Kept>, Vec<AttributePath>)> {
        let session = self.session.get(diags)?;
        session.check_redis_enterprise(diags, KIND)?;
        let mut planned = plan::update(diags, &prior, config, session.clock.now())?;
        if note(diags, &session, &planned, Some(&lifecycle::key())) {
            planned.fingerprints_sha256 = Value::Unknown;
        }
        if !diags.errors.is_empty() {
            return None;
        }
        if let (Some(mut left_out), Some(stay)) = (prior.members(), planned.members()) {
            left_out.retain(|fingerprint, _| !stay.contains_key(fingerprint));
            let attribute = AttributePath::new(plan::CERTIFICATES_PEM);
            warn_of_end(diags, &session, &left_out, Act::Change, attribute).await;
        }
        Some((planned, private, Vec::new()))
    }

    /// Whether the authorities can go is asked when they go: what depends on them may go before in the same run.
    async fn plan_destroy<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: TrustedCaBundleState,
        mut private: Option<Kept>,
        _meta: Option<StructEmpty>,
    ) -> Option<Option<Kept>> {
        let removed = prior.on_destroy.as_deref_option() == Some(plan::REMOVE);
        if let Some(session) = self.session.peek() {
            let key = lifecycle::key();
            if session.run.objects.is_held(&key) {
                return Some(private);
            }
            let keys = [(key.clone(), AttributePath::new(plan::CERTIFICATES_PEM))];
            session.run.plans.note_removal(diags, &key, &keys);
        }
        if let (Some(session), Some(mut members), true) = (self.session.peek(), prior.members(), removed) {
            let kept = Kept::of(session.run.plans.note_end_of_trust(&authorities(&members)).await);
            members.retain(|_, authority| !kept.has(authority));
            private = Some(kept);
            warn_of_end(diags, &session, &members, Act::Destroy, AttributePath::root()).await;
        }
        diags.errors.is_empty().then_some(private)
    }

    async fn create<'a>(
        &self,
        diags: &mut Diagnostics,
        planned: TrustedCaBundleState,
        _config: TrustedCaBundleState,
        private: Option<Kept>,
        _meta: Option<StructEmpty>,
    ) -> Option<(TrustedCaBundleState, Option<Kept>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(lifecycle::write(diags, &session, planned)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, private))
    }

    async fn update<'a>(
        &self,
        diags: &mut Diagnostics,
        _prior: TrustedCaBundleState,
        planned: TrustedCaBundleState,
        _config: TrustedCaBundleState,
        private: Option<Kept>,
        _meta: Option<StructEmpty>,
    ) -> Option<(TrustedCaBundleState, Option<Kept>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(lifecycle::write(diags, &session, planned)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, private))
    }

    async fn destroy<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: TrustedCaBundleState,
        private: Option<Kept>,
        _meta: Option<StructEmpty>,
    ) -> Option<()> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(lifecycle::destroy(
            diags,
            &session,
            &prior,
            &private.unwrap_or_default(),
        ))
        .await;
        answer.or_interrupted(diags)
    }

    async fn import<'a>(&self, diags: &mut Diagnostics, id: String) -> Option<(TrustedCaBundleState, Option<Kept>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(lifecycle::import(diags, &session, &id)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, None))
    }
}

/// Notes in the table of the run that the bundle is to be.
/// Answers whether the apply has to see to the trust.
fn note(diags: &mut Diagnostics, session: &Session, planned: &TrustedCaBundleState, prior: Option<&Key>) -> bool {
    let keys = [(lifecycle::key(), AttributePath::new(plan::CERTIFICATES_PEM))];
    session.run.plans.note(diags, &keys, prior);
    session.run.plans.note_way(diags, Way::Bundle);
    let members = planned.members().filter(|_| diags.errors.is_empty());
    members.is_some_and(|members| session.run.plans.note_trust(&authorities(&members)))
}

fn authorities(members: &Members) -> Vec<Key> {
    members.keys().copied().map(store::key).collect()
}

/// Warns of what the end of the trust in these authorities would end.
async fn warn_of_end(
    diags: &mut Diagnostics,
    session: &Session,
    authorities: &Members,
    act: Act,
    attribute: AttributePath,
) {
    let loss = Loss {
        act,
        subject: "the trusted CA bundle".to_owned(),
        attribute,
    };
    let fingerprints = authorities.keys().copied();
    let removals: Vec<Removal> = fingerprints
        .map(|fingerprint| Removal::TrustedCertificate(fingerprint, TrustScope::Cluster))
        .collect();
    effects::warn_redis_enterprise(diags, session, loss, &removals).await;
}

const KIND: Kind = Kind {
    type_name: "certward_trusted_ca_bundle",
    elsewhere: "RavenDB has its trusted issuers in the server's settings (Security.WellKnownIssuers.Admin), and would \
                register an authority's certificate as a login of whoever holds its key: to let a client in there, use \
                certward_client_certificate.",
};
