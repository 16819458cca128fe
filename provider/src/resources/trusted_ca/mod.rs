//! The resource `certward_trusted_ca`.

mod lifecycle;
mod plan;
mod schema;
mod state;

use async_trait::async_trait;
use certward::redis_enterprise::{Removal, TrustScope};
use tf_provider::schema::Schema;
use tf_provider::value::{StructEmpty, Value};
use tf_provider::{AttributePath, Diagnostics, Resource};

pub(crate) use state::TrustedCaState;
use terraform_plugin::{Configured, PluginResource};

use self::plan::CERTIFICATE_PEM;
use crate::effects::{self, Act, Loss};
use crate::provider::session::{Kind, Session};
use crate::run::interruption::until_stopped;
use crate::run::{Key, Way};
use crate::trust::kept::Kept;
use crate::trust::store;

/// `certward_trusted_ca`: one authority that a Redis Enterprise cluster trusts.
pub(crate) struct TrustedCa {
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
    type PrivateState<'a> = Option<Kept>;
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
        private: Option<Kept>,
        _meta: Option<StructEmpty>,
    ) -> Option<(TrustedCaState, Option<Kept>)> {
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
    ) -> Option<(TrustedCaState, Option<Kept>)> {
        let session = self.session.get(diags)?;
        session.check_redis_enterprise(diags, KIND)?;
        let planned = plan::create(diags, config, session.clock.now())?;
        note(diags, &session, &planned, None);
        diags.errors.is_empty().then_some((planned, None))
    }

    async fn plan_update<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: TrustedCaState,
        _proposed: TrustedCaState,
        config: TrustedCaState,
        private: Option<Kept>,
        _meta: Option<StructEmpty>,
    ) -> Option<(TrustedCaState, Option<Kept>, Vec<AttributePath>)> {
        let session = self.session.get(diags)?;
        session.check_redis_enterprise(diags, KIND)?;
        let (mut planned, requires_replace) = plan::update(diags, &prior, config)?;
        if note(diags, &session, &planned, Some(&prior)) {
            planned.self_signed = Value::Unknown;
        }
        if !diags.errors.is_empty() {
            return None;
        }
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
        private: Option<Kept>,
        _meta: Option<StructEmpty>,
    ) -> Option<Option<Kept>> {
        if let Some(session) = self.session.peek() {
            if let Some(key) = key(&prior) {
                // What takes its place has been made of the same authority in this run.
                if session.run.objects.is_held(&key) {
                    return Some(private);
                }
                let keys = [(key.clone(), AttributePath::new(CERTIFICATE_PEM))];
                session.run.plans.note_removal(diags, &key, &keys);
                let kept = session.run.plans.note_end_of_trust(&[key]).await;
                if !kept.is_empty() {
                    return diags.errors.is_empty().then_some(Some(Kept::of(kept)));
                }
            }
            warn_of_end(diags, &session, &prior, Act::Destroy, AttributePath::root()).await;
        }
        diags.errors.is_empty().then_some(private)
    }

    async fn create<'a>(
        &self,
        diags: &mut Diagnostics,
        planned: TrustedCaState,
        _config: TrustedCaState,
        private: Option<Kept>,
        _meta: Option<StructEmpty>,
    ) -> Option<(TrustedCaState, Option<Kept>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(lifecycle::create(diags, &session, planned)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, private))
    }

    /// Only what Terraform alone knows can change: another certificate is another object.
    async fn update<'a>(
        &self,
        diags: &mut Diagnostics,
        _prior: TrustedCaState,
        planned: TrustedCaState,
        _config: TrustedCaState,
        private: Option<Kept>,
        _meta: Option<StructEmpty>,
    ) -> Option<(TrustedCaState, Option<Kept>)> {
        let session = self.session.get(diags)?;
        if planned.self_signed.is_unknown() {
            // A bundle with the authority is destroyed in the same run.
            let answer = until_stopped(lifecycle::keep(diags, &session, planned)).await;
            let state = answer.or_interrupted(diags)?;
            return Some((state, private));
        }
        if let Some(key) = key(&planned) {
            session.run.objects.hold(&key);
        }
        Some((planned, private))
    }

    async fn destroy<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: TrustedCaState,
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

    async fn import<'a>(&self, diags: &mut Diagnostics, id: String) -> Option<(TrustedCaState, Option<Kept>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(lifecycle::import(diags, &session, &id)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, None))
    }
}

/// Notes in the table of the run that the authority is to be trusted. Answers whether the apply has to see to it.
fn note(diags: &mut Diagnostics, session: &Session, planned: &TrustedCaState, prior: Option<&TrustedCaState>) -> bool {
    let attribute = AttributePath::new(CERTIFICATE_PEM);
    let keys: Vec<_> = key(planned).into_iter().map(|key| (key, attribute.clone())).collect();
    session.run.plans.note(diags, &keys, prior.and_then(key).as_ref());
    session.run.plans.note_way(diags, Way::SingleCas);
    let authority = key(planned).filter(|_| diags.errors.is_empty());
    authority.is_some_and(|authority| session.run.plans.note_trust(&[authority]))
}

/// The key of the authority in the table of the run.
fn key(state: &TrustedCaState) -> Option<Key> {
    let fingerprint = state.fingerprint_sha256.as_deref_option()?.parse().ok()?;
    Some(store::key(fingerprint))
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
