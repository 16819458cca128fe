//! The resource `certward_trusted_ca`.

mod lifecycle;
mod plan;
mod schema;
mod state;

use certward::redis_enterprise::{Removal, TrustScope};
use tf_provider::schema::Schema;
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostics};

pub(crate) use state::TrustedCaState;

use self::plan::CERTIFICATE_PEM;
use crate::effects::{self, Act, Loss};
use crate::provider::session::{Kind, Session};
use crate::resources::managed::{Change, ManagedResource};
use crate::run::{Key, Way};
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

    fn validate(diags: &mut Diagnostics, config: &TrustedCaState) {
        plan::validate(diags, config);
    }

    fn id(state: &TrustedCaState) -> Option<Key> {
        state.fingerprint().map(store::key)
    }

    fn unique(state: &TrustedCaState) -> Vec<(Key, AttributePath)> {
        let id = Self::id(state).into_iter();
        id.map(|id| (id, AttributePath::new(CERTIFICATE_PEM))).collect()
    }

    async fn read(
        diags: &mut Diagnostics,
        session: &Session,
        mut state: TrustedCaState,
        _: &mut Option<Kept>,
    ) -> Option<TrustedCaState> {
        // Before it is looked for: the fingerprint is one of them.
        state.describe_again();
        lifecycle::read(diags, session, state).await
    }

    fn plan_create(diags: &mut Diagnostics, session: &Session, config: TrustedCaState) -> Option<TrustedCaState> {
        plan::create(diags, config, session.clock.now())
    }

    fn plan_update(
        diags: &mut Diagnostics,
        _: &Session,
        prior: &TrustedCaState,
        config: TrustedCaState,
    ) -> Option<(TrustedCaState, Vec<AttributePath>)> {
        plan::update(diags, prior, config)
    }

    async fn preview(diags: &mut Diagnostics, session: &Session, change: Change<'_, TrustedCaState>) {
        let plans = &session.run.plans;
        plans.note_way(diags, Way::SingleCas);
        if !diags.errors.is_empty() {
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
            warn_of_end(diags, session, prior, Act::Replace, attribute.clone()).await;
        }
    }

    /// The apply checks whether the CA can be removed, because its dependents may be removed earlier in the same run.
    async fn preview_removal(
        diags: &mut Diagnostics,
        session: &Session,
        prior: &TrustedCaState,
        private: &mut Option<Kept>,
    ) {
        if let Some(key) = Self::id(prior) {
            let kept = session.run.plans.note_end_of_trust(&[key]).await;
            if !kept.is_empty() {
                *private = Some(Kept::of(kept));
                return;
            }
        }
        warn_of_end(diags, session, prior, Act::Destroy, AttributePath::root()).await;
    }

    async fn create(
        diags: &mut Diagnostics,
        session: &Session,
        planned: TrustedCaState,
        _: &TrustedCaState,
        _: &mut Option<Kept>,
    ) -> Option<TrustedCaState> {
        lifecycle::create(diags, session, planned).await
    }

    /// Only what Terraform alone knows can change: another certificate is another object.
    async fn update(
        diags: &mut Diagnostics,
        session: &Session,
        _: TrustedCaState,
        planned: TrustedCaState,
        _: &TrustedCaState,
        _: &mut Option<Kept>,
    ) -> Option<TrustedCaState> {
        if planned.self_signed.is_unknown() {
            // A bundle with the authority is destroyed in the same run.
            return lifecycle::keep(diags, session, planned).await;
        }
        if let Some(key) = Self::id(&planned) {
            session.run.objects.hold(&key);
        }
        Some(planned)
    }

    async fn destroy(
        diags: &mut Diagnostics,
        session: &Session,
        prior: &TrustedCaState,
        private: Option<Kept>,
    ) -> Option<()> {
        lifecycle::destroy(diags, session, prior, &private.unwrap_or_default()).await
    }

    async fn import(
        diags: &mut Diagnostics,
        session: &Session,
        id: &str,
        _: &mut Option<Kept>,
    ) -> Option<TrustedCaState> {
        lifecycle::import(diags, session, id).await
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
