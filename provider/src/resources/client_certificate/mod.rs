//! The resource `certward_client_certificate`.

pub(crate) mod certificate_pem;
pub(crate) mod collection;
mod creation;
mod import;
mod lifecycle;
pub(crate) mod model;
mod plan;
pub(crate) mod registration;
pub(crate) mod same_key;
mod schema;
#[cfg(test)]
mod testing;
mod validate;

use std::time::Duration;

use certward::pki::Thumbprint;
use tf_provider::schema::Schema;
use tf_provider::value::StructEmpty;
use tf_provider::{AttributePath, Diagnostics};
use tokio::time::timeout;

pub(crate) use model::ClientCertificateState;

use crate::effects::{self, Act, Loss};
use crate::report::{error, warning};
use crate::resources::managed::{Call, Change, ManagedResource};
use crate::run::Key;
use crate::run::interruption::until_stopped;
use crate::session::{Kind, Session};

/// `certward_client_certificate`: a public client certificate, registered on RavenDB.
pub(crate) enum ClientCertificate {}

impl ManagedResource for ClientCertificate {
    type State = ClientCertificateState;
    type Private = StructEmpty;

    const KIND: Kind = KIND;
    const NOUN: &'static str = NOUN;
    const CHECK_API: fn(&Session, &mut Diagnostics, Kind) -> Option<()> = Session::check_ravendb;
    const IS_INTERRUPTIBLE: bool = false;

    fn schema() -> Schema {
        schema::client_certificate()
    }

    fn validate(diags: &mut Diagnostics, config: &Self::State) {
        validate::validate(diags, config);
    }

    fn id(state: &Self::State) -> Option<Key> {
        state.thumbprint().map(lifecycle::key)
    }

    fn unique(state: &Self::State) -> Vec<(Key, AttributePath)> {
        let id = Self::id(state).into_iter();
        id.map(|id| (id, certificate_pem::path())).collect()
    }

    async fn read(call: Call<'_, Self>, mut state: Self::State) -> Option<Self::State> {
        // Before it is looked for: the thumbprint is one of them.
        state.describe_again();
        let mut state = lifecycle::read(call.diags, call.session, state).await?;
        state.drop_idle_permissions();
        Some(state)
    }

    fn plan_create(call: Call<'_, Self>, config: Self::State) -> Option<Self::State> {
        plan::create(call.diags, config, call.session.clock.now())
    }

    fn plan_update(
        call: Call<'_, Self>,
        prior: &Self::State,
        config: Self::State,
    ) -> Option<(Self::State, Vec<AttributePath>)> {
        plan::update(call.diags, prior, config, call.session.own_thumbprint())
    }

    fn guard_removal(diags: &mut Diagnostics, session: Option<&Session>, prior: &Self::State) {
        let own = session.and_then(Session::own_thumbprint);
        plan::guard_removal(diags, prior, own, AttributePath::root());
    }

    async fn preview(call: Call<'_, Self>, change: Change<'_, Self::State>) {
        let Some(prior) = change.prior else { return };
        if let Some(attribute) = change.requires_replace.first() {
            warn_of_collection(call.diags, call.session, prior).await;
            warn_of_removal(call.diags, call.session, prior, Act::Replace, attribute.clone()).await;
        } else if lifecycle::is_edit(prior, change.planned)
            && let Some((thumbprint, secondaries)) = collection_of(call.session, prior).await
        {
            let detail = collection::no_edit(prior.name.as_deref().unwrap_or("?"), thumbprint, &secondaries);
            error(call.diags, AttributePath::root(), "Collection cannot be edited", detail);
        }
    }

    async fn preview_removal(call: Call<'_, Self>, prior: &Self::State) {
        warn_of_collection(call.diags, call.session, prior).await;
        warn_of_removal(call.diags, call.session, prior, Act::Destroy, AttributePath::root()).await;
    }

    async fn create(call: Call<'_, Self>, planned: Self::State, _: &Self::State) -> Option<Self::State> {
        creation::create(call.diags, call.session, planned).await
    }

    async fn update(
        call: Call<'_, Self>,
        prior: Self::State,
        planned: Self::State,
        _: &Self::State,
    ) -> Option<Self::State> {
        let answer = until_stopped(lifecycle::update(call.diags, call.session, prior, planned)).await;
        answer.or_interrupted(call.diags)
    }

    async fn destroy(call: Call<'_, Self>, prior: &Self::State) -> Option<()> {
        let answer = until_stopped(lifecycle::destroy(call.diags, call.session, prior)).await;
        answer.or_interrupted(call.diags)
    }

    async fn import(call: Call<'_, Self>, id: &str) -> Option<Self::State> {
        let mut state = import::import(call.diags, call.session, id).await?;
        state.drop_idle_permissions();
        Some(state)
    }
}

/// The entry and what was registered with it; `None` when it is no collection, as far as is known.
///
/// Terraform reads before it plans, but reads what `terraform destroy` is to remove in another process.
async fn collection_of(session: &Session, state: &ClientCertificateState) -> Option<(Thumbprint, Vec<Thumbprint>)> {
    let thumbprint = state.thumbprint()?;
    let secondaries = match session.collections.of(thumbprint) {
        Some(secondaries) => secondaries,
        None => {
            let client = session.ravendb.configured()?;
            let found = timeout(PATIENCE, registration::find(client, thumbprint)).await;
            let registered = found.ok()?.ok()??;
            session.collections.note(registered.thumbprint, &registered.secondaries);
            session.collections.of(thumbprint).unwrap_or_default()
        }
    };
    (!secondaries.is_empty()).then_some((thumbprint, secondaries))
}

/// Warns of what goes with the primary of a collection.
async fn warn_of_collection(diags: &mut Diagnostics, session: &Session, prior: &ClientCertificateState) {
    if let Some((thumbprint, secondaries)) = collection_of(session, prior).await {
        let detail = collection::goes_along(prior.name.as_deref().unwrap_or("?"), thumbprint, &secondaries);
        warning(diags, AttributePath::root(), "Removes a whole collection", detail);
    }
}

/// Warns of what the removal of the entry would end.
async fn warn_of_removal(
    diags: &mut Diagnostics,
    session: &Session,
    prior: &ClientCertificateState,
    act: Act,
    attribute: AttributePath,
) {
    if let Some(thumbprint) = prior.thumbprint() {
        let loss = Loss {
            act,
            subject: effects::named(NOUN, &prior.name),
            attribute,
        };
        effects::warn_ravendb(diags, session, loss, thumbprint).await;
    }
}

/// A plan without a cluster does not wait for it.
const PATIENCE: Duration = Duration::from_secs(2);

const NOUN: &str = "client certificate";

pub(crate) const KIND: Kind = Kind {
    type_name: "certward_client_certificate",
    elsewhere: "Redis Enterprise registers no certificates, it knows a user by the subject of its certificate: use \
                certward_cert_user.",
};

#[cfg(test)]
#[path = "resource_tests.rs"]
mod tests;
