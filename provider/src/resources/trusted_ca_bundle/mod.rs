//! The resource `certward_trusted_ca_bundle`.

mod lifecycle;
mod plan;
mod schema;
mod state;

use certward::redis_enterprise::{Removal, TrustScope};
use tf_provider::schema::Schema;
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostics};

pub(crate) use state::TrustedCaBundleState;

use self::state::Members;
use crate::effects::{self, Act, Loss};
use crate::provider::session::{Kind, Session};
use crate::resources::managed::{Change, ManagedResource};
use crate::run::{Key, Way};
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

    fn validate(diags: &mut Diagnostics, config: &TrustedCaBundleState) {
        plan::validate(diags, config);
    }

    fn id(_: &TrustedCaBundleState) -> Option<Key> {
        Some(lifecycle::key())
    }

    fn unique(_: &TrustedCaBundleState) -> Vec<(Key, AttributePath)> {
        vec![(lifecycle::key(), AttributePath::new(plan::CERTIFICATES_PEM))]
    }

    async fn read(
        diags: &mut Diagnostics,
        session: &Session,
        state: TrustedCaBundleState,
        _: &mut Option<Kept>,
    ) -> Option<TrustedCaBundleState> {
        lifecycle::read(diags, session, state).await
    }

    fn plan_create(
        diags: &mut Diagnostics,
        session: &Session,
        config: TrustedCaBundleState,
    ) -> Option<TrustedCaBundleState> {
        plan::create(diags, config, session.clock.now())
    }

    fn plan_update(
        diags: &mut Diagnostics,
        session: &Session,
        prior: &TrustedCaBundleState,
        config: TrustedCaBundleState,
    ) -> Option<(TrustedCaBundleState, Vec<AttributePath>)> {
        let planned = plan::update(diags, prior, config, session.clock.now())?;
        Some((planned, Vec::new()))
    }

    async fn preview(diags: &mut Diagnostics, session: &Session, change: Change<'_, TrustedCaBundleState>) {
        let plans = &session.run.plans;
        plans.note_way(diags, Way::Bundle);
        if !diags.errors.is_empty() {
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
            warn_of_end(diags, session, &left_out, Act::Change, attribute).await;
        }
    }

    /// The apply checks whether the CAs can be removed, because their dependents may be removed earlier in the same
    /// run.
    async fn preview_removal(
        diags: &mut Diagnostics,
        session: &Session,
        prior: &TrustedCaBundleState,
        private: &mut Option<Kept>,
    ) {
        let is_removed = prior.on_destroy.as_deref_option() == Some(plan::REMOVE);
        if let Some(mut members) = prior.members().filter(|_| is_removed) {
            let kept = Kept::of(session.run.plans.note_end_of_trust(&authorities(&members)).await);
            members.retain(|_, authority| !kept.has(authority));
            *private = Some(kept);
            warn_of_end(diags, session, &members, Act::Destroy, AttributePath::root()).await;
        }
    }

    async fn create(
        diags: &mut Diagnostics,
        session: &Session,
        planned: TrustedCaBundleState,
        _: &TrustedCaBundleState,
        _: &mut Option<Kept>,
    ) -> Option<TrustedCaBundleState> {
        lifecycle::write(diags, session, planned).await
    }

    async fn update(
        diags: &mut Diagnostics,
        session: &Session,
        _: TrustedCaBundleState,
        planned: TrustedCaBundleState,
        _: &TrustedCaBundleState,
        _: &mut Option<Kept>,
    ) -> Option<TrustedCaBundleState> {
        lifecycle::write(diags, session, planned).await
    }

    async fn destroy(
        diags: &mut Diagnostics,
        session: &Session,
        prior: &TrustedCaBundleState,
        private: Option<Kept>,
    ) -> Option<()> {
        lifecycle::destroy(diags, session, prior, &private.unwrap_or_default()).await
    }

    async fn import(
        diags: &mut Diagnostics,
        session: &Session,
        id: &str,
        _: &mut Option<Kept>,
    ) -> Option<TrustedCaBundleState> {
        lifecycle::import(diags, session, id).await
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
