//! The resource `certward_client_certificate`.

pub(crate) mod certificate_pem;
mod clearance;
pub(crate) mod collection;
mod creation;
mod database_permissions;
mod import;
mod import_id;
pub(crate) mod leftovers;
mod lifecycle;
mod name;
mod plan;
pub(crate) mod registration;
mod same_key;
mod schema;
mod single_sign_on;
mod state;
#[cfg(test)]
mod testing;
mod validate;

use std::time::Duration;

use async_trait::async_trait;
use certward::pki::Thumbprint;
use tf_provider::schema::Schema;
use tf_provider::value::StructEmpty;
use tf_provider::{AttributePath, Diagnostics, Resource};
use tokio::time::timeout;

pub(crate) use state::ClientCertificateState;
use terraform_plugin::{Configured, PluginResource};

use crate::effects::{self, Act, Loss};
use crate::provider::session::{Kind, Session};
use crate::report::{error, warning};
use crate::run::Key;
use crate::run::interruption::until_stopped;

/// `certward_client_certificate`: a public client certificate, registered on RavenDB.
pub(crate) struct ClientCertificate {
    session: Configured<Session>,
}

impl ClientCertificate {
    pub(crate) fn new(session: Configured<Session>) -> Self {
        Self { session }
    }
}

impl PluginResource for ClientCertificate {}

#[async_trait]
impl Resource for ClientCertificate {
    type State<'a> = ClientCertificateState;
    type PrivateState<'a> = Option<StructEmpty>;
    type ProviderMetaState<'a> = Option<StructEmpty>;

    fn schema(&self, _diags: &mut Diagnostics) -> Option<Schema> {
        Some(schema::client_certificate())
    }

    async fn validate<'a>(&self, diags: &mut Diagnostics, config: ClientCertificateState) -> Option<()> {
        validate::validate(diags, &config);
        diags.errors.is_empty().then_some(())
    }

    async fn read<'a>(
        &self,
        diags: &mut Diagnostics,
        mut state: ClientCertificateState,
        private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<(ClientCertificateState, Option<StructEmpty>)> {
        let session = self.session.get(diags)?;
        // Before it is looked for: the thumbprint is one of them.
        state.describe_again();
        let answer = until_stopped(lifecycle::read(diags, &session, state)).await;
        let mut state = answer.or_interrupted(diags)?;
        state.drop_idle_permissions();
        Some((state, private))
    }

    async fn plan_create<'a>(
        &self,
        diags: &mut Diagnostics,
        _proposed: ClientCertificateState,
        config: ClientCertificateState,
        _meta: Option<StructEmpty>,
    ) -> Option<(ClientCertificateState, Option<StructEmpty>)> {
        let session = self.session.get(diags)?;
        session.check_ravendb(diags, KIND)?;
        let planned = plan::create(diags, config, session.clock.now())?;
        session.run.plans.guard_replacement(diags);
        session.run.plans.note(diags, &keys(&planned), None);
        diags.errors.is_empty().then_some((planned, None))
    }

    async fn plan_update<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: ClientCertificateState,
        _proposed: ClientCertificateState,
        config: ClientCertificateState,
        private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<(ClientCertificateState, Option<StructEmpty>, Vec<AttributePath>)> {
        let session = self.session.get(diags)?;
        session.check_ravendb(diags, KIND)?;
        let (planned, requires_replace) = plan::update(diags, &prior, config, session.own_thumbprint())?;
        let mut removal = Diagnostics::default();
        plan::guard_removal(&mut removal, &prior, session.own_thumbprint(), AttributePath::root());
        session.run.plans.note_guard(removal.errors);
        let prior_key = keys(&prior).into_iter().next().map(|(key, _)| key);
        session.run.plans.note(diags, &keys(&planned), prior_key.as_ref());
        if let Some(attribute) = requires_replace.first() {
            warn_of_collection(diags, &session, &prior).await;
            warn_of_removal(diags, &session, &prior, Act::Replace, attribute.clone()).await;
        } else if lifecycle::is_edit(&prior, &planned)
            && let Some((thumbprint, secondaries)) = collection_of(&session, &prior).await
        {
            let detail = collection::no_edit(prior.name.as_deref().unwrap_or("?"), thumbprint, &secondaries);
            error(diags, AttributePath::root(), "Collection cannot be edited", detail);
        }
        if !diags.errors.is_empty() {
            return None;
        }
        Some((planned, private, requires_replace))
    }

    async fn plan_destroy<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: ClientCertificateState,
        private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<Option<StructEmpty>> {
        let session = self.session.peek();
        let prior_key = keys(&prior).into_iter().next();
        // What takes its place has been made of the same entry in this run.
        if let (Some(session), Some((key, _))) = (&session, &prior_key)
            && session.run.objects.is_held(key)
        {
            return Some(private);
        }
        let own = session.as_ref().and_then(|session| session.own_thumbprint());
        plan::guard_removal(diags, &prior, own, AttributePath::root());
        if let Some(session) = &session {
            if let Some((key, attribute)) = prior_key {
                session.run.plans.note_removal(diags, &key.clone(), &[(key, attribute)]);
            }
            warn_of_collection(diags, session, &prior).await;
            warn_of_removal(diags, session, &prior, Act::Destroy, AttributePath::root()).await;
        }
        diags.errors.is_empty().then_some(private)
    }

    async fn create<'a>(
        &self,
        diags: &mut Diagnostics,
        planned: ClientCertificateState,
        _config: ClientCertificateState,
        private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<(ClientCertificateState, Option<StructEmpty>)> {
        let session = self.session.get(diags)?;
        let state = creation::create(diags, &session, planned).await?;
        Some((state, private))
    }

    async fn update<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: ClientCertificateState,
        planned: ClientCertificateState,
        _config: ClientCertificateState,
        private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<(ClientCertificateState, Option<StructEmpty>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(lifecycle::update(diags, &session, prior, planned)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, private))
    }

    async fn destroy<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: ClientCertificateState,
        _private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<()> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(lifecycle::destroy(diags, &session, &prior)).await;
        answer.or_interrupted(diags)
    }

    async fn import<'a>(
        &self,
        diags: &mut Diagnostics,
        id: String,
    ) -> Option<(ClientCertificateState, Option<StructEmpty>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(import::import(diags, &session, &id)).await;
        let mut state = answer.or_interrupted(diags)?;
        state.drop_idle_permissions();
        Some((state, None))
    }
}

/// The keys of the entry of a state or plan in the table of the run.
fn keys(state: &ClientCertificateState) -> Vec<(Key, AttributePath)> {
    let thumbprint = state.thumbprint.as_deref_option().and_then(|text| text.parse().ok());
    let key = thumbprint.map(|thumbprint| (lifecycle::key(thumbprint), certificate_pem::path()));
    key.into_iter().collect()
}

/// The entry and what was registered with it; `None` when it is no collection, as far as is known.
///
/// Terraform reads before it plans, but reads what `terraform destroy` is to remove in another process.
async fn collection_of(session: &Session, state: &ClientCertificateState) -> Option<(Thumbprint, Vec<Thumbprint>)> {
    let thumbprint = state.thumbprint.as_deref_option()?.parse().ok()?;
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
    if let Some(Ok(thumbprint)) = prior.thumbprint.as_deref_option().map(str::parse) {
        let loss = Loss {
            act,
            subject: effects::named("client certificate", &prior.name),
            attribute,
        };
        effects::warn_ravendb(diags, session, loss, thumbprint).await;
    }
}

/// A plan without a cluster does not wait for it.
const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) const KIND: Kind = Kind {
    type_name: "certward_client_certificate",
    elsewhere: "Redis Enterprise registers no certificates, it knows a user by the subject of its certificate: use \
                certward_cert_user.",
};

#[cfg(test)]
#[path = "resource_tests.rs"]
mod tests;
