//! The resource `certward_trusted_ca`.

mod lifecycle;
mod model;
mod plan;
mod schema;

use certward::redis_enterprise::{Removal, TrustScope};
use tf_provider::schema::Schema;
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostics};

pub(crate) use model::TrustedCaState;

use self::plan::CERTIFICATE_PEM;
use crate::effects::{self, Act, Loss};
use crate::resources::managed::{Call, Change, ManagedResource};
use crate::run::{Key, Way};
use crate::session::{Kind, Session};
use crate::trust::kept::Kept;
use crate::trust::store;

/// `certward_trusted_ca`: one authority that a Redis Enterprise cluster trusts.
pub(crate) enum TrustedCa {}

impl ManagedResource for TrustedCa {
    type State = TrustedCaState;
    type Private = Kept;

    const KIND: Kind = KIND;
    const NOUN: &'static str = "trusted CA";

    fn schema() -> Schema {
        schema::trusted_ca()
    }

    fn validate(diags: &mut Diagnostics, config: &Self::State) {
        plan::validate(diags, config);
    }

    fn id(state: &Self::State) -> Option<Key> {
        state.fingerprint().map(store::key)
    }

    fn unique(state: &Self::State) -> Vec<(Key, AttributePath)> {
        let id = Self::id(state).into_iter();
        id.map(|id| (id, AttributePath::new(CERTIFICATE_PEM))).collect()
    }

    async fn read(call: Call<'_, Self>, mut state: Self::State) -> Option<Self::State> {
        // Before it is looked for: the fingerprint is one of them.
        state.describe_again();
        lifecycle::read(call.diags, call.session, state).await
    }

    fn plan_create(call: Call<'_, Self>, config: Self::State) -> Option<Self::State> {
        plan::create(call.diags, config, call.session.clock.now())
    }

    fn plan_update(
        call: Call<'_, Self>,
        prior: &Self::State,
        config: Self::State,
    ) -> Option<(Self::State, Vec<AttributePath>)> {
        plan::update(call.diags, prior, config)
    }

    async fn preview(call: Call<'_, Self>, change: Change<'_, Self::State>) {
        let plans = &call.session.run.plans;
        plans.note_way(call.diags, Way::SingleCas);
        if !call.diags.errors.is_empty() {
            return;
        }
        let authority = Self::id(change.planned);
        let is_ended = authority.is_some_and(|authority| plans.note_trust(&[authority]));
        let Some(prior) = change.prior else { return };
        if is_ended {
            // The apply has to see to the trust.
            change.planned.self_signed = Value::Unknown;
        }
        if let Some(attribute) = change.requires_replace.first() {
            warn_of_end(call.diags, call.session, prior, Act::Replace, attribute.clone()).await;
        }
    }

    /// The apply checks whether the CA can be removed, because its dependents may be removed earlier in the same run.
    async fn preview_removal(call: Call<'_, Self>, prior: &Self::State) {
        if let Some(key) = Self::id(prior) {
            let kept = call.session.run.plans.note_end_of_trust(&[key]).await;
            if !kept.is_empty() {
                *call.private = Some(Kept::of(kept));
                return;
            }
        }
        warn_of_end(call.diags, call.session, prior, Act::Destroy, AttributePath::root()).await;
    }

    async fn create(call: Call<'_, Self>, planned: Self::State, _: &Self::State) -> Option<Self::State> {
        lifecycle::create(call.diags, call.session, planned).await
    }

    /// Only what Terraform alone knows can change: another certificate is another object.
    async fn update(
        call: Call<'_, Self>,
        _: Self::State,
        planned: Self::State,
        _: &Self::State,
    ) -> Option<Self::State> {
        if planned.self_signed.is_unknown() {
            // A bundle with the authority is destroyed in the same run.
            return lifecycle::keep(call.diags, call.session, planned).await;
        }
        if let Some(key) = Self::id(&planned) {
            call.session.run.objects.hold(&key);
        }
        Some(planned)
    }

    async fn destroy(call: Call<'_, Self>, prior: &Self::State) -> Option<()> {
        lifecycle::destroy(
            call.diags,
            call.session,
            prior,
            &call.private.take().unwrap_or_default(),
        )
        .await
    }

    async fn import(call: Call<'_, Self>, id: &str) -> Option<Self::State> {
        lifecycle::import(call.diags, call.session, id).await
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
    if let Some(fingerprint) = prior.fingerprint() {
        let loss = Loss {
            act,
            subject: effects::named(TrustedCa::NOUN, &prior.subject_dn),
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
