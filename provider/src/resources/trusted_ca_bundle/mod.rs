//! The resource `certward_trusted_ca_bundle`.

mod lifecycle;
mod model;
mod plan;
mod schema;

use certward::redis_enterprise::{Removal, TrustScope};
use tf_provider::schema::Schema;
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostics};

pub(crate) use model::TrustedCaBundleState;

use self::model::Members;
use crate::effects::{self, Act, Loss};
use crate::resources::managed::{Call, Change, ManagedResource};
use crate::run::{Key, Way};
use crate::session::{Kind, Session};
use crate::trust::kept::Kept;
use crate::trust::store;

/// `certward_trusted_ca_bundle`: every authority that a Redis Enterprise cluster trusts.
pub(crate) enum TrustedCaBundle {}

impl ManagedResource for TrustedCaBundle {
    type State = TrustedCaBundleState;
    type Private = Kept;

    const KIND: Kind = KIND;
    const NOUN: &'static str = "trusted CA bundle";

    fn schema() -> Schema {
        schema::trusted_ca_bundle()
    }

    fn validate(diags: &mut Diagnostics, config: &Self::State) {
        plan::validate(diags, config);
    }

    fn id(_: &Self::State) -> Option<Key> {
        Some(lifecycle::key())
    }

    fn unique(_: &Self::State) -> Vec<(Key, AttributePath)> {
        vec![(lifecycle::key(), AttributePath::new(plan::CERTIFICATES_PEM))]
    }

    async fn read(call: Call<'_, Self>, state: Self::State) -> Option<Self::State> {
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
        let planned = plan::update(call.diags, prior, config, call.session.clock.now())?;
        Some((planned, Vec::new()))
    }

    async fn preview(call: Call<'_, Self>, change: Change<'_, Self::State>) {
        let plans = &call.session.run.plans;
        plans.note_way(call.diags, Way::Bundle);
        if !call.diags.errors.is_empty() {
            return;
        }
        let Some(stay) = change.planned.members() else { return };
        let is_ended = plans.note_trust(&authorities(&stay));
        let Some(prior) = change.prior else { return };
        if is_ended {
            // The apply has to see to the trust.
            change.planned.fingerprints_sha256 = Value::Unknown;
        }
        if let Some(mut left_out) = prior.members() {
            left_out.retain(|fingerprint, _| !stay.contains_key(fingerprint));
            let attribute = AttributePath::new(plan::CERTIFICATES_PEM);
            warn_of_end(call.diags, call.session, &left_out, Act::Change, attribute).await;
        }
    }

    /// The apply checks whether the CAs can be removed, because their dependents may be removed earlier in the same
    /// run.
    async fn preview_removal(call: Call<'_, Self>, prior: &Self::State) {
        let is_removed = prior.on_destroy.as_deref_option() == Some(plan::REMOVE);
        if let Some(mut members) = prior.members().filter(|_| is_removed) {
            let kept = Kept::of(call.session.run.plans.note_end_of_trust(&authorities(&members)).await);
            members.retain(|_, authority| !kept.has(authority));
            *call.private = Some(kept);
            warn_of_end(call.diags, call.session, &members, Act::Destroy, AttributePath::root()).await;
        }
    }

    async fn create(call: Call<'_, Self>, planned: Self::State, _: &Self::State) -> Option<Self::State> {
        lifecycle::write(call.diags, call.session, planned).await
    }

    async fn update(
        call: Call<'_, Self>,
        _: Self::State,
        planned: Self::State,
        _: &Self::State,
    ) -> Option<Self::State> {
        lifecycle::write(call.diags, call.session, planned).await
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
        subject: format!("the {}", TrustedCaBundle::NOUN),
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
