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
use crate::provider::session::{Kind, Session};
use crate::report::{error, warning};
use crate::resources::managed::{Change, ManagedResource};
use crate::run::Key;
use crate::run::interruption::until_stopped;

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

    fn validate(diags: &mut Diagnostics, config: &ClientCertificateState) {
        validate::validate(diags, config);
    }

    fn id(state: &ClientCertificateState) -> Option<Key> {
        state.thumbprint().map(lifecycle::key)
    }

    fn unique(state: &ClientCertificateState) -> Vec<(Key, AttributePath)> {
        let id = Self::id(state).into_iter();
        id.map(|id| (id, certificate_pem::path())).collect()
    }

    async fn read(
        diags: &mut Diagnostics,
        session: &Session,
        mut state: ClientCertificateState,
        _: &mut Option<StructEmpty>,
    ) -> Option<ClientCertificateState> {
        // Before it is looked for: the thumbprint is one of them.
        state.describe_again();
        let mut state = lifecycle::read(diags, session, state).await?;
        state.drop_idle_permissions();
        Some(state)
    }

    fn plan_create(
        diags: &mut Diagnostics,
        session: &Session,
        config: ClientCertificateState,
    ) -> Option<ClientCertificateState> {
        plan::create(diags, config, session.clock.now())
    }

    fn plan_update(
        diags: &mut Diagnostics,
        session: &Session,
        prior: &ClientCertificateState,
        config: ClientCertificateState,
    ) -> Option<(ClientCertificateState, Vec<AttributePath>)> {
        plan::update(diags, prior, config, session.own_thumbprint())
    }

    fn guard_removal(diags: &mut Diagnostics, session: Option<&Session>, prior: &ClientCertificateState) {
        let own = session.and_then(Session::own_thumbprint);
        plan::guard_removal(diags, prior, own, AttributePath::root());
    }

    async fn preview(diags: &mut Diagnostics, session: &Session, change: Change<'_, ClientCertificateState>) {
        let Some(prior) = change.prior else { return };
        if let Some(attribute) = change.requires_replace.first() {
            warn_of_collection(diags, session, prior).await;
            warn_of_removal(diags, session, prior, Act::Replace, attribute.clone()).await;
        } else if lifecycle::is_edit(prior, change.planned)
            && let Some((thumbprint, secondaries)) = collection_of(session, prior).await
        {
            let detail = collection::no_edit(prior.name.as_deref().unwrap_or("?"), thumbprint, &secondaries);
            error(diags, AttributePath::root(), "Collection cannot be edited", detail);
        }
    }

    async fn preview_removal(
        diags: &mut Diagnostics,
        session: &Session,
        prior: &ClientCertificateState,
        _: &mut Option<StructEmpty>,
    ) {
        warn_of_collection(diags, session, prior).await;
        warn_of_removal(diags, session, prior, Act::Destroy, AttributePath::root()).await;
    }

    async fn create(
        diags: &mut Diagnostics,
        session: &Session,
        planned: ClientCertificateState,
        _: &ClientCertificateState,
        _: &mut Option<StructEmpty>,
    ) -> Option<ClientCertificateState> {
        creation::create(diags, session, planned).await
    }

    async fn update(
        diags: &mut Diagnostics,
        session: &Session,
        prior: ClientCertificateState,
        planned: ClientCertificateState,
        _: &ClientCertificateState,
        _: &mut Option<StructEmpty>,
    ) -> Option<ClientCertificateState> {
        let answer = until_stopped(lifecycle::update(diags, session, prior, planned)).await;
        answer.or_interrupted(diags)
    }

    async fn destroy(
        diags: &mut Diagnostics,
        session: &Session,
        prior: &ClientCertificateState,
        _: Option<StructEmpty>,
    ) -> Option<()> {
        let answer = until_stopped(lifecycle::destroy(diags, session, prior)).await;
        answer.or_interrupted(diags)
    }

    async fn import(
        diags: &mut Diagnostics,
        session: &Session,
        id: &str,
        _: &mut Option<StructEmpty>,
    ) -> Option<ClientCertificateState> {
        let mut state = import::import(diags, session, id).await?;
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
            session.collections.note(&registered);
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
